import { applyFact, type Draft } from "../core/draft.js";
import type { Answer, Ask, Connection, ConnectionId, Delta, Fact, UserId } from "../core/event.js";
import { drop, emptyMap, put, type Owner } from "../core/map.js";
import { emptyRoom, type Room } from "../core/room.js";
import { toSnapshot } from "../core/snapshot.js";
import type { Appended, Op, RefusalCode } from "../ports.js";

/** How much a log remembers of the past, and how long it is young. */
export type LogOptions = {
  /** Facts that the window holds at most. */
  readonly window: number;
  /** Milliseconds after which a fact leaves the window. */
  readonly windowAge: number;
  /** Milliseconds after `born` until which an ask that names an unknown epoch has to wait. */
  readonly settle: number;
};

/** A fact of the window, and the room's digest after it. */
export type LogEntry<M> = { readonly fact: Fact<M>; readonly digest: number };

const NONE: ReadonlySet<number> = new Set();

/** One room's log: its fold, and a window of recent facts. */
export type LogState<M> = {
  /** From when the log's age counts, in wall-clock milliseconds. */
  readonly born: number;
  readonly room: Room<M>;
  /** Facts without a gap up to the room's seq, the oldest first. */
  readonly window: readonly LogEntry<M>[];
  /** The digest before the window's first fact. */
  readonly floor: number;
  /** Whose each live connection is. */
  readonly owners: ReadonlyMap<ConnectionId, { readonly id: ConnectionId; readonly user: UserId }>;
  /** The tags of the window. */
  readonly tags: ReadonlyMap<string, { readonly id: string }>;
  /** The connections whose goodbye is in the window. */
  readonly goodbyes: ReadonlyMap<ConnectionId, { readonly id: ConnectionId }>;
  readonly blocked: ReadonlyMap<UserId, { readonly id: UserId; readonly until: number }>;
  /** When the first of the blocks ends; undefined without one. */
  readonly unblock: number | undefined;
  readonly options: LogOptions;
};

/** A room's log before its first fact. `epoch`: one that this room never had; `born`: wall-clock milliseconds. */
export function emptyLog<M>(epoch: number, born: number, options: LogOptions): LogState<M> {
  return {
    born,
    room: { ...emptyRoom<M>(), epoch },
    window: [],
    floor: 0,
    owners: emptyMap(),
    tags: emptyMap(),
    goodbyes: emptyMap(),
    blocked: emptyMap(),
    unblock: undefined,
    options,
  };
}

type Tables<M> = { -readonly [K in "owners" | "tags" | "goodbyes" | "blocked" | "unblock"]: LogState<M>[K] };
type Batch<M> = Tables<M> & { readonly log: LogState<M>; readonly now: number; readonly room: Draft<M>; readonly owner: Owner; readonly entries: LogEntry<M>[] };

/**
 * Makes facts of the ops, in order, and refuses those that can't be (each refusal names the op's index and uses no seq).
 * `now`: wall-clock milliseconds. The log is the same reference when nothing came of it.
 */
export function append<M>(log: LogState<M>, ops: readonly Op<M>[], now: number): Appended<M> & { readonly log: LogState<M> } {
  const owner: Owner = {};
  const { room, owners, tags, goodbyes } = log;
  const { users, connectionCount, digest } = room;
  const batch: Batch<M> = { log, now, room: { users, connectionCount, digest }, owner, entries: [], owners, tags, goodbyes, ...blocksAt(log, now) };
  const refused: { op: number; code: RefusalCode }[] = [];
  const turned = new Map<UserId, number>();
  for (const [i, op] of ops.entries()) {
    if (op.type === "block") {
      block(batch, op.user, op.until);
      continue;
    }
    const code = take(batch, op, turned);
    if (code) refused.push({ op: i, code });
  }
  const { entries } = batch;
  const facts = entries.map((entry) => entry.fact);
  const seq = room.seq + facts.length;
  const next: LogState<M> = {
    ...log,
    ...slide(batch),
    room: { epoch: room.epoch, seq, digest: batch.room.digest, users: batch.room.users, connectionCount: batch.room.connectionCount, behind: undefined },
    owners: batch.owners,
    blocked: batch.blocked,
    unblock: batch.unblock,
  };
  const idle = facts.length === 0 && next.window === log.window && next.blocked === log.blocked;
  return {
    log: idle ? log : next,
    delta: facts.length === 0 ? undefined : { type: "delta", epoch: room.epoch, from: room.seq, to: seq, at: now, digest: next.room.digest, facts: lastOfEach(facts) },
    refused,
    turns: [...turned].map(([user, seq]) => ({ user, seq, present: next.room.users.has(user) })).filter(({ user, present }) => present !== users.has(user)),
  };
}

/**
 * What a follower that asks is told. A position is a claim: one that can't be checked, or is wrong, is answered with a snapshot.
 * `own`: former epochs that the same process made; of those it knows who did not come back.
 */
export function since<M>({ born, room, window, floor, options }: LogState<M>, { pos, full }: Ask, now: number, own: ReadonlySet<number> = NONE): Answer<M> {
  const { epoch, seq, digest } = room;
  // Epoch 0 is a room that knows nothing: it has nobody to keep.
  const stranger = pos !== undefined && pos.epoch !== 0 && pos.epoch !== epoch && !own.has(pos.epoch);
  if (stranger && now - born < options.settle) return { type: "later", ms: Math.min(options.settle, born + options.settle - now) };
  const index = pos?.epoch === epoch && !full ? pos.seq - (seq - window.length) : -1;
  const then = index === 0 ? floor : window[index - 1]?.digest;
  if (then === undefined || then !== pos?.digest) return toSnapshot(room, now);
  const facts = window.slice(index).map((entry) => entry.fact);
  const last = facts[facts.length - 1];
  if (!last) return { type: "heartbeat", epoch, seq, at: now, digest };
  return { type: "delta", epoch, from: pos.seq, to: seq, at: last.at, digest, facts: lastOfEach(facts) };
}

/** Makes an op a fact, or says why not. */
function take<M>(batch: Batch<M>, op: Exclude<Op<M>, { type: "block" }>, turned: Map<UserId, number>): RefusalCode | undefined {
  const { log, now, room, owner } = batch;
  const { conn } = op;
  const known = batch.owners.get(conn);
  const user = known ? room.users.get(known.user) : undefined;
  const connection = user?.connections.find((c) => c.conn === conn);
  // First of all: the retry of an op that was taken is a repeat, whatever happened since.
  if (op.type !== "disconnect" && (connection?.tag === op.tag || batch.tags.has(String(op.tag)))) return "repeat";
  if (batch.goodbyes.has(conn)) return "gone";
  if (op.type !== "connect" && !known) return "unknown";
  if (op.type !== "disconnect" && known && known.user !== op.user) return "user";
  if (op.type === "connect" && batch.blocked.has(op.user)) return "blocked";

  const id = op.type === "disconnect" ? (known?.user ?? "") : op.user;
  const stamp = { epoch: log.room.epoch, seq: log.room.seq + batch.entries.length + 1, at: now, conn, user: id };
  let fact: Fact<M>;
  if (op.type === "disconnect") {
    fact = { type: "disconnect", ...stamp, reason: op.reason };
    batch.owners = drop(batch.owners, conn, owner);
    batch.goodbyes = put(batch.goodbyes, { id: conn }, owner);
  } else {
    fact = { type: "connect", ...stamp, tag: op.tag, ...ageOf(op, connection, room.users.get(id)?.since, stamp.seq, now), meta: op.meta };
    batch.owners = known ? batch.owners : put(batch.owners, { id: conn, user: id }, owner);
    batch.tags = put(batch.tags, { id: String(op.tag) }, owner);
  }
  const present = room.users.has(id);
  applyFact(room, fact, owner);
  if (present !== room.users.has(id)) turned.set(id, stamp.seq);
  batch.entries.push({ fact, digest: room.digest });
  return undefined;
}

function ageOf<M>(op: Op<M>, known: Connection<M> | undefined, here: number | undefined, seq: number, now: number): { first: number; since: number } {
  if (known) return { first: known.first, since: known.since };
  const claimed = op.type === "connect" ? op.since : undefined;
  return { first: seq, since: here ?? Math.min(claimed ?? now, now) };
}

/** The window with the batch's facts in it and what is too old or too much out of it, and the tables that follow it. */
function slide<M>({ log, now, owner, entries, tags, goodbyes }: Batch<M>): Pick<LogState<M>, "window" | "floor" | "tags" | "goodbyes"> {
  const { window: size, windowAge } = log.options;
  const window = entries.length === 0 ? log.window : log.window.concat(entries);
  let { floor } = log;
  let gone = 0;
  for (const { fact, digest } of window) {
    if (window.length - gone <= size && now - fact.at <= windowAge) break;
    if (fact.type === "connect") tags = drop(tags, String(fact.tag), owner);
    else goodbyes = drop(goodbyes, fact.conn, owner);
    floor = digest;
    gone++;
  }
  return { window: gone === 0 ? window : window.slice(gone), floor, tags, goodbyes };
}

/** Keeps a user's connects out until then; a time that has passed lifts the block. */
function block<M>(batch: Batch<M>, user: UserId, until: number): void {
  if (until > batch.now) {
    batch.blocked = put(batch.blocked, { id: user, until }, batch.owner);
    batch.unblock = Math.min(batch.unblock ?? until, until);
  } else batch.blocked = drop(batch.blocked, user, batch.owner);
}

/** The blocks without those that have ended. They are only looked through once one has. */
export function blocksAt<M>({ blocked, unblock }: LogState<M>, now: number): Pick<LogState<M>, "blocked" | "unblock"> {
  if (unblock === undefined || now < unblock) return { blocked, unblock };
  let next: number | undefined;
  for (const { id, until } of blocked.values()) {
    if (until <= now) blocked = drop(blocked, id);
    else next = Math.min(next ?? until, until);
  }
  return { blocked, unblock: next };
}

/** The last fact of each connection, in the order of their seq. */
function lastOfEach<M>(facts: readonly Fact<M>[]): Delta<M>["facts"] {
  if (facts.length < 2) return facts;
  const last = new Map<ConnectionId, number>();
  for (const { conn, seq } of facts) last.set(conn, seq);
  return facts.filter(({ conn, seq }) => last.get(conn) === seq);
}
