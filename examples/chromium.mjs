// A real Chromium for the examples' tests: CHROME=/path/to/one, or the one that headcount's scripts find.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { fileURLToPath } from "node:url";
import { until } from "./check.mjs";

const need = fileURLToPath(new URL("../scripts/need.mjs", import.meta.url));
const path = process.env.CHROME ?? (existsSync(need) ? spawnSync(process.execPath, [need, "chromium"], { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }).stdout.trim().split("\n").at(-1) : "");
const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking", "--remote-debugging-pipe"];

/** A test in a browser: it is given `tab(url)`. Nothing that the pages complained of passes. Without a Chromium it is skipped aloud, under CI it fails. */
export function inBrowser(title, body) {
  if (path) {
    it(title, async (test) => {
      const browser = launch();
      test.after(() => browser.close());
      await body(browser.tab, test);
      if (browser.complaints.length > 0) throw Error(`The page complained: ${browser.complaints.join("\n")}`);
    });
  } else if (process.env.CI) {
    it(title, () => { throw Error("There is no Chromium: CHROME=/path/to/one"); });
  } else {
    console.warn(`SKIPPED, there is no Chromium (CHROME=/path/to/one): ${title}`);
    it.skip(title);
  }
}

function launch() {
  const profile = mkdtempSync(join(tmpdir(), "headcount-chromium-"));
  // It is spoken to through a pipe: JSON, each message ended by a zero.
  const child = spawn(path, [...FLAGS, `--user-data-dir=${profile}`, "about:blank"], { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
  const ended = new Promise((resolve) => { child.once("close", resolve); });
  const [, , , input, output] = child.stdio;
  const waiting = new Map();
  const complaints = [];
  let rest = "";
  let n = 0;
  input.on("error", () => undefined);
  output.setEncoding("utf8").on("data", (chunk) => {
    const texts = (rest + chunk).split("\0");
    rest = texts.pop();
    for (const text of texts) hear(JSON.parse(text));
  });
  function hear({ id, method, params, result, error }) {
    if (id) {
      const { resolve, reject } = waiting.get(id);
      waiting.delete(id);
      if (error) reject(Error(error.message));
      else resolve(result);
    } else if (method === "Runtime.exceptionThrown") {
      complaints.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
    } else if (method === "Runtime.consoleAPICalled" && ["error", "warning", "assert"].includes(params.type)) {
      complaints.push(params.args.map(({ value, description }) => value ?? description).join(" "));
    } else if (method === "Log.entryAdded" && ["error", "warning"].includes(params.entry.level)) {
      complaints.push(`${params.entry.text} ${params.entry.url ?? ""}`);
    }
  }
  const call = (method, params, sessionId) => new Promise((resolve, reject) => {
    waiting.set(++n, { resolve, reject });
    input.write(`${JSON.stringify({ id: n, method, params, sessionId })}\0`);
  });

  async function tab(url) {
    const { targetId } = await call("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await call("Target.attachToTarget", { targetId, flatten: true });
    const send = (method, params) => call(method, params, sessionId);
    /** The value of an expression in the page; a promise is waited for. */
    const value = async (expression) => {
      const { result, exceptionDetails } = await send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
      if (exceptionDetails) throw Error(`${expression}: ${exceptionDetails.exception?.description ?? exceptionDetails.text}`);
      return result.value;
    };
    const load = async (method, params) => {
      await value("globalThis.before = true");
      await send(method, params);
      await until(async () => { if (!await value("!globalThis.before && document.readyState === 'complete'")) throw Error(`${url} was not loaded`); });
    };
    await send("Runtime.enable");
    await send("Log.enable");
    await load("Page.navigate", { url });
    return {
      value,
      reload: () => load("Page.reload"),
      close: () => call("Target.closeTarget", { targetId }),
      mouse: (x, y) => send("Input.dispatchMouseEvent", { type: "mouseMoved", x, y }),
    };
  }

  return {
    tab, complaints,
    async close() {
      // A browser that never started has nobody to answer.
      call("Browser.close").catch(() => undefined);
      setTimeout(() => child.kill(), 5_000).unref();
      await ended;
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
