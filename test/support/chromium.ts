import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "ws";

type Json = Readonly<Record<string, unknown>>;
type Reply = { readonly id?: number; readonly result?: Json; readonly error?: { readonly message: string } };

/** A tab of a real Chromium. */
export type Tab = {
  readonly go: (url: string) => Promise<void>;
  readonly reload: () => Promise<void>;
  /** The value of an expression in the page; a promise is waited for. Never while the tab is frozen. */
  readonly value: <T>(expression: string) => Promise<T>;
  readonly click: (selector: string) => Promise<void>;
  /** Stops the page as the browser stops one that was long in the background, or lets it go on. */
  readonly freeze: (frozen: boolean) => Promise<void>;
  /** A PNG of what a window of that size shows, of nothing while it moves. */
  readonly picture: (look: { readonly width: number; readonly height: number; readonly scale?: number; readonly scheme?: "light" | "dark" }) => Promise<Buffer>;
  readonly close: () => Promise<void>;
  readonly send: (method: string, params?: Json) => Promise<Json>;
};

export type Chromium = {
  /** One of the same browser: it shares the storage of the others. */
  readonly tab: (url: string) => Promise<Tab>;
  readonly close: () => Promise<void>;
};

const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking", "--hide-scrollbars"];

/** Starts a Chromium. It is spoken to directly: what drives tabs for tests elsewhere keeps all of them awake, and then none freezes. */
export async function launchChromium(path: string): Promise<Chromium> {
  const profile = mkdtempSync(join(tmpdir(), "headcount-chromium-"));
  const child = spawn(path, [...FLAGS, "--remote-debugging-port=0", `--user-data-dir=${profile}`, "about:blank"], { stdio: ["ignore", "ignore", "pipe"] });
  const ended = new Promise<void>((resolve) => { child.once("close", () => { resolve(); }); });
  const address = await new Promise<string>((resolve, reject) => {
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      const found = /DevTools listening on (ws:\S+)/.exec(said);
      if (found) resolve(found[1]!);
    });
    child.once("error", reject);
    child.once("close", () => { reject(new Error(`${path} ended before it could be spoken to:\n${said}`)); });
  });
  const socket = new WebSocket(address, { perMessageDeflate: false });
  await new Promise((resolve, reject) => { socket.once("open", resolve).once("error", reject); });

  let n = 0;
  const waiting = new Map<number, (reply: Reply) => void>();
  socket.on("message", (data: Buffer) => {
    const reply = JSON.parse(data.toString()) as Reply;
    if (reply.id === undefined) return;
    waiting.get(reply.id)?.(reply);
    waiting.delete(reply.id);
  });
  const call = (method: string, params: Json = {}, sessionId?: string): Promise<Json> => new Promise((resolve, reject) => {
    waiting.set(++n, ({ result, error }) => {
      if (error) reject(new Error(`${method}: ${error.message}`));
      else resolve(result ?? {});
    });
    socket.send(JSON.stringify({ id: n, method, params, sessionId }));
  });

  async function tab(url: string): Promise<Tab> {
    const { targetId } = await call("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await call("Target.attachToTarget", { targetId, flatten: true });
    const send = (method: string, params?: Json): Promise<Json> => call(method, params, sessionId as string);
    const value = async <T>(expression: string): Promise<T> => {
      const { result, exceptionDetails } = await send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
      if (exceptionDetails) throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`);
      return (result as { readonly value: T }).value;
    };
    /** Until the page that comes has run its scripts: the one before it has no `came`. */
    const load = async (start: () => Promise<unknown>): Promise<void> => {
      await value("void (globalThis.before = true)");
      await start();
      for (;;) {
        const came = await value<boolean>("!globalThis.before && document.readyState === 'complete'").catch(() => false);
        if (came) return;
        await sleep(20);
      }
    };
    const opened: Tab = {
      send, value,
      go: (to) => load(() => send("Page.navigate", { url: to })),
      reload: () => load(() => send("Page.reload")),
      click: async (selector) => { await value(`document.querySelector(${JSON.stringify(selector)}).click()`); },
      freeze: async (frozen) => { await send("Page.setWebLifecycleState", { state: frozen ? "frozen" : "active" }); },
      async picture({ width, height, scale = 1, scheme = "light" }) {
        await send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: scale, mobile: width < 600 });
        await send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme }, { name: "prefers-reduced-motion", value: "reduce" }] });
        await sleep(600);
        const { data } = await send("Page.captureScreenshot", { format: "png" });
        return Buffer.from(data as string, "base64");
      },
      close: async () => { await call("Target.closeTarget", { targetId }); },
    };
    await opened.go(url);
    return opened;
  }

  return {
    tab,
    async close() {
      await call("Browser.close").catch(() => undefined);
      await ended;
      socket.terminate();
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
