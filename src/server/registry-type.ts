import type { RoomName, Snapshot, UserId } from "../core/event.js";
import type { Room, User } from "../core/room.js";
import type { Stop } from "../ports.js";
import type { ErrorEvent, EventName, RegistryEvents } from "./events.js";
import type { Explanation } from "./explain.js";
import type { Link, LinkOptions } from "./link.js";
import type { RegistryNumbers } from "./options.js";
import type { RecordOptions } from "./recorder.js";

/** What a registry says of itself. */
export type Health = {
  readonly links: number;
  /** Connections in rooms that links of this process hold, those in grace too. */
  readonly connections: number;
  /** Rooms that are followed here. */
  readonly rooms: number;
  /** Links whose transport takes no more now. */
  readonly slow: number;
  /** Rooms with an append on its way. */
  readonly busy: number;
  readonly draining: boolean;
  readonly closed: boolean;
  /** How often each code was reported since the start. */
  readonly errors: readonly { readonly code: string; readonly count: number }[];
};

/** Who is in which room, as this process knows it. `Unknown` is undefined where the log is shared: a room that is not followed here is unknown, not empty. */
export interface Registry<M, Unknown = never> {
  readonly options: RegistryNumbers;
  /** Takes in a socket. Throws a coded error after `close`. */
  open<P>(options: LinkOptions<M, P>): Link<M>;
  /** Listens; returns its own stop. A listener that throws, or whose promise is rejected, is reported as `listener_failed`. `error` without a listener is warned of once for each code. */
  on<K extends EventName>(name: K, listener: (event: RegistryEvents<M>[K]) => unknown): Stop;
  userCount(room: RoomName): number | Unknown;
  connectionCount(room: RoomName): number | Unknown;
  /** Who came first stands first. */
  users(room: RoomName): readonly User<M>[] | Unknown;
  snapshot(room: RoomName): Snapshot<M> | Unknown;
  /** Rooms with somebody in them, as far as they are followed here. */
  rooms(): readonly RoomName[];
  isOnlineHere(user: UserId | number): boolean;
  roomsOfHere(user: UserId | number): readonly RoomName[];
  /** Follows a room until stopped; resolves when it is known. */
  follow(room: RoomName): Promise<{ readonly room: Room<M>; readonly stop: Stop }>;
  query(room: RoomName): Promise<Room<M>>;
  /** Removes a user from a room, or from all that are followed here; `block`: ms for which they may not be present again (whether they may watch is for `authorize` to say). Their sockets stay open. Who can't be told, as the line breaks just then, may return by the next join; `block` prevents that. */
  kick(user: UserId | number, room?: RoomName, options?: { readonly block?: number }): void;
  /** Sends everybody elsewhere within so many ms, without a goodbye. Resolves when they are gone, or the time is over. */
  drain(options: { readonly reconnectWithin: number }): Promise<void>;
  /** Why a user is shown in a room, or is not, in data and in words. Never throws. */
  explain(room: RoomName, user: UserId | number): Explanation;
  /**
   * Writes down what the pure parts are given from now on, as JSON lines: `replay` and `npx headcount replay` read them.
   * User ids, rooms' names and metas are in it (`options.meta` replaces metas); tokens, addresses and contexts are not. `sink` must not call the registry.
   * Returns what ends it. Costs nothing while nobody records. Throws a coded error after `close`.
   */
  record(sink: (line: string) => unknown, options?: RecordOptions<M>): Stop;
  /** Compares sockets, host and log now; returns how much was mended. */
  audit(): number;
  health(): Health;
  /** For adapters: marks a server as attached; `detach` is called at `close`. Throws when it is attached already. */
  attach(target: object, detach: Stop): Stop;
  /** For adapters: counts an error, and tells who listens to `error`. */
  report(error: ErrorEvent): void;
  /** Final. Sockets stay open; nothing is said. */
  close(): void;
}
