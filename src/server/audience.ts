import type { Ask, ConnectionId, Fact, Position, RoomName } from "../core/event.js";
import type { Room } from "../core/room.js";
import type { Stop, Wire } from "../ports.js";
import type { ServerNotice, ServerState, Watch } from "../protocol/message.js";
import type { LinkId } from "./host-input.js";
import type { Heard } from "./ledger.js";

/** A link as the fan-out knows it. */
export type Listener = {
  readonly id: LinkId;
  readonly wire: Wire<unknown>;
  readonly peer: unknown;
  /** The transport takes no more now: states are owed, not sent. */
  slow: boolean;
  readonly notify: (notice: ServerNotice) => void;
};

/** What a link asked to be told of a room, and up to where it was told. */
export type Watcher = {
  readonly link: Listener;
  readonly wants: Watch;
  /** Where it stands by our word; undefined while we can't know. */
  at: Position | undefined;
  /** A request without an answer, and its number. */
  ask: { readonly ask: Ask; readonly re: number | undefined } | undefined;
  /** An answer of the log that is on its way. */
  waits: object | undefined;
  /** Encoded for it already: pages that it could not take yet, or an answer that came between two boundaries. */
  pages: readonly ServerState[];
  /** Counted though it wants the list, for the room is too large. */
  limited: boolean;
  /** The count that it was told last. */
  counted: ServerState | undefined;
  /** Settling: told nothing of the room for so many ms from then, by the wall clock. */
  quiet: { readonly from: number; readonly ms: number } | undefined;
};

/** Whether it is told nothing yet. A clock that was put back keeps nobody waiting. */
export function isQuiet({ quiet }: Watcher, now: number): boolean {
  return quiet !== undefined && now >= quiet.from && now < quiet.from + quiet.ms;
}

/** Of `maxWatched`: a room that was too large is listed again once it has no more users than that. */
const LISTED_AGAIN = 0.9;

/** Whether a room is too large to be listed. Without a margin, one user who comes and goes would cost each watcher a whole list each time. */
export function isTooLarge({ large, head }: Pick<Audience<unknown>, "large" | "head">, maxWatched: number): boolean {
  return head.users.size > (large ? maxWatched * LISTED_AGAIN : maxWatched);
}

/** Takes in an event that watchers have not been told of. */
export function gather<M>(audience: Audience<M>, { event, before, after }: Heard<M>): void {
  audience.head = after;
  audience.at = event.at;
  // After a snapshot no delta leads on from the boundary; whoever stands there is answered from the log.
  if (event.type !== "delta" || before.epoch !== after.epoch) audience.pending = undefined;
  else {
    for (const fact of event.facts) {
      audience.pending?.delete(fact.conn);
      audience.pending?.set(fact.conn, fact);
    }
  }
}

/** The watchers of a room, and what they have not been told yet. */
export type Audience<M> = {
  readonly room: RoomName;
  /** Spreads heartbeats over time. */
  readonly slot: number;
  readonly watchers: Map<LinkId, Watcher>;
  /** The room as watchers were last told it, and as it is now. */
  boundary: Room<M>;
  head: Room<M>;
  /** Too large to be listed, as of the boundary. */
  large: boolean;
  /** Wall-clock ms of the last fact. */
  at: number;
  /** The last fact of every connection touched between the two, by seq; undefined where no delta leads on. Not bounded by the log's window. */
  pending: Map<ConnectionId, Fact<M>> | undefined;
  /** Whoever has nothing else to hear at the next boundary hears that we stand there. */
  due: boolean;
  /** Ends the open window; while one is open nobody is told a state. */
  window: Stop | undefined;
};
