import type { AuthorizeRequest, Identity, KnownIdentity, Link, Rooms, Verdict } from "../../server/link.js";

/** The bound of socket.io's own types. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- with `unknown` an app's interface of events would not do
export type EventsMap = Record<string, any>;

/** Options of `attachSocketIo`; `S` is the app's type of socket. */
export type SocketIoOptions<M, S> = {
  /**
   * Who a socket is, asked once when it connects, after the app's middlewares; also of one that connection state recovery brought back, of which
   * only `socket.data` is left. undefined = not known yet: `presence.identify(socket, …)` tells.
   */
  readonly identify?: (socket: S) => Identity<M> | undefined | Promise<Identity<M> | undefined>;
  /** Whether a user may be in a room, or watch it. Without it clients reach only the rooms that the server puts them into. */
  readonly authorize?: (request: AuthorizeRequest & { readonly socket: S }) => Verdict | Promise<Verdict>;
  /** Rooms of presence that a socket is in as soon as its user is known. */
  readonly autoJoin?: (socket: S, identity: KnownIdentity<M>) => Rooms | Promise<Rooms>;
  /** The event that carries presence, both ways. Default `"headcount"`; a second registry on the same namespace needs another. */
  readonly channel?: string;
};

/** What `attachSocketIo` returns. */
export type SocketIoPresence<M, S> = {
  /** The link of a socket, from its `connect` event on. */
  readonly of: (socket: S) => Link<M> | undefined;
  /**
   * Login, another user, new meta; undefined = logout. Resolves when it is in the log, does nothing for a socket that is closed.
   * Rejects with a `TypeError` when the socket was never taken in.
   */
  readonly identify: (socket: S, identity: Identity<M> | undefined) => Promise<void>;
  /** Removes what was added and leaves the sockets open; their users are gone after the grace. */
  readonly detach: () => void;
};
