import type { Connection, Delta, UserId } from "./event.js";
import { emptyMap } from "./map.js";

/** A person in a room, with all of their connections there. */
export type User<M> = {
  readonly id: UserId;
  /** From when this user has been here without a break: the least of their connections'. */
  readonly since: number;
  /** That of the youngest connection (the greatest `first`), whatever was updated last. */
  readonly meta: M;
  /** By `first`, the oldest first; never empty. */
  readonly connections: readonly Connection<M>[];
};

/** Why a room can't be trusted, from the weakest reason to the strongest. */
export type BehindReason = "gap" | "link" | "epoch" | "drift";

/** What a room that missed something knows of it. */
export type Behind<M> = {
  readonly reason: BehindReason;
  /** The highest position heard of; `0, 0` after `doubt`. */
  readonly to: { readonly epoch: number; readonly seq: number };
  /** Deltas that wait for what lies before them, by epoch and `from`; at most 512 facts. */
  readonly held: readonly Delta<M>[];
};

/**
 * One room as known here. Compare, store and send it only as `toSnapshot(room)`:
 * `users` is a persistent map, whose iteration order promises nothing.
 */
export type Room<M> = {
  readonly epoch: number;
  readonly seq: number;
  readonly digest: number;
  readonly users: ReadonlyMap<UserId, User<M>>;
  readonly connectionCount: number;
  readonly behind: Behind<M> | undefined;
};

/** A room of which nothing is known: epoch 0, seq 0, digest 0. */
export function emptyRoom<M>(): Room<M> {
  return { epoch: 0, seq: 0, digest: 0, users: emptyMap<User<M>>(), connectionCount: 0, behind: undefined };
}
