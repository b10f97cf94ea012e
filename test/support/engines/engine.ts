import { setTimeout as sleep } from "node:timers/promises";

/** A tab of a real browser, whichever it is. */
export type Page = {
  readonly go: (url: string) => Promise<void>;
  readonly reload: () => Promise<void>;
  /** One step back in its history, as by the button. */
  readonly back: () => Promise<void>;
  /** The value of an expression in the page, as JSON; a promise is waited for. Never while the page is frozen. */
  readonly value: <T>(expression: string) => Promise<T>;
  /** Behind another tab or minimized, as far as the page can tell; and to the front again. */
  readonly hide: () => Promise<void>;
  readonly show: () => Promise<void>;
  /** Where an engine can: stops the page as it stops one that was long in the background, or lets it go on. */
  readonly freeze?: (frozen: boolean) => Promise<void>;
  /** Where an engine can: its own notion of being offline, as its developer tools have it. */
  readonly offline?: (offline: boolean) => Promise<void>;
  readonly close: () => Promise<void>;
};

export type Engine = {
  readonly name: EngineName;
  readonly version: string;
  /** One of the same browser: it shares the storage of the others. */
  readonly open: (url: string) => Promise<Page>;
  readonly close: () => Promise<void>;
};

export type EngineName = "chromium" | "firefox" | "webkit";

/** Starts a navigation, and waits until the page that comes has run its scripts: the one before it has `before`, which none that comes has at once. */
export async function navigated(value: Page["value"], start: () => Promise<unknown>): Promise<void> {
  await value("void (globalThis.before = true)");
  await start();
  await settled(value, "!globalThis.before && document.readyState === 'complete'");
}

/** Waits until an expression holds in whatever page is there by then. */
export async function settled(value: Page["value"], expression: string): Promise<void> {
  for (const started = performance.now(); performance.now() - started < 20_000; await sleep(20)) {
    if (await value<boolean>(expression).catch(() => false)) return;
  }
  throw new Error(`the page never came to: ${expression}`);
}
