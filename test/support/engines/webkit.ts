import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { navigated, settled, type Engine, type Page } from "./engine.js";

/** WebKitGTK by its own driver, on a display that nobody sees. */
export async function webkit(path: string): Promise<Engine> {
  const home = mkdtempSync(join(tmpdir(), "headcount-webkit-"));
  const { display, end } = await displayed();
  const port = await freePort();
  const driver = spawn(path, [`--port=${port}`], { stdio: "ignore", env: { ...process.env, DISPLAY: display, HOME: home } });
  const base = `http://127.0.0.1:${port}`;
  for (let i = 0; !(await fetch(`${base}/status`).catch(() => undefined))?.ok; i++) {
    if (i > 200 || driver.exitCode !== null) throw new Error(`${path} does not answer.`);
    await sleep(50);
  }
  const { sessionId, capabilities } = await ask<{ readonly sessionId: string; readonly capabilities: { readonly browserVersion?: string } }>("POST", `${base}/session`, { capabilities: {} });
  const session = `${base}/session/${sessionId}`;
  // The session ends with its last window: this one stays.
  const first = await ask<string>("GET", `${session}/window`);

  // It has one current window, and does one thing at a time.
  let queue: Promise<unknown> = Promise.resolve();
  function within<T>(handle: string, work: () => Promise<T>): Promise<T> {
    const done = queue.then(async () => {
      await ask("POST", `${session}/window`, { handle });
      return work();
    });
    queue = done.catch(() => undefined);
    return done;
  }

  async function open(url: string): Promise<Page> {
    // A tab could not be brought to the front again; of windows each is one.
    const { handle } = await within(first, () => ask<{ readonly handle: string }>("POST", `${session}/window/new`, { type: "window" }));
    const post = <T>(what: string, body?: unknown): Promise<T> => within(handle, () => ask<T>("POST", `${session}/${what}`, body));
    const value = async <T>(expression: string): Promise<T> => {
      const script = "const [text, done] = arguments; (async () => ({ json: JSON.stringify(await (0, eval)(text)) }))().catch((error) => ({ error: String(error) })).then(done)";
      const { json, error } = await post<{ readonly json?: string; readonly error?: string }>("execute/async", { script, args: [expression] });
      if (error !== undefined) throw new Error(`${expression}: ${error}`);
      return (json === undefined ? undefined : JSON.parse(json)) as T;
    };
    const page: Page = {
      value,
      go: (to) => navigated(value, () => post("url", { url: to })),
      reload: () => navigated(value, () => post("refresh")),
      async back() {
        const here = await value<string>("location.href");
        await post("back");
        await settled(value, `location.href !== ${JSON.stringify(here)} && document.readyState === "complete"`);
      },
      async hide() { await post("window/minimize"); },
      async show() { await post("window/rect", { x: 0, y: 0, width: 1_024, height: 768 }); },
      async close() { await within(handle, () => ask("DELETE", `${session}/window`)); },
    };
    await page.go(url);
    return page;
  }

  return {
    name: "webkit",
    version: capabilities.browserVersion ?? "?",
    open,
    async close() {
      await ask("DELETE", session).catch(() => undefined);
      await ended(driver);
      await end();
      rmSync(home, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

async function ask<T>(method: string, url: string, body: unknown = {}): Promise<T> {
  const response = await fetch(url, {
    method, signal: AbortSignal.timeout(30_000), headers: { "content-type": "application/json" }, ...(method === "POST" && { body: JSON.stringify(body) }),
  });
  const { value } = (await response.json()) as { readonly value: T & { readonly error?: string; readonly message?: string } | null };
  if (value?.error !== undefined && !response.ok) throw new Error(`${value.error}: ${value.message ?? ""}`);
  return value as T;
}

/** The display that is there, or one of our own. */
async function displayed(): Promise<{ readonly display: string; readonly end: () => Promise<void> }> {
  if (process.env.DISPLAY) return { display: process.env.DISPLAY, end: () => Promise.resolve() };
  // It picks a number that is free, and says which.
  const x = spawn("Xvfb", ["-displayfd", "3", "-screen", "0", "1280x800x24", "-nolisten", "tcp"], { stdio: ["ignore", "ignore", "ignore", "pipe"] });
  const display = await new Promise<string>((resolve, reject) => {
    x.once("error", reject).once("exit", () => { reject(new Error("Xvfb ended.")); });
    (x.stdio[3] as NodeJS.ReadableStream).once("data", (said) => { resolve(`:${String(said).trim()}`); });
  });
  return { display, end: () => ended(x) };
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill();
  const hard = setTimeout(() => { child.kill("SIGKILL"); }, 5_000);
  await gone;
  clearTimeout(hard);
}
