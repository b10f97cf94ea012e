/** Who a person is: any string. Only the server says it. */
export type UserId = string;
/** One stay of one link in one room. Minted for each join, never used again. */
export type ConnectionId = string;
/** A room's name: any string. */
export type RoomName = string;

/** Why a connection ended. */
export type Reason = "leave" | "vanished" | "timeout" | "kicked" | "node-lost";

/** A connection came; of a connection already known, its update. */
export type Connect<M> = {
  readonly type: "connect";
  readonly epoch: number;
  /** The fact's number in its epoch: 1, 2, 3 … without a hole. */
  readonly seq: number;
  /** Wall-clock milliseconds of whoever appended the fact. Shown, never compared with a local clock. */
  readonly at: number;
  readonly conn: ConnectionId;
  readonly user: UserId;
  /** A random integer in 1 … 2^48-1: idempotency key, content id and digest term in one. */
  readonly tag: number;
  /** The seq of this connection's first connect: its age. */
  readonly first: number;
  /** From when its user has been here without a break, in wall-clock milliseconds. */
  readonly since: number;
  readonly meta: M;
};

/** A connection went. */
export type Disconnect = {
  readonly type: "disconnect";
  readonly epoch: number;
  readonly seq: number;
  readonly at: number;
  readonly conn: ConnectionId;
  readonly user: UserId;
  readonly reason: Reason;
};

/** What a room's log made true, numbered. */
export type Fact<M> = Connect<M> | Disconnect;

/** The last fact of every connection touched after `from`, up to and with `to`. */
export type Delta<M> = {
  readonly type: "delta";
  readonly epoch: number;
  readonly from: number;
  readonly to: number;
  readonly at: number;
  /** The room's digest at `to`; undefined where none is named (a lone fact), then none is compared. */
  readonly digest: number | undefined;
  /** In the order of their seq. */
  readonly facts: readonly Fact<M>[];
};

/** A connection as a room holds it. */
export type Connection<M> = {
  readonly conn: ConnectionId;
  readonly user: UserId;
  readonly tag: number;
  readonly first: number;
  readonly since: number;
  readonly meta: M;
};

/** A whole room at a position. It replaces, it never merges. */
export type Snapshot<M> = {
  readonly type: "snapshot";
  readonly epoch: number;
  readonly seq: number;
  readonly at: number;
  readonly digest: number;
  readonly connections: readonly Connection<M>[];
};

/** "My log stands here, and sums to this." */
export type Heartbeat = {
  readonly type: "heartbeat";
  readonly epoch: number;
  readonly seq: number;
  readonly at: number;
  readonly digest: number;
};

/** All that `reduce` takes. */
export type RoomEvent<M> = Fact<M> | Delta<M> | Snapshot<M> | Heartbeat;

/** A point of a room's log, and what the room sums to there. */
export type Position = { readonly epoch: number; readonly seq: number; readonly digest: number };

/** What a follower that is behind says: where it stands, and whether only a snapshot will do. */
export type Ask = { readonly pos?: Position; readonly full: boolean };

/** What a log answers to an `Ask`; a heartbeat means "you have missed nothing", `later` means "ask again then". */
export type Answer<M> = Heartbeat | Delta<M> | Snapshot<M> | { readonly type: "later"; readonly ms: number };
