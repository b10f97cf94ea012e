import fc from "fast-check";
import type { Delta, Fact, Heartbeat, Reason, RoomEvent, Snapshot } from "../core/event.js";
import { doubt, reduce } from "../core/reduce.js";
import { emptyRoom, type Room } from "../core/room.js";
import type { Op } from "../ports.js";
import { append, emptyLog, type LogState } from "../server/log.js";
import { freeze } from "./freeze.js";
import { digestOf, lastOfEach, rowsAfter, snapshotOf, type Rows } from "./rows.js";
import { tellEvent, tellFact } from "./story.js";

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

/** Three plain names, and the hostile ones. */
export const userIds: fc.Arbitrary<string> = fc.oneof({ withCrossShrink: true }, fc.constantFrom("ann", "bob", "cid"), fc.constantFrom(...hostileIds));

/** Few, so that they are often equal; two of them are the same JSON though not the same text. */
export const metas: fc.Arbitrary<unknown> = fc.constantFrom<unknown>(
  { s: "on" }, { s: "away" }, { a: 1, b: [1, 2] }, { b: [1, 2], a: 1 }, null, "", 0, [], {}, JSON.parse('{"__proto__":{"admin":true}}'),
);

/** Legal tags, many of them so large that a sum which is not reduced at each step loses its last digits. */
export const tags: fc.Arbitrary<number> = fc.oneof(fc.integer({ min: 1, max: 2 ** 48 - 1 }), fc.integer({ min: 2 ** 48 - 30, max: 2 ** 48 - 1 }));

/** Something that happens in a room; `pick` says to whom, modulo those who are there. */
export type Move = {
  readonly kind: "join" | "update" | "leave";
  readonly user: string;
  readonly pick: number;
  readonly tag: number;
  readonly meta: unknown;
  readonly reason: Reason;
  /** Since the move before; clocks go back, too. */
  readonly ms: number;
  readonly since: number | undefined;
};

/** Comings, goings and updates. */
export const moves: fc.Arbitrary<Move> = fc.record({
  kind: fc.constantFrom("join", "join", "join", "update", "update", "leave", "leave"),
  user: userIds,
  pick: fc.nat(),
  tag: tags,
  meta: metas,
  reason: fc.constantFrom<Reason>("leave", "vanished", "timeout", "kicked", "node-lost"),
  ms: fc.integer({ min: -300, max: 900 }),
  since: fc.option(fc.integer({ min: 0, max: 3000 }), { nil: undefined, freq: 4 }),
});

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

/** How many join first (more than 16 are more than a map keeps flat), how many facts the log's window holds, whether connections have hostile ids. */
type Setting = { readonly crowd: number; readonly window: number; readonly hostile: boolean };

function historyOf(epoch: number, { crowd, window, hostile }: Setting, told: readonly Move[]): History {
  let log = emptyLog<unknown>(epoch, 0, { window, windowAge: Infinity, settle: 0 });
  const facts: Fact<unknown>[] = [];
  let present: Rows = [];
  const rows = [present];
  let now = 1000;
  let minted = 0;
  // Never the same in two epochs, as no connection id is minted twice.
  const mint = (): string => ((hostile ? hostileIds[minted++] : undefined) ?? `c${String(minted++)}`) + (epoch === 9 ? "" : `/${String(epoch)}`);
  const take = (op: Op<unknown>): void => {
    const appended = append(log, [freeze(op)], now);
    log = appended.log;
    for (const fact of appended.delta?.facts ?? []) {
      facts.push(freeze(fact));
      rows.push((present = rowsAfter(present, fact)));
    }
  };
  for (let i = 0; i < crowd; i++) take({ type: "connect", conn: mint(), user: `crowd-${String(i)}`, tag: i + 1, meta: null });
  for (const { kind, user, pick, tag, meta, reason, ms, since } of told) {
    now += ms;
    const one = present[pick % present.length];
    if (kind === "join" || !one) take({ type: "connect", conn: mint(), user, tag, meta, ...(since === undefined ? {} : { since }) });
    else if (kind === "update") take({ type: "update", conn: one.conn, user: one.user, tag, meta });
    else take({ type: "disconnect", conn: one.conn, reason });
  }
  return freeze({ epoch, facts, rows, log, [fc.toStringMethod]: () => facts.map(tellFact).join("; ") });
}

/** Histories of a room in that epoch, through the log itself: people with several tabs, updates, goodbyes, now and then a crowd. */
export function histories(epoch = 9): fc.Arbitrary<History> {
  const settings = fc.record({ crowd: fc.constantFrom(0, 0, 18), window: fc.constantFrom(4, Infinity), hostile: fc.boolean() });
  return fc.tuple(settings, fc.array(moves, { maxLength: 30, size: "max" })).map(([setting, told]) => historyOf(epoch, setting, told));
}

/** A log that lost its end after `keep` facts and went on otherwise, in the same epoch. */
function forkOf(history: History, keep: number, told: readonly Move[]): History {
  let log = emptyLog<unknown>(history.epoch, 0, { window: Infinity, windowAge: Infinity, settle: 0 });
  const take = (op: Op<unknown>, now: number): readonly Fact<unknown>[] => {
    const appended = append(log, [op], now);
    log = appended.log;
    return appended.delta?.facts ?? [];
  };
  const kept = history.facts.slice(0, keep);
  for (const fact of kept) take(fact.type === "connect" ? fact : { type: "disconnect", conn: fact.conn, reason: fact.reason }, fact.at);
  // Tags of its own: those that were lost may not stand for other facts now. Of no shape that could add up with others to the same digest.
  const otherwise = told.flatMap(({ user, meta }, i) => take({ type: "connect", conn: `fork-${String(i)}`, user, tag: 0x5bd1e9951234 + i * 7_919, meta }, 0));
  return { ...history, log: freeze(log), [fc.toStringMethod]: () => [...history.facts.map(tellFact), `but the log kept ${String(keep)} facts`, ...otherwise.map(tellFact)].join("; ") };
}

/** Histories whose log lost its end and went on otherwise: `facts` and `rows` are those of before, `log` is that of now. */
export const forks: fc.Arbitrary<History> = fc
  .tuple(histories(), fc.nat(), fc.array(moves, { maxLength: 6 }))
  .map(([history, keep, told]) => forkOf(history, keep % (history.facts.length + 1), told));

/** Logs of one room, young and old, with a window of 4 facts or of all. */
export const logs: fc.Arbitrary<LogState<unknown>> = histories().map(({ log }) => log);

/** The delta from one seq of a history to another, as a server would send it. */
export function deltaOf({ epoch, facts, rows }: History, from: number, to: number): Delta<unknown> {
  return freeze({ type: "delta", epoch, from, to, at: facts[to - 1]?.at ?? 0, digest: digestOf(rows[to] ?? []), facts: lastOfEach(facts.slice(from, to)) });
}

/** A history's room at that seq. */
export function snapshotAt({ epoch, rows }: History, seq: number): Snapshot<unknown> {
  return freeze(snapshotOf(rows[seq] ?? [], epoch, seq));
}

/** What a server with that history says of itself when it stands at that seq. */
export function heartbeatAt({ epoch, rows }: History, seq: number): Heartbeat {
  return freeze({ type: "heartbeat", epoch, seq, at: 0, digest: digestOf(rows[seq] ?? []) });
}

type Step = { readonly what: "fact" | "delta" | "bare" | "snapshot" | "heartbeat" | "doubt"; readonly which: number; readonly at: number; readonly reach: number; readonly lies: boolean };

const steps: fc.Arbitrary<Step> = fc.record({
  what: fc.constantFrom("fact", "delta", "delta", "delta", "bare", "snapshot", "heartbeat", "doubt"),
  /** Of which history: mostly of the first. */
  which: fc.constantFrom(0, 0, 0, 0, 0, 1, 2),
  /** Where in it, in thousandths, and how far. */
  at: fc.nat(1000),
  reach: fc.constantFrom(1, 1, 2, 3, 5, 8, 30),
  /** It names a digest that is not the room's there. */
  lies: fc.integer({ min: 0, max: 19 }).map((n) => n === 0),
});

/** What happens to a follower: its link came up anew and it doubts what it knows, or it hears an event. */
export type Delivery = ({ readonly doubt: true } | { readonly doubt: false; readonly event: RoomEvent<unknown> }) & Printed;

function delivered({ what, which, at, reach, lies }: Step, told: readonly History[]): Delivery {
  const history = told[which % told.length];
  if (what === "doubt" || !history) return { doubt: true, [fc.toStringMethod]: () => "doubt" };
  const last = history.facts.length;
  const seq = Math.round((at * last) / 1000);
  const lie = <E extends { readonly digest: number | undefined }>(event: E): E => (lies ? { ...event, digest: ((event.digest ?? 0) + 1) % 2 ** 48 } : event);
  const fact = history.facts[Math.max(seq, 1) - 1];
  let event: RoomEvent<unknown>;
  if (what === "snapshot") event = lie(snapshotAt(history, seq));
  else if (what === "heartbeat" || !fact) event = lie(heartbeatAt(history, seq));
  else if (what === "fact") event = fact;
  else {
    const delta = deltaOf(history, Math.min(seq, last - 1), Math.min(last, seq + reach));
    event = what === "bare" ? { ...delta, digest: undefined } : lie(delta);
  }
  return { doubt: false, event: freeze(event), [fc.toStringMethod]: () => tellEvent(event) + (lies ? " (with a wrong digest)" : "") };
}

/**
 * What a follower hears of some histories, or of the first alone: with losses, repetitions, out of order and grouped anyhow;
 * or rather in order, so that it also gets somewhere. Now and then a digest is a lie (`lies` false: never).
 */
export function deliveries(told: readonly History[], options: { readonly lies: boolean }): fc.Arbitrary<readonly Delivery[]> {
  return plans.map((plan) => deliver(plan, told, options));
}

type Plan = { readonly drawn: readonly Step[]; readonly inOrder: boolean; readonly alone: boolean };
const plans: fc.Arbitrary<Plan> = fc.record({ drawn: fc.array(steps, { maxLength: 40, size: "max" }), inOrder: fc.boolean(), alone: fc.boolean() });

function deliver({ drawn, inOrder, alone }: Plan, told: readonly History[], { lies }: { readonly lies: boolean }): readonly Delivery[] {
  return (inOrder ? [...drawn].sort((a, b) => a.at - b.at) : drawn).map((step) => delivered({ ...step, lies: step.lies && lies }, alone ? told.slice(0, 1) : told));
}

/** Three epochs of one room, the last that was begun not the highest. */
export const epochs: fc.Arbitrary<readonly History[]> = fc.tuple(histories(9), histories(12), histories(4));

/** Three epochs, and what a follower hears of them. Drawn side by side, so that both shrink well. */
export function courses(options: { readonly lies: boolean }): fc.Arbitrary<readonly [epochs: readonly History[], heard: readonly Delivery[]]> {
  return fc.tuple(epochs, plans).map(([told, plan]) => [told, deliver(plan, told, options)] as const);
}

/**
 * What arrives of what was sent, over a line that repeats, delays and reorders, and unless `loses` is false also loses.
 * `late`: by how many messages one may be overtaken, 4 unless given.
 */
export function arrivals<T>(sent: readonly T[], options?: { readonly loses?: boolean; readonly late?: number }): fc.Arbitrary<readonly T[]> {
  return fates(options).map((drawn) => arrived(sent, drawn));
}

/** How often each message arrives, and how late each time; of more messages than these the first fates again. */
export type Fates = readonly { readonly times: number; readonly delays: readonly number[] }[];

export function fates({ loses = true, late = 4 }: { readonly loses?: boolean; readonly late?: number } = {}): fc.Arbitrary<Fates> {
  return fc.array(fc.record({ times: fc.constantFrom(1, 1, 1, 2, ...(loses ? [0] : [])), delays: fc.tuple(fc.nat(late), fc.nat(late)) }), { minLength: 1, maxLength: 40, size: "max" });
}

/** What arrives of what was sent, by those fates. */
export function arrived<T>(sent: readonly T[], drawn: Fates): readonly T[] {
  return sent
    .flatMap((message, i) => {
      const { times = 1, delays = [0] } = drawn[i % drawn.length] ?? {};
      return delays.slice(0, times).map((delay) => ({ message, at: i + delay }));
    })
    .sort((a, b) => a.at - b.at)
    .map(({ message }) => message);
}

/** Rooms as a follower may have them: of nobody, in step, or behind for any of the reasons. */
export const rooms: fc.Arbitrary<Room<unknown>> = courses({ lies: true }).map(([, heard]) =>
  heard.reduce((room, delivery) => (delivery.doubt ? doubt(room) : reduce(room, delivery.event)), emptyRoom<unknown>()),
);
