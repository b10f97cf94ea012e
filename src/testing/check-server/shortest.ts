import { firstWrong } from "./first-wrong.js";
import { NAMES, stepsOf, type Move, type Step, type What } from "./history.js";
import type { Outcome } from "./play.js";
import type { Wrong } from "./words.js";

/** A story that ended wrong, and how long it may be shortened. */
export type ToShorten = {
  /** All of it, also what came after it was wrong. */
  readonly story: readonly Step[];
  readonly wrong: Wrong;
  readonly ms: number;
  /** Tries at once. */
  readonly parallel: number;
  readonly signal: AbortSignal;
};

export type Shortest = {
  readonly wrong: Wrong;
  /** Stories that were lived. */
  readonly tries: number;
  /** The time was over, or the signal came. */
  readonly cutShort: boolean;
};

/** What is simpler to read, and to understand, for each thing that is not. */
const SIMPLER: ReadonlyMap<What, What> = new Map([["refresh late", "refresh"], ["silence", "cut"], ["cut", "close"], ["leave", "close"]]);

/** Shortens a story that ended wrong: any story that is simpler and ends wrong takes its place, until none does. */
export async function shortest({ story, wrong, ms, parallel, signal }: ToShorten, live: (story: readonly Step[], until: AbortSignal) => Promise<Outcome>): Promise<Shortest> {
  if (ms === 0) return { wrong, tries: 0, cutShort: true };
  const over = AbortSignal.any([signal, AbortSignal.timeout(Math.ceil(ms))]);
  const known = whatIsKnown();
  known.learn(story, { type: "wrong", wrong });
  let best = wrong;
  let tries = 0;

  for (let found: Wrong | undefined = wrong; found; ) {
    best = found;
    found = undefined;
    const simpler = [...simplerThan(best.steps)].map(stepsOf).filter((one) => one.length > 0 && known.of(one) !== "held");
    // The first that is known to end wrong needs no try, and neither does what comes after it.
    const sure = simpler.findIndex((one) => known.of(one) !== undefined);
    const doubtful = sure < 0 ? simpler : simpler.slice(0, sure);
    const failed = await firstWrong(doubtful, parallel, async (one, moot) => {
      const before = known.of(one);
      if (before) return before === "held" ? NOTHING_NEW : { type: "wrong", wrong: before };
      if (over.aborted) return { type: "stopped" };
      tries++;
      // A function of the caller's that fails is another fault than the one whose story this is.
      const outcome = await live(one, AbortSignal.any([over, moot])).catch(() => NOTHING_NEW);
      known.learn(one, outcome);
      return outcome;
    });
    const end = sure < 0 ? undefined : known.of(simpler[sure] ?? []);
    if (failed) found = failed.wrong;
    else if (!over.aborted && typeof end === "object") found = end;
  }
  return { wrong: best, tries, cutShort: over.aborted };
}

const NOTHING_NEW: Outcome = { type: "held", looks: 0, views: 0, slowest: 0, canLeave: false };

/** All that is one step simpler, the boldest first: without many moves at once, without one, then with simpler ones. */
function* simplerThan(moves: readonly Move[]): Iterable<readonly Move[]> {
  for (let size = Math.ceil(moves.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let start = moves.length; start > 0; ) {
      const end = start;
      start = Math.max(0, end - size);
      yield moves.filter((_, i) => i < start || i >= end);
    }
  }
  for (const [i, move] of moves.entries()) {
    const simpler = SIMPLER.get(move.what);
    if (simpler) yield moves.with(i, { ...move, what: simpler });
    if (move.quick) yield moves.with(i, { ...move, quick: false });
  }
  const renamed = inOrder(moves);
  if (renamed.some(({ user, label }, i) => user !== moves[i]?.user || label !== moves[i].label)) yield renamed;
}

/** With the first names, in their order, and each user's tabs in that of the numbers. */
function inOrder(moves: readonly Move[]): readonly Move[] {
  const names = [...new Set(moves.map(({ user }) => user))];
  return moves.map((move) => {
    const labels = [...new Set(moves.filter(({ user }) => user === move.user).map(({ label }) => label))];
    return { ...move, user: NAMES[names.indexOf(move.user)] ?? move.user, label: labels.indexOf(move.label) + 1 };
  });
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
  return story.flatMap(({ what, label, user, quick }, i) => {
    key += JSON.stringify([what, user, label, quick]);
    return story[i + 1]?.quick ? [] : [[i + 1, key] as const];
  });
}
