import type { Stop } from "../ports.js";

/** Calls the listener whenever the machine or the page may just have come back from sleep, until stopped. */
export type Wake = (listener: () => void) => Stop;

/** A page has all of it, a worker no document, Node nothing. */
const here = globalThis as Partial<Pick<typeof globalThis, "document" | "addEventListener" | "removeEventListener">>;

/** The browser's wake-up events, as far as the platform has them. */
export const browserWake: Wake = (listener) => {
  const awake = ({ type }: Event): void => {
    // Going out of sight is no waking up. A page that is out of sight has to come back, though, when the network does: others see its user.
    if (type !== "visibilitychange" || !here.document?.hidden) listener();
  };
  // On their way down the window sees the document's events too, also those that don't bubble.
  const types = ["online", "pageshow", "resume", "visibilitychange"];
  for (const type of types) here.addEventListener?.(type, awake, true);
  return () => {
    for (const type of types) here.removeEventListener?.(type, awake, true);
  };
};
