import type { ConnectionId, RoomName, UserId } from "../core/event.js";
import type { Watch } from "../protocol/message.js";
import { connectionAt, connectionsIn, type Host, type HostConnection } from "./host.js";
import type { Claim, LinkId } from "./host-input.js";
import { inWords } from "./explain-words.js";
import type { Farewell, Turned } from "./lately.js";
import type { OpenLink } from "./open-link.js";
import type { Parts } from "./parts.js";

/** One connection of somebody in a room. All times in wall-clock ms. */
export type ExplainedConnection = {
  readonly conn: ConnectionId;
  /**
   * - `open`: its link is open.
   * - `grace`: its link is gone, and it is kept in case its user returns. `drained`: the same, and it was sent away.
   * - `announcing`: it is on its way to the log.
   * - `elsewhere`: another process holds it.
   */
  readonly state: "open" | "grace" | "drained" | "announcing" | "elsewhere";
  readonly link: LinkId | undefined;
  /** Who wants it to be there. */
  readonly claims: readonly Claim[];
  readonly lastHeard: number | undefined;
  /** What ends it when nothing is heard: after how many ms from now, at what time, and of how many ms all in all. undefined where only another process knows. */
  readonly ends: { readonly by: "lease" | "grace"; readonly in: number; readonly at: number; readonly of: number } | undefined;
};

/** A link of somebody that is not in the room. `asks`: it waits to be let in, or the log has not answered. */
export type ExplainedLink = { readonly link: LinkId; readonly lastHeard: number; readonly asks: boolean; readonly watches: Watch | undefined };

/** Why somebody is shown in a room, or is not. */
export type Explanation = {
  readonly room: RoomName;
  readonly user: UserId;
  /** undefined: the room is not followed here, so nobody here knows. */
  readonly shown: boolean | undefined;
  /** From when they have been here without a break. */
  readonly since: number | undefined;
  readonly connections: readonly ExplainedConnection[];
  /** Their links of this process that are not in the room. */
  readonly links: readonly ExplainedLink[];
  /** How they left last, and what they were refused last, as far as it is remembered. */
  readonly left: Farewell | undefined;
  readonly refused: Turned | undefined;
  /** All of it in words, several lines. */
  readonly text: string;
};

type Known<M> = {
  readonly links: ReadonlyMap<LinkId, OpenLink<M>>;
  /** Links heard since the last tick. */
  readonly heard: ReadonlySet<LinkId>;
  /** The log is this process's own: a room that is not followed is empty. */
  readonly sole: boolean;
};

/** Why a user is shown in a room, or is not. Changes nothing, and never throws. */
export function explain<M>(parts: Parts<M>, known: Known<M>, room: RoomName, given: UserId | number): Explanation {
  try {
    const told = gather(parts, known, room, String(given));
    return { ...told, text: inWords(told, parts.clock.now()) };
  } catch (cause) {
    const text = `This could not be explained: ${cause instanceof Error ? cause.message : "something was thrown"}.`;
    return { room, user: typeof given === "string" ? given : "", shown: undefined, since: undefined, connections: [], links: [], left: undefined, refused: undefined, text };
  }
}

function gather<M>(parts: Parts<M>, { links, heard, sole }: Known<M>, room: RoomName, user: UserId): Omit<Explanation, "text"> {
  const { log, ledger, voices, clock, lately } = parts;
  const host = ledger.host();
  const now = clock.now();
  const fold = log.room(room);
  const there = fold?.users.get(user);
  const listed = new Set(there?.connections.map(({ conn }) => conn));
  const own = new Map([...connectionsIn(host, room)].filter((connection) => connection.user === user).map((connection) => [connection.id, connection]));
  const connections = [...listed, ...[...own.keys()].filter((conn) => !listed.has(conn))].map((conn): ExplainedConnection => {
    const mine = own.get(conn);
    const state = !mine ? "elsewhere" : !listed.has(conn) ? "announcing" : !mine.vanished ? "open" : mine.vanished.wait > host.options.grace ? "drained" : "grace";
    return { conn, state, link: mine?.link, claims: mine?.claims ?? [], lastHeard: voices.get(conn)?.lastHeard, ends: mine && endOf(host, mine, heard, now) };
  });
  const absent = [...links.values()].filter((link) => link.user === user && !connectionAt(host, link.id, room)).map(({ id, state }): ExplainedLink => {
    const wish = state.wishes.get(room);
    return { link: id, lastHeard: state.voice.lastHeard, asks: state.asked.has(room) || wish?.present === true, watches: wish?.watch };
  });
  const { left, refused } = lately.of(room, user);
  return { room, user, shown: fold ? there !== undefined : sole ? false : undefined, since: there?.since, connections, links: absent, left, refused };
}

function endOf<M>(host: Host<M>, { link: id, vanished }: HostConnection<M>, heard: ReadonlySet<LinkId>, now: number): ExplainedConnection["ends"] {
  // As the next tick will count the time.
  const clock = host.clock + (host.now === undefined ? 0 : Math.min(Math.max(now - host.now, 0), 2 * host.options.tick));
  const end = (by: "lease" | "grace", of: number, until: number | undefined): ExplainedConnection["ends"] => {
    const left = until === undefined ? of : Math.max(0, until - clock);
    return { by, in: left, at: now + left, of };
  };
  if (vanished) return end("grace", vanished.wait, vanished.until);
  const link = id === undefined ? undefined : host.links.get(id);
  return link && end("lease", link.lease, heard.has(link.id) ? undefined : link.until);
}
