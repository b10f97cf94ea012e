import * as fc from "fast-check";
import { histories, type Command, type Limits } from "./history.js";

/** Small values first would make most histories too short to go wrong, and each costs a server. */
export const UNBIASED = { unbiased: true } as const;

type Which = { readonly seed: number; readonly numRuns: number; readonly path?: string };

/** The histories of a seed, or the one that a path leads to. @throws TypeError for a path that leads to none. */
export function sample(limits: Limits, which: Which): readonly (readonly Command[])[] {
  try {
    // A property's arguments are a tuple; so a path from there leads to the same history here.
    const all = fc.sample(fc.tuple(histories(limits)), { ...which, ...UNBIASED });
    if (all.length > 0) return all.map(([commands]) => commands);
  } catch {
    // There is no such branch.
  }
  throw new TypeError(`checkServer: option "path" leads nowhere (${which.path ?? ""}); it belongs to one seed, and to the options that were given with it.`);
}
