import fc from "fast-check";
import type { Delta, Fact, Heartbeat, Reason, RoomEvent, Snapshot } from "../../src/core/event.js";
import { toSnapshot } from "../../src/core/snapshot.js";
import type { Op } from "../../src/ports.js";
import { append, emptyLog, type LogState } from "../../src/server/log.js";
import { freeze } from "./freeze.js";
import { digestOf, lastOfEach, rowsAfter, snapshotOf, type Rows } from "./model.js";

/** Two strings of which the map's hash is the same: the last unit makes up for the difference of the first. */
function collidingPair(): readonly [string, string] {
  const seen = new Map<number, number>();
  for (let unit = 1; ; unit++) {
    const hash = Math.imul(unit, 0x9e3779b1);
    const other = seen.get(hash >>> 16);
    if (other !== undefined) return [String.fromCharCode(other, 0), String.fromCharCode(unit, (hash ^ Math.imul(other, 0x9e3779b1)) & 0xffff)];
    seen.set(hash >>> 16, unit);
  }
}

/** Ids that once broke somebody who kept them in an object, sorted them as numbers, or took "" for none. */
export const hostileIds: readonly string[] = ["__proto__", "constructor", "toString", "", "10", "2", "\ud800", "\udc00", "\0", "x".repeat(256), "é", "e\u0301", ...collidingPair()];

export const userIds: fc.Arbitrary<string> = fc.oneof(fc.constantFrom("ann", "bob", "cid"), fc.constantFrom(...hostileIds));

/** Few, so that they are often equal; two of them are the same JSON though not the same text. */
export const metas: fc.Arbitrary<unknown> = fc.constantFrom<unknown>(
  { s: "on" }, { s: "away" }, { a: 1, b: [1, 2] }, { b: [1, 2], a: 1 }, null, "", 0, [], {}, JSON.parse('{"__proto__":{"admin":true}}'),
);

export const tags: fc.Arbitrary<number> = fc.oneof(fc.integer({ min: 1, max: 2 ** 48 - 1 }), fc.integer({ min: 2 ** 48 - 30, max: 2 ** 48 - 1 }));

const reasons = fc.constantFrom<Reason>("leave", "vanished", "timeout", "kicked", "node-lost");

/** What happens in a room; whom it concerns is picked among those who are there. */
const moves = fc.record({
  kind: fc.constantFrom("join", "join", "join", "update", "update", "leave", "leave"),
  user: userIds,
  pick: fc.nat(),
  tag: tags,
  meta: metas,
  reason: reasons,
  ms: fc.integer({ min: -300, max: 900 }),
  since: fc.option(fc.integer({ min: 0, max: 3000 }), { nil: undefined, freq: 4 }),
});
type Move = typeof moves extends fc.Arbitrary<infer T> ? T : never;

/** What became true in one epoch of a room. */
export type History = {
  readonly epoch: number;
  /** Fact n at n - 1. */
  readonly facts: readonly Fact<unknown>[];
  /** The content at each seq, at 0 nobody. */
  readonly rows: readonly Rows[];
  /** The authority as it stands at the end; its window holds little or all. */
  readonly log: LogState<unknown>;
} & Printed;

/** How a counterexample shows it. */
type Printed = { readonly [fc.toStringMethod]?: () => string };

function historyOf(epoch: number, crowd: number, told: readonly Move[], window: number): History {
  let log = emptyLog<unknown>(epoch, 0, { window, windowAge: Infinity, settle: 0 });
  const facts: Fact<unknown>[] = [];
  const rows: Rows[] = [[]];
  let now = 1000;
  let minted = 0;
  // Never the same in two epochs, as no connection id is minted twice.
  const mint = (): string => (hostileIds[minted++] ?? `c${String(minted)}`) + (epoch === 9 ? "" : `/${String(epoch)}`);
  const take = (op: Op<unknown>): void => {
    const appended = append(log, [freeze(op)], now);
    log = appended.log;
    for (const fact of appended.delta?.facts ?? []) {
      facts.push(freeze(fact));
      rows.push(rowsAfter(rows.at(-1)!, fact));
    }
  };
  // More than a map keeps flat.
  for (let i = 0; i < crowd; i++) take({ type: "connect", conn: mint(), user: `crowd-${String(i)}`, tag: i + 1, meta: null });
  for (const { kind, user, pick, tag, meta, reason, ms, since } of told) {
    now += ms;
    const present = rows.at(-1)!;
    const one = present[pick % present.length];
    if (kind === "join" || !one) take({ type: "connect", conn: mint(), user, tag, meta, ...(since === undefined ? {} : { since }) });
    else if (kind === "update") take({ type: "update", conn: one.conn, user: one.user, tag, meta });
    else take({ type: "disconnect", conn: one.conn, reason });
  }
  return freeze({ epoch, facts, rows, log, [fc.toStringMethod]: () => `epoch ${String(epoch)}: ${JSON.stringify(facts.map(brief))}` });
}

/** What is worth reading of a fact in a counterexample. */
function brief(fact: Fact<unknown>): unknown {
  return fact.type === "connect" ? [fact.seq, fact.conn, fact.user, fact.first, fact.since, fact.meta] : [fact.seq, fact.conn, fact.user, fact.reason];
}

export function histories(epoch: number): fc.Arbitrary<History> {
  return fc
    .tuple(fc.constantFrom(0, 0, 18), fc.array(moves, { maxLength: 30, size: "max" }), fc.constantFrom(4, Infinity))
    .map(([crowd, told, window]) => historyOf(epoch, crowd, told, window));
}

/** A log that lost its end after `keep` facts and went on otherwise, in the same epoch. */
export function forkOf(history: History, keep: number, told: readonly Move[]): History {
  let log = emptyLog<unknown>(history.epoch, 0, { window: Infinity, windowAge: Infinity, settle: 0 });
  for (const fact of history.facts.slice(0, keep)) {
    log = append(log, [fact.type === "connect" ? fact : { type: "disconnect", conn: fact.conn, reason: fact.reason }], fact.at).log;
  }
  // Tags of its own: those that were lost may not stand for other facts now. Of no shape that could add up with others to the same digest.
  told.forEach(({ user, meta }, i) => {
    log = append(log, [{ type: "connect", conn: `fork-${String(i)}`, user, tag: 0x5bd1e9951234 + i * 7_919, meta }], 0).log;
  });
  return { ...history, log: freeze(log), [fc.toStringMethod]: () => JSON.stringify([history.facts.map(brief), keep, toSnapshot(log.room)]) };
}

export const forks: fc.Arbitrary<History> = fc
  .tuple(histories(9), fc.nat(), fc.array(moves, { maxLength: 6 }))
  .map(([history, keep, told]) => forkOf(history, keep % (history.facts.length + 1), told));

export function deltaOf({ epoch, facts, rows }: History, from: number, to: number): Delta<unknown> {
  return freeze({ type: "delta", epoch, from, to, at: facts[to - 1]?.at ?? 0, digest: digestOf(rows[to]!), facts: lastOfEach(facts.slice(from, to)) });
}

export function snapshotAt({ epoch, rows }: History, seq: number): Snapshot<unknown> {
  return freeze(snapshotOf(rows[seq]!, epoch, seq));
}

export function heartbeatAt({ epoch, rows }: History, seq: number): Heartbeat {
  return freeze({ type: "heartbeat", epoch, seq, at: 0, digest: digestOf(rows[seq]!) });
}

const steps = fc.record({
  what: fc.constantFrom("fact", "delta", "delta", "delta", "bare", "snapshot", "heartbeat", "doubt"),
  /** Of which history: mostly of the first. */
  which: fc.constantFrom(0, 0, 0, 0, 0, 1, 2),
  /** Where in it, in thousandths, and how far. */
  at: fc.nat(1000),
  reach: fc.constantFrom(1, 1, 2, 3, 5, 8, 30),
  /** It names a digest that is not the room's there. */
  lies: fc.integer({ min: 0, max: 19 }).map((n) => n === 0),
});
type Step = typeof steps extends fc.Arbitrary<infer T> ? T : never;

export type Delivery = { readonly doubt: true } | ({ readonly doubt: false; readonly event: RoomEvent<unknown> } & Printed);

function delivered({ what, which, at, reach, lies }: Step, told: readonly History[]): Delivery {
  if (what === "doubt") return { doubt: true };
  const history = told[which % told.length]!;
  const last = history.facts.length;
  const seq = Math.round((at * last) / 1000);
  const lie = <E extends { readonly digest: number | undefined }>(event: E): E => (lies ? { ...event, digest: ((event.digest ?? 0) + 1) % 2 ** 48 } : event);
  let event: RoomEvent<unknown>;
  if (what === "snapshot") event = lie(snapshotAt(history, seq));
  else if (what === "heartbeat" || last === 0) event = lie(heartbeatAt(history, seq));
  else if (what === "fact") event = history.facts[Math.max(seq, 1) - 1]!;
  else {
    const delta = deltaOf(history, Math.min(seq, last - 1), Math.min(last, seq + reach));
    event = what === "bare" ? { ...delta, digest: undefined } : lie(delta);
  }
  const { type, epoch } = event;
  const where = event.type === "delta" ? [event.from, event.to] : [event.seq];
  return { doubt: false, event: freeze(event), [fc.toStringMethod]: () => JSON.stringify([type, epoch, ...where, ...(lies ? ["lies"] : [])]) };
}

/**
 * What a follower hears of some histories, or of the first alone: with losses, repetitions, out of order and grouped anyhow;
 * or rather in order, so that it also gets somewhere. Now and then a digest is a lie (`lies` false: never).
 */
export function deliveries(told: readonly History[], options: { readonly lies: boolean }): fc.Arbitrary<readonly Delivery[]> {
  return fc.tuple(fc.array(steps, { maxLength: 40, size: "max" }), fc.boolean(), fc.boolean()).map(([drawn, inOrder, alone]) =>
    (inOrder ? drawn.toSorted((a, b) => a.at - b.at) : drawn).map((step) => delivered({ ...step, lies: step.lies && options.lies }, alone ? told.slice(0, 1) : told)),
  );
}
