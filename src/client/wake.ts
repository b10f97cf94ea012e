import type { Stop } from "../ports.js";

/** Calls the listener whenever the machine or the page may just have come back from sleep, until stopped. */
export type Wake = (listener: () => void) => Stop;

/** The browser's wake-up events; where there is no page, nothing. */
export const browserWake: Wake = (listener) => {
  const awake = (): void => {
    if (!document.hidden) listener();
  };
  // On their way down the window sees the document's events too, also those that don't bubble.
  const types = typeof document === "undefined" ? [] : ["online", "pageshow", "resume", "visibilitychange"];
  for (const type of types) addEventListener(type, awake, true);
  return () => {
    for (const type of types) removeEventListener(type, awake, true);
  };
};
