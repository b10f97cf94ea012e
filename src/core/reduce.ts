import { addTag } from "./digest.js";
import { applyFact, connect, type Draft } from "./draft.js";
import type { Delta, Heartbeat, RoomEvent, Snapshot } from "./event.js";
import { sameJson } from "./json.js";
import { emptyMap } from "./map.js";
import { comparePoints, laterPoint } from "./position.js";
import type { Behind, BehindReason, Room, User } from "./room.js";
import { toSnapshot } from "./snapshot.js";

/** Facts that a room holds back for what lies before them; beyond that an answer is cheaper. */
const MAX_HELD_FACTS = 512;

const RANK = { gap: 1, link: 2, epoch: 3, drift: 4 };

/** The room after an event; the same reference when the event changes nothing. Pure and total. */
export function reduce<M>(room: Room<M>, event: RoomEvent<M>): Room<M> {
  switch (event.type) {
    case "connect":
    case "disconnect": {
      const { epoch, seq, at } = event;
      return onDelta(room, { type: "delta", epoch, from: seq - 1, to: seq, at, digest: undefined, facts: [event] });
    }
    case "delta":
      return onDelta(room, event);
    case "snapshot":
      return onSnapshot(room, event);
    case "heartbeat":
      return onHeartbeat(room, event);
  }
}

/** The room after all of the events, in order. */
export function reduceAll<M>(room: Room<M>, events: Iterable<RoomEvent<M>>): Room<M> {
  for (const event of events) room = reduce(room, event);
  return room;
}

/** The room, no longer trusted: a link came up, or the mode was switched, and something may have been missed. */
export function doubt<M>(room: Room<M>): Room<M> {
  const { behind } = room;
  const reason = stronger(behind?.reason, "link");
  if (behind?.reason === reason && behind.to.epoch === 0 && behind.held.length === 0) return room;
  return { ...room, behind: { reason, to: { epoch: 0, seq: 0 }, held: [] } };
}

function onDelta<M>(room: Room<M>, delta: Delta<M>): Room<M> {
  if (delta.epoch < room.epoch) return room;
  if (delta.epoch > room.epoch || delta.from > room.seq) return hold(room, delta);
  if (delta.to > room.seq) return judge(fold(room, delta), room.behind, room.behind?.held ?? [], delta);
  // A repeat; what it says of the place where the room stands is as good as a heartbeat.
  return delta.to === room.seq ? agree(room, delta.digest ?? room.digest) : room;
}

function onHeartbeat<M>(room: Room<M>, { epoch, seq, digest }: Heartbeat): Room<M> {
  if (epoch !== room.epoch) return fallBehind(room, "epoch", { epoch, seq });
  if (seq > room.seq) return fallBehind(room, "gap", { epoch, seq });
  return seq === room.seq ? agree(room, digest) : room;
}

function onSnapshot<M>(room: Room<M>, snapshot: Snapshot<M>): Room<M> {
  const { behind } = room;
  const order = comparePoints(snapshot, room);
  if (room.epoch !== 0) {
    if (!behind && order <= 0) return room;
    if (behind?.reason === "gap" && order < 0) return room;
    // Without the look at `to`, a late snapshot would take a view back within its epoch.
    if (behind && snapshot.epoch === room.epoch && order < 0 && comparePoints(behind.to, room) >= 0) return room;
  }
  const draft: Draft<M> = { users: emptyMap<User<M>>(), connectionCount: 0, digest: 0, owner: {} };
  let listed = 0;
  for (const connection of snapshot.connections) {
    listed = addTag(listed, connection.tag);
    connect(draft, connection);
  }
  const { users, connectionCount, digest } = draft;
  const next: Room<M> = { epoch: snapshot.epoch, seq: snapshot.seq, digest, users, connectionCount, behind: undefined };
  const held = (behind?.held ?? []).filter((delta) => delta.epoch === snapshot.epoch);
  let to = laterPoint(snapshot, behind?.to.epoch === snapshot.epoch ? behind.to : snapshot);
  for (const delta of held) to = laterPoint(to, { epoch: delta.epoch, seq: delta.to });
  // A connection listed twice counts twice in `listed`, so it can't hide.
  const reason = listed === snapshot.digest && listed === digest ? "gap" : "drift";
  const after = judge(next, { reason, to, held: [] }, held, undefined);
  // A room that is still behind, and by the same, was told nothing new.
  return order === 0 && sameJson([after.behind, toSnapshot(after)], [behind, toSnapshot(room)]) ? room : after;
}

/** Applies what a delta has to tell to a room between its ends. */
function fold<M>(room: Room<M>, delta: Delta<M>): Room<M> {
  const { users, connectionCount, digest } = room;
  // A lone fact has nothing to edit twice, and its owner would stay in the nodes that it made.
  const draft: Draft<M> = { users, connectionCount, digest, owner: delta.facts.length > 1 ? {} : undefined };
  for (const fact of delta.facts) if (fact.seq > room.seq) applyFact(draft, fact);
  return { epoch: room.epoch, seq: delta.to, digest: draft.digest, users: draft.users, connectionCount: draft.connectionCount, behind: undefined };
}

/**
 * Decides what a room that moved is still behind by: `last` brought it here, `behind` is what it was behind by,
 * and what was held may follow on now.
 */
function judge<M>(room: Room<M>, behind: Behind<M> | undefined, held: readonly Delta<M>[], last: Delta<M> | undefined): Room<M> {
  let drifted = last?.digest !== undefined && last.digest !== room.digest;
  const wait: Delta<M>[] = [];
  for (const delta of held) {
    if (delta.epoch !== room.epoch || delta.from > room.seq) wait.push(delta);
    else if (delta.to > room.seq) {
      room = fold(room, delta);
      drifted ||= delta.digest !== undefined && delta.digest !== room.digest;
    }
  }
  const reason = drifted ? "drift" : behind?.reason;
  if (!reason) return room;
  const to = laterPoint(behind?.to ?? room, room);
  if (RANK[reason] < RANK.epoch && comparePoints(to, room) <= 0) return room;
  return { ...room, behind: { reason, to, held: wait } };
}

/** The room that was told what it should sum to where it stands. */
function agree<M>(room: Room<M>, digest: number): Room<M> {
  const { behind } = room;
  if (digest !== room.digest) return fallBehind(room, "drift", room);
  if (!behind) return room;
  if (RANK[behind.reason] >= RANK.epoch || comparePoints(behind.to, room) > 0) return fallBehind(room, behind.reason, room);
  return { ...room, behind: undefined };
}

function fallBehind<M>(room: Room<M>, because: BehindReason, heard: { epoch: number; seq: number }): Room<M> {
  const { behind } = room;
  const reason = stronger(behind?.reason, because);
  const to = laterPoint(behind?.to ?? room, heard);
  if (behind?.reason === reason && comparePoints(behind.to, to) === 0) return room;
  return { ...room, behind: { reason, to, held: behind?.held ?? [] } };
}

function hold<M>(room: Room<M>, delta: Delta<M>): Room<M> {
  const before = room.behind?.held ?? [];
  const next = fallBehind(room, delta.epoch > room.epoch ? "epoch" : "gap", { epoch: delta.epoch, seq: delta.to });
  if (before.some((d) => d.epoch === delta.epoch && d.from === delta.from && d.to === delta.to)) return next;
  let held = [...before, delta].sort((a, b) => a.epoch - b.epoch || a.from - b.from);
  // A delta without facts takes room too.
  for (let facts = held.reduce((sum, d) => sum + (d.facts.length || 1), 0); facts > MAX_HELD_FACTS; ) {
    const least = held.reduce((a, b) => (comparePoints({ epoch: a.epoch, seq: a.to }, { epoch: b.epoch, seq: b.to }) <= 0 ? a : b));
    facts -= least.facts.length || 1;
    held = held.filter((d) => d !== least);
  }
  const same = held.length === before.length && held.every((d, i) => d === before[i]);
  return same ? next : { ...next, behind: { ...(next.behind as Behind<M>), held } };
}

function stronger(a: BehindReason | undefined, b: BehindReason): BehindReason {
  return a && RANK[a] >= RANK[b] ? a : b;
}
