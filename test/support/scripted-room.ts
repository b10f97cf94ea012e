import { addTag } from "../../src/core/digest.js";
import type { Connection, Delta, Disconnect } from "../../src/core/event.js";
import { reduce } from "../../src/core/reduce.js";
import { emptyRoom, type Room } from "../../src/core/room.js";
import { toSnapshot } from "../../src/core/snapshot.js";
import { encodeCount, encodeDelta, encodeHeartbeat, encodeSnapshot } from "../../src/protocol/encode.js";
import type { Pos, ServerMessage, ServerState } from "../../src/protocol/message.js";

export type ScriptedRoom = {
  /** One more connection; the delta that says so. */
  join(user: string, conn: string, meta?: unknown): ServerState;
  update(conn: string, meta: unknown): ServerState;
  leave(conn: string, reason?: Disconnect["reason"]): ServerState;
  snapshot(): ServerState;
  /** The snapshot in pages of one connection each. */
  pages(): readonly ServerState[];
  heartbeat(): ServerState;
  count(limited?: boolean): ServerState;
  pos(): Pos;
  joined(re: number | undefined, conn: string): ServerMessage;
  room(): Room<unknown>;
  /** Starts again, empty, in another epoch. */
  restart(epoch: number): void;
};

/** A room of a server that a test speaks for: each message is what a right server would say. */
export function scriptedRoom(name: string, epoch = 9): ScriptedRoom {
  let room = emptyRoom<unknown>();
  let tag = 0;
  const begin = (at: number): void => {
    room = reduce(emptyRoom(), { type: "snapshot", epoch: at, seq: 0, at: 0, digest: 0, connections: [] });
  };
  const find = (conn: string): Connection<unknown> => {
    for (const user of room.users.values()) for (const one of user.connections) if (one.conn === conn) return one;
    throw new Error(`no connection ${conn}`);
  };
  const say = (digest: number, fact: Delta<unknown>["facts"][number]): ServerState => {
    const delta: Delta<unknown> = { type: "delta", epoch: room.epoch, from: room.seq, to: room.seq + 1, at: fact.at, digest, facts: [fact] };
    room = reduce(room, delta);
    if (room.behind) throw new Error("the script is wrong");
    return encodeDelta(name, delta);
  };
  const base = (): { epoch: number; seq: number; at: number } => ({ epoch: room.epoch, seq: room.seq + 1, at: 5_000 + room.seq });
  const pos = (): Pos => [room.epoch, room.seq, room.digest];
  begin(epoch);
  return {
    join(user, conn, meta = null) {
      const { seq, at } = base();
      const since = room.users.get(user)?.since ?? at;
      return say(addTag(room.digest, ++tag), { type: "connect", ...base(), conn, user, tag, first: seq, since, meta });
    },
    update(conn, meta) {
      const was = find(conn);
      return say(addTag(room.digest, ++tag - was.tag), { type: "connect", ...base(), conn, user: was.user, tag, first: was.first, since: was.since, meta });
    },
    leave(conn, reason = "leave") {
      const was = find(conn);
      return say(addTag(room.digest, -was.tag), { type: "disconnect", ...base(), conn, user: was.user, reason });
    },
    snapshot: () => encodeSnapshot(name, toSnapshot(room, 9_000), Infinity)[0]!,
    pages: () => encodeSnapshot(name, toSnapshot(room, 9_000), 1),
    heartbeat: () => encodeHeartbeat(name, 9_000, room),
    count: (limited = false) => encodeCount(name, room, room.users.size, room.connectionCount, limited),
    pos,
    joined: (re, conn) => ({ type: "joined", room: name, conn, user: find(conn).user, pos: pos(), ...(re === undefined ? {} : { re }) }),
    room: () => room,
    restart: begin,
  };
}
