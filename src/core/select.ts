import type { Ask } from "./event.js";
import type { Room, User } from "./room.js";

/** How many people are in the room. */
export function userCount<M>(room: Room<M>): number {
  return room.users.size;
}

/** How many connections they have there together. */
export function connectionCount<M>(room: Room<M>): number {
  return room.connectionCount;
}

/** The people of a room: who came first stands first, of the same moment by id (UTF-16). Sorts at each call. */
export function usersOf<M>(room: Room<M>): readonly User<M>[] {
  return [...room.users.values()].sort((a, b) => a.since - b.since || (a.id < b.id ? -1 : 1));
}

/** What to ask a log for when the room is behind; undefined when it isn't. */
export function askOf<M>(room: Room<M>): Ask | undefined {
  const { epoch, seq, digest, behind } = room;
  if (!behind) return undefined;
  const full = behind.reason === "epoch" || behind.reason === "drift";
  return epoch === 0 ? { full } : { pos: { epoch, seq, digest }, full };
}

/** A user's meta as their youngest connection shows it: the tab opened last. */
export function latest<M>(user: User<M>): M {
  return user.meta;
}

/** Whether any of a user's connections passes a test: active on one device is active. */
export function anyOf<M>(user: User<M>, test: (meta: M) => boolean): boolean {
  return user.connections.some((connection) => test(connection.meta));
}
