import type { Stop } from "../ports.js";

/**
 * Calls the listener whenever the machine or the page may just have come back from sleep, until stopped.
 * An event of type `pagehide` says that the page is put away: what stays open answers for somebody who is gone.
 */
export type Wake = (listener: (event?: { readonly type?: string }) => void) => Stop;

/** A page and a worker have them, Node not. */
const here = globalThis as Partial<Pick<typeof globalThis, "addEventListener" | "removeEventListener">>;

/** The browser's wake-up events, as far as the platform has them; also of a page that is out of sight, for others see its user. */
export const browserWake: Wake = (listener) => {
  // On their way down the window sees the document's events too, also those that don't bubble.
  const types = ["online", "pagehide", "pageshow", "resume", "visibilitychange"];
  for (const type of types) here.addEventListener?.(type, listener, true);
  return () => {
    for (const type of types) here.removeEventListener?.(type, listener, true);
  };
};
