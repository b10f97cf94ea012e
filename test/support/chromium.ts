import { setTimeout as sleep } from "node:timers/promises";
import { navigated } from "./engines/engine.js";
import { spokenTo, type Json } from "./engines/spoken.js";

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
  const { call, close } = await spokenTo(path, {
    args: (profile) => [...FLAGS, "--remote-debugging-port=0", `--user-data-dir=${profile}`, "about:blank"],
    listening: /DevTools listening on (ws:\S+)/,
  });

  async function tab(url: string): Promise<Tab> {
    const { targetId } = await call("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await call("Target.attachToTarget", { targetId, flatten: true });
    const send = (method: string, params?: Json): Promise<Json> => call(method, params, { sessionId });
    const value = async <T>(expression: string): Promise<T> => {
      const { result, exceptionDetails } = await send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
      if (exceptionDetails) throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`);
      return (result as { readonly value: T }).value;
    };
    const opened: Tab = {
      send, value,
      go: (to) => navigated(value, () => send("Page.navigate", { url: to })),
      reload: () => navigated(value, () => send("Page.reload")),
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

  return { tab, close: () => close("Browser.close") };
}
