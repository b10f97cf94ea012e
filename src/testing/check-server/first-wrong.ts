import type { Outcome } from "./play.js";
import type { Wrong } from "./words.js";

/** `at`: its place among those that were given, from 0. */
export type Failed<T> = { readonly at: number; readonly one: T; readonly wrong: Wrong };

/** Lives several at once. Of those that end wrong the first by its place, so that a seed leads to one story; undefined when all held or it was stopped. */
export async function firstWrong<T>(all: Iterable<T>, parallel: number, live: (one: T, moot: AbortSignal) => Promise<Outcome>): Promise<Failed<T> | undefined> {
  // One iterator for all workers; it is not closed when the first of them is done.
  const todo = all[Symbol.iterator]();
  let next = 0;
  const under = new Map<number, AbortController>();
  let failed: Failed<T> | undefined;
  let over = false;
  const workers = await Promise.allSettled(Array.from({ length: parallel }, async () => {
    for (let turn; !(turn = todo.next()).done; ) {
      const one = turn.value;
      const at = next++;
      const moot = new AbortController();
      under.set(at, moot);
      try {
        const outcome = await live(one, moot.signal);
        over ||= outcome.type !== "held";
        if (outcome.type === "wrong" && (!failed || at < failed.at)) {
          failed = { at, one, wrong: outcome.wrong };
          for (const [later, other] of under) if (later > at) other.abort();
        }
      } catch (error) {
        over = true;
        throw error;
      }
      if (over) return;
    }
  }));
  // Only now, for each of them had a server to stop.
  for (const worker of workers) if (worker.status === "rejected") throw worker.reason;
  return failed;
}
