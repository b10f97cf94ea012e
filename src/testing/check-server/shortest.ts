import * as fc from "fast-check";
import { histories, plan, type Limits, type Step } from "./history.js";
import type { Outcome } from "./play.js";
import { UNBIASED } from "./sample.js";
import type { Wrong } from "./words.js";

/** A history that ended wrong, and how long it may be shortened. */
export type ToShorten = {
  readonly path: string;
  readonly seed: number;
  readonly limits: Limits;
  /** All of it, also what came after it was wrong. */
  readonly story: readonly Step[];
  readonly wrong: Wrong;
  readonly ms: number;
  readonly signal: AbortSignal;
};

export type Shortest = {
  readonly wrong: Wrong;
  readonly path: string;
  /** Stories that were lived. */
  readonly tries: number;
  /** The time was over, or the signal came. */
  readonly cutShort: boolean;
};

/** Shortens a history that ended wrong, one try after the other. */
export async function shortest({ path, seed, limits, story: first, wrong, ms, signal }: ToShorten, live: (story: readonly Step[]) => Promise<Outcome>): Promise<Shortest> {
  const until = performance.now() + ms;
  const known = whatIsKnown();
  known.learn(first, { type: "wrong", wrong });
  let tries = 0;
  let cutShort = false;

  const lives = async (story: readonly Step[]): Promise<Wrong | "held"> => {
    const before = known.of(story);
    if (before) return before;
    if (signal.aborted || performance.now() >= until) {
      cutShort = true;
      return "held";
    }
    tries++;
    // A function of the caller's that fails is another fault than the one whose story this is.
    const outcome = await live(story).catch(() => ({ type: "stopped" }) as const);
    known.learn(story, outcome);
    return outcome.type === "wrong" ? outcome.wrong : "held";
  };
  const property = fc.asyncProperty(histories(limits), async (commands) => {
    const story = plan(commands, limits);
    return story.length === 0 || (await lives(story)) === "held";
  });
  const { counterexample, counterexamplePath } = await fc.check(property, { seed, path, numRuns: 1, endOnFailure: false, ...UNBIASED });
  const shortened = counterexample && known.of(plan(counterexample[0], limits));
  return { wrong: shortened && shortened !== "held" ? shortened : wrong, path: counterexamplePath ?? path, tries, cutShort };
}

type Known = {
  readonly learn: (story: readonly Step[], outcome: Outcome) => void;
  /** How a story ends; undefined: it has to be lived. */
  readonly of: (story: readonly Step[]) => Wrong | "held" | undefined;
};

/** How stories ended. Many wishes come to the same story, and one that begins as another did where all looked needs not be lived to that place. */
function whatIsKnown(): Known {
  const ends = new Map<string, Wrong | "held">();
  return {
    learn(story, outcome) {
      if (outcome.type === "stopped") return;
      const lived = outcome.type === "wrong" ? outcome.wrong.steps.length : Infinity;
      for (const [length, key] of looksOf(story)) {
        if (outcome.type === "held" || length < lived) ends.set(key, "held");
        else if (length === lived) ends.set(key, outcome.wrong);
      }
    },
    of(story) {
      let end: Wrong | "held" | undefined;
      for (const [, key] of looksOf(story)) {
        end = ends.get(key);
        if (typeof end === "object") return end;
      }
      return end;
    },
  };
}

/** Where all looked: after how many steps, and what the story was until then. */
function looksOf(story: readonly Step[]): readonly (readonly [number, string])[] {
  let key = "";
  return story.flatMap(({ what, tab, user, quick }, i) => {
    key += JSON.stringify([what, tab, user, quick]);
    return story[i + 1]?.quick ? [] : [[i + 1, key] as const];
  });
}
