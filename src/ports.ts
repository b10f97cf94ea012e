import type { Answer, Ask, Delta, RoomEvent, RoomName, UserId, ConnectionId, Reason } from "./core/event.js";
import type { Room } from "./core/room.js";
import type { ClientMessage, ServerMessage } from "./protocol/message.js";

/** Ends what it was returned for. Calling it again does nothing. */
export type Stop = () => void;

/** Where time comes from. */
export interface Clock {
  /** Milliseconds of a wall clock; it may jump either way. */
  now(): number;
  /** Calls `run` once after `ms`; such a timer never keeps a process alive. */
  after(ms: number, run: () => void): Stop;
}

/** Where chance comes from: a number in [0, 1). */
export type Random = () => number;

/** A wish of a host, not yet numbered. `block` takes no seq. */
export type Op<M> =
  | { readonly type: "connect"; readonly conn: ConnectionId; readonly user: UserId; readonly tag: number; readonly meta: M; readonly since?: number }
  | { readonly type: "update"; readonly conn: ConnectionId; readonly user: UserId; readonly tag: number; readonly meta: M }
  | { readonly type: "disconnect"; readonly conn: ConnectionId; readonly reason: Reason }
  | { readonly type: "block"; readonly user: UserId; readonly until: number };

/** Why a log took no notice of an op. */
export type RefusalCode = "repeat" | "gone" | "unknown" | "user" | "blocked";

/** What became of a batch of ops. */
export type Appended<M> = {
  /** What became true, from the room before to the room after; undefined when nothing did. */
  readonly delta: Delta<M> | undefined;
  /** `op` is the index into the batch. */
  readonly refused: readonly { readonly op: number; readonly code: RefusalCode }[];
  /** Users who turned from absent to present, or back, by this batch: on one host only, each once. */
  readonly turns: readonly { readonly user: UserId; readonly seq: number; readonly present: boolean }[];
};

/** The authority that numbers the facts of rooms: `memoryLog()`, or one shared by several processes. */
export interface Log<M> {
  append(room: RoomName, ops: readonly Op<M>[]): Appended<M> | Promise<Appended<M>>;
  since(room: RoomName, ask: Ask): Answer<M> | Promise<Answer<M>>;
  /** This process's own fold of a room that it follows; undefined of any other. */
  room(room: RoomName): Room<M> | undefined;
  /** Hears each event of a room, with the fold before and after it, until stopped. */
  follow(room: RoomName, hear: (event: RoomEvent<M>, before: Room<M>, after: Room<M>) => void): Stop;
  /** Starts a room again, empty, in a new epoch; its followers hear a snapshot. */
  restart(room: RoomName): void | Promise<void>;
}

/** The server's way out to peers of one kind: one for each attached server, so that a message is encoded once. */
export interface Wire<P> {
  /**
   * Sends the messages, in order, to each of the peers.
   * Returns those that were sent nothing because they can take no more now; they are owed it until `link.ready()`.
   */
  send(peers: readonly P[], messages: readonly ServerMessage[]): readonly P[];
  /** Ends a peer's socket: its lease ran out (`"timeout"`), or the server drains (`"drain"`). */
  close(peer: P, code: "timeout" | "drain"): void;
  /** Whether the peer's socket is really open now. */
  open(peer: P): boolean;
}

/** What a `Transport` tells its listener. After `down` no message of that link is delivered. */
export type TransportListener = {
  up(): void;
  /** `retrying`: whether the transport will come back by itself. */
  down(reason: string, retrying: boolean): void;
  /** One message, already parsed, in the order in which it was sent. */
  message(message: unknown): void;
};

/** The client's way to the server. */
export interface Transport {
  readonly up: boolean;
  /** Sends nothing while down. */
  send(message: ClientMessage): void;
  /** "Doubt your socket": a transport that owns its socket opens another; one that shares it does nothing. `away`: the page is put away, and asks again when it is back; until then none is wanted. */
  probe(away?: boolean): void;
  /** At most one listener; a transport that is up calls `up` at once. The stop ends what the transport owns. */
  listen(listener: TransportListener): Stop;
}
