import type { Connect, Connection, Delta, Disconnect, Fact, Heartbeat, Reason, RoomEvent, Snapshot } from "../../src/core/event.js";
import { doubt, reduce } from "../../src/core/reduce.js";
import { emptyRoom, type Room } from "../../src/core/room.js";
import { freeze } from "../../src/testing/freeze.js";

export type Meta = { readonly s: string };
export const EPOCH = 9;

/** By default a tag of 1000 + seq, born with this fact, `since` 1000 × seq. */
export function on(seq: number, conn: string, user: string, more: Partial<Connect<Meta>> = {}): Connect<Meta> {
  return freeze({ type: "connect", epoch: EPOCH, seq, at: seq * 1000, conn, user, tag: 1000 + seq, first: seq, since: seq * 1000, meta: { s: conn }, ...more });
}

export function off(seq: number, conn: string, user: string, reason: Reason = "leave"): Disconnect {
  return freeze({ type: "disconnect", epoch: EPOCH, seq, at: seq * 1000, conn, user, reason });
}

export function delta(from: number, to: number, digest: number | undefined, facts: readonly Fact<Meta>[], epoch = EPOCH): Delta<Meta> {
  return freeze({ type: "delta", epoch, from, to, at: to * 1000, digest, facts });
}

export function heartbeat(seq: number, digest: number, epoch = EPOCH): Heartbeat {
  return freeze({ type: "heartbeat", epoch, seq, at: seq * 1000, digest });
}

export function connection(conn: string, user: string, first: number, more: Partial<Connection<Meta>> = {}): Connection<Meta> {
  return freeze({ conn, user, tag: 1000 + first, first, since: first * 1000, meta: { s: conn }, ...more });
}

export function snapshot(seq: number, connections: readonly Connection<Meta>[], more: { readonly epoch?: number; readonly digest?: number } = {}): Snapshot<Meta> {
  const sum = connections.reduce((digest, c) => digest + c.tag, 0);
  return freeze({ type: "snapshot", epoch: EPOCH, seq, at: seq * 1000, digest: sum, connections, ...more });
}

/** A room that heard these, from the beginning. */
export function roomOf(...events: readonly (RoomEvent<Meta> | "doubt")[]): Room<Meta> {
  return events.reduce<Room<Meta>>((room, event) => freeze(event === "doubt" ? doubt(room) : reduce(room, event)), freeze(emptyRoom<Meta>()));
}

/** All orders of the items; equal ones count once. */
export function permutations<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]];
  return [...new Set(items)].flatMap((item) => {
    const i = items.indexOf(item);
    return permutations(items.toSpliced(i, 1)).map((rest) => [item, ...rest]);
  });
}
