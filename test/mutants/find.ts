import { reduce } from "../../src/core/reduce.js";
import { LawError } from "../../src/testing/law.js";
import * as laws from "../../src/testing/laws.js";
import { historyOf, play, shrink, type History } from "../../src/testing/simulation/index.js";
import type { Finder } from "./faults.mjs";

/** Within so many runs a planted bug must be found. */
export const RUNS = 200;
const SEED = 7;

/** A planted bug as it was found: in which run, what is left of it in plain words, and with what it goes wrong again. */
export type Found = {
  readonly seed: number;
  readonly run: number;
  readonly steps: number;
  readonly story: readonly string[];
  readonly again: Again;
};

/** A shrunk history of the simulation, or where a law has its case. */
export type Again = { readonly history: History } | { readonly path: string };

/** Looks for what is wrong with the library that this is bundled with; undefined when nothing is. */
export async function find(finder: Finder): Promise<Found | undefined> {
  return finder === "simulation" ? findByPlay() : findByLaw(finder);
}

/** The story of what was found, played again; undefined when all goes well. */
export async function replay(finder: Finder, again: Again): Promise<readonly string[] | undefined> {
  if ("path" in again) return broken(finder, { seed: SEED, path: again.path })?.story;
  const { story, complaints } = await play(historyFrom(again.history));
  return complaints.length > 0 ? withoutStacks(story) : undefined;
}

async function findByPlay(): Promise<Found | undefined> {
  for (let run = 0; run < RUNS; run++) {
    const history = historyOf(SEED, run);
    const outcome = await play(history);
    if (outcome.complaints.length === 0) continue;
    const shrunk = await shrink(history, outcome);
    return { seed: SEED, run, steps: shrunk.history.commands.length, story: withoutStacks(shrunk.outcome.story), again: { history: shrunk.history } };
  }
  return undefined;
}

function findByLaw(finder: Finder): Found | undefined {
  const error = broken(finder, { seed: SEED, runs: RUNS });
  if (!error) return undefined;
  const { story, again: { path } } = error;
  return { seed: SEED, run: Number(path.split(":")[0]), steps: story.filter((line) => /^it(s link| hears| asks \{)/.test(line)).length, story, again: { path } };
}

function broken(finder: Finder, options: { readonly seed: number; readonly runs?: number; readonly path?: string }): LawError | undefined {
  const { changes: _, ...ofReducers } = laws;
  const law = Object.entries(ofReducers).find(([name]) => finder === `law ${name}`)?.[1];
  if (!law) throw new Error(`There is no finder "${finder}".`);
  try {
    law(reduce, options);
    return undefined;
  } catch (error) {
    if (error instanceof LawError) return error;
    throw error;
  }
}

/** Where something was thrown is elsewhere in each bundle. */
function withoutStacks(story: readonly string[]): readonly string[] {
  return story.map((line) => line.split("\n    at ")[0] ?? "");
}

/** JSON has no Infinity. */
function historyFrom(history: History): History {
  const { setup } = history;
  return { ...history, setup: { ...setup, maxUsers: (setup as { readonly maxUsers: number | null }).maxUsers ?? Infinity } };
}
