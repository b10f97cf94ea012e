import fc from "fast-check";
import type { Delivery, History } from "./arbitraries.js";
import type { Shown, Verdict, Watched } from "./law.js";
import { peopleOf } from "./rows.js";
import { tellEvent, tellFacts } from "./story.js";

/** What became true in some epochs, and what a follower hears of it. */
export type Told = readonly [epochs: readonly History[], heard: readonly Delivery[]];

/** What a follower must show that stands there. */
export function truthAt(all: readonly History[], { epoch, seq }: { readonly epoch: number; readonly seq: number }): Shown {
  const rows = all.find((history) => history.epoch === epoch)?.rows[seq] ?? [];
  const users = peopleOf(rows);
  return { epoch, seq, users, userCount: users.length, connectionCount: rows.length };
}

/** What became true, as far as anything was heard of it. */
export function tellHistories(all: readonly History[], heard: readonly Delivery[]): string[] {
  return all
    .filter(({ epoch }) => heard.some((one) => !one.doubt && one.event.epoch === epoch))
    .flatMap(({ epoch, facts }) => [facts.length === 0 ? `epoch ${epoch}: nobody ever comes` : `epoch ${epoch}:`, ...tellFacts(facts).map((line) => `  ${line}`)]);
}

export function tellDelivery(delivery: Delivery): string {
  return delivery.doubt ? "its link comes up anew: it doubts what it knows" : `it hears ${delivery[fc.toStringMethod]?.() ?? tellEvent(delivery.event)}`;
}

/** A follower that hears deliveries, each judged by itself; the first that goes wrong ends it. */
export function followed<S>({ reduce, doubt, start }: Watched<S>, [all, heard]: Told, judge: (before: S, delivery: Delivery, after: S) => readonly string[]): Verdict {
  let state = start;
  for (const [i, delivery] of heard.entries()) {
    const story = (wrong: readonly string[]): Verdict => ({ story: [...tellHistories(all, heard.slice(0, i + 1)), ...heard.slice(0, i + 1).map(tellDelivery), ...wrong] });
    let wrong: readonly string[];
    try {
      const after = delivery.doubt ? doubt(state) : reduce(state, delivery.event);
      wrong = judge(state, delivery, after);
      state = after;
    } catch (error) {
      wrong = [`it throws ${String(error)}`];
    }
    if (wrong.length > 0) return story(wrong);
  }
  return undefined;
}
