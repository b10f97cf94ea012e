import * as fc from "fast-check";
import { histories, plan, type Limits, type Step } from "./history.js";

/** The histories of a seed. Small values first would make most of them too short to go wrong, and each costs a server. */
export function* sample(limits: Limits, which: { readonly seed: number; readonly numRuns: number }): Iterable<readonly Step[]> {
  // Planned when it is their turn: most checks are over before the last.
  for (const commands of fc.sample(histories(limits), { ...which, unbiased: true })) yield plan(commands, limits);
}
