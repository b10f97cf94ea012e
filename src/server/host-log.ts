import type { Fact, Reason, RoomEvent, RoomName, Snapshot, UserId } from "../core/event.js";
import { put } from "../core/map.js";
import { addConnection, connectionOf, endConnection, putConnection, removeConnection, type HostDraft } from "./host-draft.js";
import type { HostConnection, HostRoom } from "./host.js";
import type { HostInput } from "./host-input.js";

/** What the log of a room said, as far as it concerns this process's own connections. */
export function hearLog<M>(draft: HostDraft<M>, name: RoomName, event: RoomEvent<M>): void {
  const room = draft.host.rooms.get(name);
  if (!room) return;
  switch (event.type) {
    case "snapshot":
      hearSnapshot(draft, room, event);
      return;
    case "delta":
      hearFacts(draft, room, event.epoch, event.to, event.facts);
      return;
    case "connect":
    case "disconnect":
      hearFacts(draft, room, event.epoch, event.seq, [event]);
      return;
    case "heartbeat":
      return;
  }
}

function hearFacts<M>(draft: HostDraft<M>, room: HostRoom<M>, epoch: number, to: number, facts: readonly Fact<M>[]): void {
  const { host, owner } = draft;
  // Of an epoch that is over, or of one whose snapshot is still to come.
  if (room.epoch !== 0 && epoch !== room.epoch) return;
  host.rooms = put(host.rooms, { ...room, epoch, seq: Math.max(room.seq, to) }, owner);
  for (const fact of facts) {
    const own = connectionOf(host, room.id, fact.conn);
    if (!own) continue;
    if (fact.type === "disconnect") lose(draft, own, fact.reason);
    else if (own.first === undefined) putConnection(draft, { ...own, first: fact.first, since: fact.since, lost: false });
  }
  // In a compacted delta a newer connection's connect may stand before an older one's update, which tells its age.
  for (const fact of facts) if (fact.type === "connect") release(draft, room.id, fact.user, fact.first);
}

function hearSnapshot<M>(draft: HostDraft<M>, room: HostRoom<M>, { epoch, seq, connections }: Snapshot<M>): void {
  const { host, owner } = draft;
  const another = room.epoch !== 0 && epoch !== room.epoch;
  host.rooms = put(host.rooms, { ...room, epoch, seq: another ? seq : Math.max(room.seq, seq) }, owner);
  const listed = new Map(connections.map((connection) => [connection.conn, connection]));
  for (const own of room.connections.values()) {
    const there = listed.get(own.id);
    if (another) moveOn(draft, own, there);
    else if (there && own.first === undefined) putConnection(draft, { ...own, first: there.first, since: there.since, lost: false });
    else if (!there && own.first !== undefined && own.first <= seq) lose(draft, own, "node-lost");
  }
  for (const { user, first } of connections) release(draft, room.id, user, first);
}

/** An own connection after its log began anew: it is in the new one already, or lost. */
function moveOn<M>(draft: HostDraft<M>, own: HostConnection<M>, there: { readonly first: number; readonly since: number } | undefined): void {
  const { id: conn, room, link } = own;
  // What others announce again is younger there than this one, but nobody's return: nothing ends this grace early.
  const vanished = own.vanished && { ...own.vanished, seq: Number.MAX_SAFE_INTEGER };
  putConnection(draft, there ? { ...own, vanished, first: there.first, since: there.since, lost: false } : { ...own, vanished, lost: true });
  if (!there && !own.lost) draft.lost.push({ link, room, conn, reason: "node-lost" });
}

/** An own connection's goodbye that was not asked for here. */
function lose<M>(draft: HostDraft<M>, own: HostConnection<M>, reason: Reason): void {
  const { id: conn, room, link } = own;
  if (reason === "kicked") {
    removeConnection(draft, own);
    draft.lost.push({ link, room, conn, reason });
  } else if (own.vanished) removeConnection(draft, own);
  else if (!own.lost) {
    putConnection(draft, { ...own, lost: true });
    draft.lost.push({ link, room, conn, reason: "node-lost" });
  }
}

/**
 * Ends the graces of a user who has come back: by a connection that is younger than the one in grace, and that was not
 * known when it vanished. Without the first, two tabs that vanish together would take each other for the return.
 */
function release<M>(draft: HostDraft<M>, room: RoomName, user: UserId, first: number): void {
  for (const conn of draft.host.rooms.get(room)?.vanished.get(user)?.conns ?? []) {
    const own = connectionOf(draft.host, room, conn);
    if (own?.vanished && own.first !== undefined && first > own.first && first > own.vanished.seq) endConnection(draft, own, "vanished");
  }
}

/** Gives connections that the log lost a new id, and says them again with everything they had. */
export function announce<M>(draft: HostDraft<M>, room: RoomName, fresh: Extract<HostInput<M>, { type: "announce" }>["fresh"]): void {
  for (const [old, { conn, tag }] of fresh) {
    const own = connectionOf(draft.host, room, old);
    if (!own?.lost || connectionOf(draft.host, room, conn)) continue;
    const { user, meta, first, since } = own;
    draft.ops.push({ room, op: { type: "connect", conn, user, tag, meta, ...(since === undefined ? undefined : { since }) } });
    // It was on its way when the log began anew, and may still arrive under its old id.
    if (first === undefined) draft.ops.push({ room, op: { type: "disconnect", conn: old, reason: "node-lost" } });
    // In this order, as a room is forgotten with its last connection.
    addConnection(draft, { ...own, id: conn, tag, first: undefined, lost: false });
    removeConnection(draft, own);
  }
}
