import type { Connection, Delta, Position, RoomName, Snapshot } from "../core/event.js";
import type { Pos, ServerState, WireConnection, WireOff, WireOn } from "./message.js";
import { utf8Length } from "./size.js";

/**
 * A delta as it is sent. Numbers that repeat across facts travel as small differences:
 * a fact's seq from the delta's `from`, a connection's `first` back from its fact, `since` back from `at`.
 * Throws a TypeError for a delta that names no digest: followers would have nothing to check themselves by.
 */
export function encodeDelta<M>(room: RoomName, delta: Delta<M>): ServerState {
  const { epoch, from, to, at, digest, facts } = delta;
  if (digest === undefined) throw new TypeError("A delta that is sent names its digest.");
  const on: WireOn[] = [];
  const off: WireOff[] = [];
  for (const fact of facts) {
    if (fact.type === "connect") on.push([fact.seq - from, ...encodeConnection(fact, fact.seq, at)]);
    else off.push([fact.seq - from, fact.conn, fact.user, fact.reason]);
  }
  return { type: "delta", room, from, pos: [epoch, to, digest], at, on, off };
}

/**
 * A snapshot as it is sent: one message, or, where its JSON would take more than `maxBytes` of UTF-8, pages of at most that size.
 * Only a connection that is too large by itself makes a page larger than that.
 */
export function encodeSnapshot<M>(room: RoomName, snapshot: Snapshot<M>, maxBytes: number): readonly ServerState[] {
  const { seq, at } = snapshot;
  const pos = toPos(snapshot);
  const all = snapshot.connections.map((connection) => encodeConnection(connection, seq, at));
  const message = (connections: readonly WireConnection[]) => ({ type: "snapshot", room, pos, at, connections }) as const;
  const most = all.length;
  const envelope = utf8Length(JSON.stringify({ ...message([]), page: [most, most] }));
  const pages: WireConnection[][] = [];
  let left = 0;
  for (const connection of all) {
    const bytes = utf8Length(JSON.stringify(connection)) + 1;
    const page = pages.at(-1);
    if (page && bytes <= left) page.push(connection);
    else {
      pages.push([connection]);
      left = maxBytes - envelope;
    }
    left -= bytes;
  }
  if (pages.length < 2) return [message(all)];
  return pages.map((connections, i) => ({ ...message(connections), page: [i, pages.length] as const }));
}

/** A heartbeat as it is sent. `at`: wall-clock milliseconds. */
export function encodeHeartbeat(room: RoomName, at: number, position: Position): ServerState {
  return { type: "heartbeat", room, pos: toPos(position), at };
}

/** The two counts as they are sent. `limited`: `users` was asked for, and the room is too large for it. */
export function encodeCount(room: RoomName, position: Position, users: number, connections: number, limited: boolean): ServerState {
  return { type: "count", room, pos: toPos(position), users, connections, ...(limited && { limited }) };
}

export function toPos({ epoch, seq, digest }: Position): Pos {
  return [epoch, seq, digest];
}

export function fromPos([epoch, seq, digest]: Pos): Position {
  return { epoch, seq, digest };
}

function encodeConnection<M>({ conn, user, tag, first, since, meta }: Connection<M>, seq: number, at: number): WireConnection {
  const age = seq - first;
  const stay = at - since;
  // Whoever has just come has neither.
  if (age) return [conn, user, tag, meta, stay, age];
  return stay ? [conn, user, tag, meta, stay] : [conn, user, tag, meta];
}
