import { launchChromium } from "../chromium.js";
import { settled, type Engine, type Page } from "./engine.js";

/** Chromium by its own protocol. */
export async function chromium(path: string): Promise<Engine> {
  const browser = await launchChromium(path);
  // What comes to the front when another tab is to be hidden.
  const blank = await browser.tab("about:blank");
  const { product } = await blank.send("Browser.getVersion");

  async function open(url: string): Promise<Page> {
    const { send, value, go, reload, close, freeze } = await browser.tab("about:blank");
    const page: Page = {
      value, go, reload, close, freeze,
      async back() {
        const { currentIndex, entries } = await send("Page.getNavigationHistory") as { currentIndex: number; entries: readonly { id: number; url: string }[] };
        const { id, url } = entries[currentIndex - 1]!;
        await send("Page.navigateToHistoryEntry", { entryId: id });
        await settled(value, `location.href === ${JSON.stringify(url)} && document.readyState === "complete"`);
      },
      async hide() { await blank.send("Page.bringToFront"); },
      async show() { await send("Page.bringToFront"); },
      async offline(offline) {
        await send("Network.enable");
        await send("Network.emulateNetworkConditions", { offline, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });
      },
    };
    await page.go(url);
    return page;
  }
  return { name: "chromium", version: String(product).replace(/^.*\//, ""), open, close: browser.close };
}
