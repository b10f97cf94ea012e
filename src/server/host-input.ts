import type { ConnectionId, Reason, RoomEvent, RoomName, UserId } from "../core/event.js";
import type { Op } from "../ports.js";

/** A socket of this process: a tab, a device. Never sent to anybody. */
export type LinkId = string;

/** Who wants a link to be in a room. Its connection lives while either does. */
export type Claim = "client" | "server";

/** How a link ended. `vanished`: without a word, it gets grace. `drain`: we sent it away, it makes no fact for a while. */
export type How = "leave" | "vanished" | "timeout" | "drain";

/** All that can happen to a host. Plain data: a recorded run replays to the same state. */
export type HostInput<M> =
  /** The only input that carries time, with the links heard since the last one. `now`: any clock, in ms. */
  | { readonly type: "tick"; readonly now: number; readonly heard: readonly LinkId[] }
  /** `lease`: ms of silence that are forgiven. */
  | { readonly type: "open"; readonly link: LinkId; readonly lease: number }
  /** undefined = logout. Another user than before ends the link's connections. */
  | { readonly type: "identify"; readonly link: LinkId; readonly user: UserId | undefined }
  | { readonly type: "join"; readonly link: LinkId; readonly room: RoomName; readonly by: Claim; readonly conn: ConnectionId; readonly tag: number; readonly meta: M }
  | { readonly type: "update"; readonly link: LinkId; readonly room: RoomName; readonly tag: number; readonly meta: M }
  /** Drops one claim, or both where `by` is undefined. `reason` is the goodbye's, should it come to one. */
  | { readonly type: "leave"; readonly link: LinkId; readonly room: RoomName; readonly by: Claim | undefined; readonly reason: Reason }
  | { readonly type: "close"; readonly link: LinkId; readonly how: How }
  /** From now on a drained link vanishes after so many ms (0 until then). */
  | { readonly type: "drain"; readonly within: number }
  /** What the log of a room said: facts, deltas and snapshots, its own and others'. */
  | { readonly type: "log"; readonly room: RoomName; readonly event: RoomEvent<M> }
  /** The log refused the connect of this connection: it never was. */
  | { readonly type: "refused"; readonly room: RoomName; readonly conn: ConnectionId }
  /** Announces connections that the log lost again, each under a fresh id and tag. */
  | { readonly type: "announce"; readonly room: RoomName; readonly fresh: readonly (readonly [conn: ConnectionId, fresh: { readonly conn: ConnectionId; readonly tag: number }])[] };

/** An own connection that ended unasked: `kicked`, or lost by the log (`node-lost`: announce it again). */
export type Lost = { readonly link: LinkId | undefined; readonly room: RoomName; readonly conn: ConnectionId; readonly reason: Reason };

/** What a step says besides the next host: wishes for the log, links whose lease ran out, connections lost unasked. */
export type Said<M> = {
  readonly ops: readonly { readonly room: RoomName; readonly op: Op<M> }[];
  readonly expired: readonly LinkId[];
  readonly lost: readonly Lost[];
};
