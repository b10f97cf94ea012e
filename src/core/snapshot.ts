import type { Snapshot } from "./event.js";
import type { Room } from "./room.js";
import { usersOf } from "./select.js";

/**
 * The room as plain JSON, in one order: equal rooms give equal snapshots. `reduce(emptyRoom(), toSnapshot(room))` has its content.
 * `at`: wall-clock milliseconds to stamp it with.
 */
export function toSnapshot<M>(room: Room<M>, at = 0): Snapshot<M> {
  const { epoch, seq, digest } = room;
  return { type: "snapshot", epoch, seq, at, digest, connections: usersOf(room).flatMap((user) => user.connections) };
}
