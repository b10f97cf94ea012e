import type { ConnectionId, Reason, RoomName, UserId } from "../core/event.js";

/** The version of the protocol that this code speaks. */
export const PROTOCOL_VERSION = 1;

/** What a watcher is told of a room: everyone in it, the two counts, or nothing. */
export type Watch = "users" | "count" | "none";

/** A position on the wire: epoch, seq, digest. */
export type Pos = readonly [epoch: number, seq: number, digest: number];

/**
 * A connection on the wire. `stay`: by how many ms its `since` lies before the message's `at`; `age`: by how much its `first`
 * lies before the seq of the fact or snapshot that it is in. What is 0 at the end is left out.
 */
export type WireConnection = readonly [conn: ConnectionId, user: UserId, tag: number, meta: unknown, stay?: number, age?: number];
/** A connect or an update on the wire: its seq as an offset from the delta's `from`; its `at` is the delta's. */
export type WireOn = readonly [offset: number, ...connection: WireConnection];
/** A goodbye on the wire. */
export type WireOff = readonly [offset: number, conn: ConnectionId, user: UserId, reason: Reason];

/** What clients say. `n` counts up over all rooms and links of a client and never starts over. */
export type ClientMessage =
  | { readonly type: "hello"; readonly v: readonly number[]; readonly features: readonly string[] }
  | {
      readonly type: "join";
      readonly n: number;
      readonly room: RoomName;
      readonly watch: Watch;
      readonly present: boolean;
      readonly meta?: unknown;
      readonly pos?: Pos | undefined;
      readonly full?: boolean | undefined;
    }
  | { readonly type: "update"; readonly n: number; readonly room: RoomName; readonly meta: unknown }
  | { readonly type: "leave"; readonly n: number; readonly room: RoomName }
  | { readonly type: "sync"; readonly n: number; readonly room: RoomName; readonly pos?: Pos | undefined; readonly full?: boolean | undefined }
  | { readonly type: "ping"; readonly n: number };

/** Bounds that the server holds its clients to. Bytes of UTF-8, UTF-16 units for ids, messages a second. */
export type WireLimits = {
  readonly meta: number;
  readonly frame: number;
  readonly id: number;
  readonly rooms: number;
  readonly rate: number;
};

/** Why a stay in a room, or the watching of it, was ended by the server. */
export type EndReason = "kicked" | "refused" | "full" | "logout" | "error";

/** What servers say: acknowledgements and news, at once, ahead of states. */
export type ServerNotice =
  | {
      readonly type: "welcome";
      readonly v: number;
      /** After so many ms of silence the server takes the link for dead; the client pings three times as often. */
      readonly lease: number;
      /** A watched room is heard of at least once in so many ms. */
      readonly every: number;
      /** Spread what everybody would ask at once over so many ms. */
      readonly jitter: number;
      readonly limits: WireLimits;
    }
  /**
   * Acknowledges a `join` or `update`; without `re` the server joined the link, or announced it again.
   * `conn`, `user` and `pos` (where the log stood with the connection in it) are there when it is present.
   * States that follow are of the mode that was asked for.
   */
  | { readonly type: "joined"; readonly re?: number; readonly room: RoomName; readonly conn?: ConnectionId; readonly user?: UserId; readonly pos?: Pos }
  /** Acknowledges a `sync`: the state that follows is at least as new as the request. */
  | { readonly type: "synced"; readonly re: number; readonly room: RoomName }
  /** `retry`: false = not by itself; a number of ms = then; true = at the next `welcome`. */
  | { readonly type: "ended"; readonly re?: number; readonly room: RoomName; readonly conn?: ConnectionId; readonly reason: EndReason; readonly code: string; readonly message: string; readonly retry: boolean | number }
  | { readonly type: "error"; readonly code: string; readonly re?: number; readonly room?: RoomName; readonly message: string; readonly retryAfter?: number }
  | { readonly type: "pong"; readonly re: number }
  | { readonly type: "bye"; readonly reason: string; readonly reconnectWithin: number };

/** What servers say of a room's state. They carry no number: one encoding serves all who stand alike. */
export type ServerState =
  | {
      readonly type: "snapshot";
      readonly room: RoomName;
      readonly pos: Pos;
      readonly at: number;
      readonly connections: readonly WireConnection[];
      /** Page `i` (from 0) of `of`, all at one position. */
      readonly page?: readonly [i: number, of: number];
    }
  | {
      readonly type: "delta";
      readonly room: RoomName;
      readonly from: number;
      /** Where it leads, and the digest there. */
      readonly pos: Pos;
      readonly at: number;
      readonly on: readonly WireOn[];
      readonly off: readonly WireOff[];
    }
  | { readonly type: "heartbeat"; readonly room: RoomName; readonly pos: Pos; readonly at: number }
  | {
      readonly type: "count";
      readonly room: RoomName;
      readonly pos: Pos;
      readonly users: number;
      readonly connections: number;
      /** `users` was asked for, and the room is too large for it. */
      readonly limited?: true;
    };

export type ServerMessage = ServerNotice | ServerState;
