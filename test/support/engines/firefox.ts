import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WebSocket } from "ws";
import { navigated, settled, type Engine, type Page } from "./engine.js";

type Json = Readonly<Record<string, unknown>>;
type Reply = { readonly id?: number; readonly result?: Json; readonly error?: string; readonly message?: string };

/** Without them a new profile opens pages of its own, and asks for others. */
const PREFERENCES: Readonly<Record<string, unknown>> = {
  "app.update.disabledForTesting": true, "browser.aboutwelcome.enabled": false, "browser.shell.checkDefaultBrowser": false,
  "browser.startup.page": 0, "datareporting.policy.dataSubmissionEnabled": false, "toolkit.telemetry.reportingpolicy.firstRun": false,
};

/** Firefox by WebDriver BiDi, which it speaks itself: nothing between us and it keeps its tabs awake. */
export async function firefox(path: string): Promise<Engine> {
  const profile = mkdtempSync(join(tmpdir(), "headcount-firefox-"));
  writeFileSync(join(profile, "user.js"), Object.entries(PREFERENCES).map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`).join(""));
  const child = spawn(path, ["--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0", "about:blank"], { stdio: ["ignore", "ignore", "pipe"] });
  const ended = new Promise<void>((resolve) => { child.once("close", () => { resolve(); }); });
  const address = await new Promise<string>((resolve, reject) => {
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      const found = /WebDriver BiDi listening on (ws:\S+)/.exec(said);
      if (found) resolve(found[1]!);
    });
    child.once("error", reject);
    child.once("close", () => { reject(new Error(`${path} ended before it could be spoken to:\n${said}`)); });
  });
  const socket = new WebSocket(`${address}/session`, { perMessageDeflate: false });
  await new Promise((resolve, reject) => { socket.once("open", resolve).once("error", reject); });

  let n = 0;
  const waiting = new Map<number, (reply: Reply) => void>();
  socket.on("message", (data: Buffer) => {
    const reply = JSON.parse(data.toString()) as Reply;
    if (reply.id === undefined) return;
    waiting.get(reply.id)?.(reply);
    waiting.delete(reply.id);
  });
  const call = (method: string, params: Json = {}): Promise<Json> => new Promise((resolve, reject) => {
    waiting.set(++n, ({ result, error, message }) => {
      if (error !== undefined) reject(new Error(`${method}: ${error}: ${message ?? ""}`));
      else resolve(result ?? {});
    });
    socket.send(JSON.stringify({ id: n, method, params }));
  });

  const { capabilities } = await call("session.new", { capabilities: {} });
  const blank = await call("browsingContext.create", { type: "tab" });

  async function open(url: string): Promise<Page> {
    const { context } = await call("browsingContext.create", { type: "tab" });
    const value = async <T>(expression: string): Promise<T> => {
      const text = `(async () => JSON.stringify(await (0, eval)(${JSON.stringify(expression)})))()`;
      const { result, exceptionDetails } = await call("script.evaluate", { expression: text, awaitPromise: true, target: { context } });
      if (exceptionDetails) throw new Error(`${expression}: ${(exceptionDetails as { readonly text: string }).text}`);
      const { value: json } = result as { readonly value?: string };
      return (json === undefined ? undefined : JSON.parse(json)) as T;
    };
    const page: Page = {
      value,
      go: (to) => navigated(value, () => call("browsingContext.navigate", { context, url: to, wait: "none" })),
      reload: () => navigated(value, () => call("browsingContext.reload", { context, wait: "none" })),
      async back() {
        const here = await value<string>("location.href");
        await call("browsingContext.traverseHistory", { context, delta: -1 });
        await settled(value, `location.href !== ${JSON.stringify(here)} && document.readyState === "complete"`);
      },
      async hide() { await call("browsingContext.activate", { context: blank.context }); },
      async show() { await call("browsingContext.activate", { context }); },
      async offline(offline) { await call("emulation.setNetworkConditions", { networkConditions: offline ? { type: "offline" } : null, contexts: [context] }); },
      async close() { await call("browsingContext.close", { context }); },
    };
    await page.go(url);
    return page;
  }

  return {
    name: "firefox",
    version: String((capabilities as { readonly browserVersion?: string } | undefined)?.browserVersion),
    open,
    async close() {
      await call("browser.close").catch(() => undefined);
      await ended;
      socket.terminate();
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
