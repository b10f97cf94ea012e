import { addTag } from "./digest.js";
import { applyFact, connect, type Draft } from "./draft.js";
import type { Delta, RoomEvent, Snapshot } from "./event.js";
import { sameJson } from "./json.js";
import { comparePoints, laterPoint, type Point } from "./position.js";
import { emptyRoom, type Behind, type BehindReason, type Room } from "./room.js";
import { usersOf } from "./select.js";

/** Facts that a room holds back for what lies before them; beyond that an answer is cheaper. */
const MAX_HELD_FACTS = 512;

/** How much is wrong, from nothing to the worst. */
const REASONS: readonly (BehindReason | undefined)[] = [undefined, "gap", "link", "epoch", "drift"];
const GAP = 1;
const LINK = 2;
const EPOCH = 3;
const DRIFT = 4;

/** How much is wrong with a room: 0 = it is not behind; a stronger reason has the higher number. */
export function rankOf({ behind }: Room<unknown>): number {
  return REASONS.indexOf(behind?.reason);
}

/** The room after an event; the same reference when the event changes nothing. Pure and total. */
export function reduce<M>(room: Room<M>, event: RoomEvent<M>): Room<M> {
  const { type, epoch } = event;
  if (type === "snapshot") return onSnapshot(room, event);
  if (type === "delta") return onDelta(room, event);
  const { seq, at } = event;
  if (type !== "heartbeat") return onDelta(room, { type: "delta", epoch, from: seq - 1, to: seq, at, digest: undefined, facts: [event] });
  if (epoch !== room.epoch) return judge(room, EPOCH, event);
  if (seq < room.seq) return room;
  return judge(room, seq > room.seq ? GAP : event.digest === room.digest ? 0 : DRIFT, event);
}

/** The room after all of the events, in order. */
export function reduceAll<M>(room: Room<M>, events: Iterable<RoomEvent<M>>): Room<M> {
  for (const event of events) room = reduce(room, event);
  return room;
}

/** The room, no longer trusted: a link came up, or the mode was switched, and something may have been missed. */
export function doubt<M>(room: Room<M>): Room<M> {
  return withBehind(room, { reason: REASONS[Math.max(rankOf(room), LINK)] as BehindReason, to: { epoch: 0, seq: 0 }, held: [] });
}

function onDelta<M>(room: Room<M>, delta: Delta<M>): Room<M> {
  const { epoch, from, to, digest = room.digest } = delta;
  const held = heldBy(room);
  if (epoch < room.epoch || held.some((d) => d.epoch === epoch && d.from === from && d.to === to)) return room;
  if (epoch > room.epoch || to > room.seq) return advance(room, held.length ? [...held, delta].sort((a, b) => a.epoch - b.epoch || a.from - b.from) : [delta]);
  // A repeat; what it says of the place where the room stands is as good as a heartbeat.
  return to === room.seq ? judge(room, digest === room.digest ? 0 : DRIFT, room) : room;
}

function onSnapshot<M>(room: Room<M>, snapshot: Snapshot<M>): Room<M> {
  const { epoch, seq, digest, connections } = snapshot;
  const { behind } = room;
  const order = comparePoints(snapshot, room);
  // At epoch 0 every snapshot is later.
  if (!behind && order <= 0) return room;
  if (behind?.reason === "gap" && order < 0) return room;
  // Without the look at `to`, a late snapshot would take a view back within its epoch.
  if (behind && epoch === room.epoch && order < 0 && comparePoints(behind.to, room) >= 0) return room;
  const next = roomAt({ ...emptyRoom<M>(), epoch }, seq);
  const owner = {};
  let listed = 0;
  for (const connection of connections) {
    listed = addTag(listed, connection.tag);
    connect(next, connection, owner);
  }
  // A connection listed twice counts twice in `listed`, so it can't hide.
  const reason = listed === digest && listed === next.digest ? "gap" : "drift";
  // What was heard of later, or is held, says whether that is all.
  const to = laterPoint(snapshot, behind?.to.epoch === epoch ? behind.to : snapshot);
  const after = advance({ ...next, behind: { reason, to, held: [] } }, heldBy(room).filter((delta) => delta.epoch === epoch));
  // A room that is still behind, and by the same, was told nothing new.
  return !order && sameJson([after.behind, usersOf(after)], [behind, usersOf(room)]) ? room : after;
}

/** Applies all that follow on, in the order of their starts; what lies beyond a hole waits. */
function advance<M>(room: Room<M>, deltas: readonly Delta<M>[]): Room<M> {
  const wait: Delta<M>[] = [];
  let heard: Point = room;
  let rank = 0;
  for (const delta of deltas) {
    const { epoch, from, to, digest } = delta;
    if (epoch > room.epoch || from > room.seq) {
      wait.push(delta);
      heard = laterPoint(heard, { epoch, seq: to });
      rank = Math.max(rank, epoch > room.epoch ? EPOCH : GAP);
    } else if (to > room.seq) {
      const next = roomAt(room, to);
      // A lone fact has nothing to edit twice, and its owner would stay in the nodes that it made.
      const owner = delta.facts.length > 1 ? {} : undefined;
      for (const fact of delta.facts) if (fact.seq > room.seq) applyFact(next, fact, owner);
      room = next;
      if (digest !== undefined && digest !== room.digest) rank = DRIFT;
    }
  }
  if (!rank && !room.behind) return room;
  let facts = 0;
  // A delta without facts takes room too.
  const kept = new Set([...wait].sort((a, b) => b.epoch - a.epoch || b.to - a.to).filter((delta) => (facts += delta.facts.length || 1) <= MAX_HELD_FACTS));
  return judge(room, rank, laterPoint(heard, room), wait.filter((delta) => kept.has(delta)));
}

/** The room, given how much is wrong and how far its log is known to reach. `gap` and `link` end there. */
function judge<M>(room: Room<M>, rank: number, heard: Point, held: readonly Delta<M>[] = heldBy(room)): Room<M> {
  const to = laterPoint(room.behind?.to ?? room, heard);
  rank = Math.max(rank, rankOf(room));
  return withBehind(room, rank > LINK || comparePoints(to, room) > 0 ? { reason: REASONS[rank] as BehindReason, to, held } : undefined);
}

function withBehind<M>(room: Room<M>, behind: Behind<M> | undefined): Room<M> {
  return sameJson(room.behind, behind) ? room : { ...room, behind };
}

function heldBy<M>(room: Room<M>): readonly Delta<M>[] {
  return room.behind?.held ?? [];
}

/** A copy to edit. Spreading a room costs more than a fact does. */
function roomAt<M>({ epoch, digest, users, connectionCount, behind }: Room<M>, seq: number): Draft<M> & Room<M> {
  return { epoch, seq, digest, users, connectionCount, behind };
}
