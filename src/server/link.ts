import type { RoomName, UserId } from "../core/event.js";
import type { Wire } from "../ports.js";
import type { Watch } from "../protocol/message.js";
import type { How, LinkId } from "./host-input.js";

/** Who a link is. Only the server says it; `user` becomes a string. */
export type Identity<M> = {
  readonly user: UserId | number;
  /** Laid over what the client gives: a client can't change it. */
  readonly meta?: Partial<M>;
  /** Kept by the server about this link, never sent; it is on `connected` and `disconnected` events. */
  readonly context?: unknown;
};

/** Who a link is, as `autoJoin` is given it. */
export type KnownIdentity<M> = Identity<M> & { readonly user: UserId };

/** What `authorize` is asked. */
export type AuthorizeRequest = { readonly user: UserId; readonly room: RoomName; readonly watch: Watch; readonly present: boolean };
/** What `autoJoin` answers. */
export type Rooms = RoomName | readonly RoomName[] | undefined;

/** What it answers; a code and a message are told to the client. */
export type Verdict = boolean | { readonly code: string; readonly message: string };

/** What an adapter gives for each socket. */
export type LinkOptions<M, P> = {
  readonly wire: Wire<P>;
  readonly peer: P;
  /** Milliseconds of silence that are forgiven; default: the registry's `lease`. */
  readonly lease?: number;
  /** Who it is, where that is known at once. */
  readonly user?: UserId | number;
  readonly meta?: Partial<M>;
  readonly context?: unknown;
  /** Asked once, at open, instead of `user`. undefined = not yet; `link.identify` tells later. */
  readonly identify?: (() => Identity<M> | undefined | Promise<Identity<M> | undefined>) | undefined;
  readonly authorize?: ((request: AuthorizeRequest) => Verdict | Promise<Verdict>) | undefined;
  /** Rooms that the link is in as soon as its user is known. */
  readonly autoJoin?: ((identity: KnownIdentity<M>) => Rooms | Promise<Rooms>) | undefined;
  /** The socket is ours alone: a text that is no frame of ours is answered as an error. */
  readonly exclusive?: boolean | undefined;
};

/** One socket, as the registry knows it. After `closed` every call does nothing. */
export interface Link<M> {
  readonly id: LinkId;
  readonly user: UserId | undefined;
  /** Logs in, changes user or meta, logs out (undefined). Resolves when the log has taken it, `autoJoin` too; never rejects. */
  identify(identity: Identity<M> | undefined): Promise<void>;
  /** One message of a client, parsed. */
  receive(message: unknown): void;
  /** One text of a socket: true when it was a frame of ours (`["hc", message, …]`). */
  frame(text: string): boolean;
  /** The transport can take more. */
  ready(): void;
  /** Something came in: it is alive. `receive` and `frame` say so themselves. */
  heard(): void;
  /** Puts the link into a room, whatever its client wants. Resolves to whether it is in, when the log has taken it; never rejects. */
  join(room: RoomName, options?: { readonly meta?: M }): Promise<boolean>;
  /** Changes what the link shows in a room. Resolves to whether it was taken; never rejects. */
  update(room: RoomName, meta: M): Promise<boolean>;
  /** Drops the server's claim; the link stays as long as its client wants to. */
  leave(room: RoomName): Promise<boolean>;
  closed(how: How): void;
}
