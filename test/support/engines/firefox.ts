import { navigated, settled, type Engine, type Page } from "./engine.js";
import { spokenTo } from "./spoken.js";

/** Without them a new profile opens pages of its own, and asks for others. */
const PREFERENCES: Readonly<Record<string, unknown>> = {
  "app.update.disabledForTesting": true, "browser.aboutwelcome.enabled": false, "browser.shell.checkDefaultBrowser": false,
  "browser.startup.page": 0, "datareporting.policy.dataSubmissionEnabled": false, "toolkit.telemetry.reportingpolicy.firstRun": false,
};

/** Firefox by WebDriver BiDi, which it speaks itself: nothing between us and it keeps its tabs awake. */
export async function firefox(path: string): Promise<Engine> {
  const { call, close } = await spokenTo(path, {
    args: (profile) => ["--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0", "about:blank"],
    listening: /WebDriver BiDi listening on (ws:\S+)/,
    under: "/session",
    files: { "user.js": Object.entries(PREFERENCES).map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`).join("") },
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
    close: () => close("browser.close"),
  };
}
