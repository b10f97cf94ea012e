import type { RoomName } from "../core/event.js";
import { fromPos, toPos } from "../protocol/encode.js";
import type { ClientMessage, ServerNotice } from "../protocol/message.js";
import type { Failure } from "./append-queue.js";
import { authorize, refusal, type Refusal } from "./authorize.js";
import { publish } from "./channels.js";
import { connectionAt, roomsAt } from "./host.js";
import type { Claim } from "./host-input.js";
import { checkMeta, type CheckedMeta } from "./meta.js";
import type { ClientWish, LinkState, Parts } from "./parts.js";
import { andThen } from "./patience.js";

type Join = Omit<Extract<ClientMessage, { type: "join" }>, "type" | "n"> & { readonly n?: number };

/** After so many ms a client asks again for a room that was full. */
const FULL_RETRY = 10_000;

/** A client's `join`: allowed, present (or no longer), acknowledged, then told. `n` is absent where the server asks for it. */
export function join<M>(parts: Parts<M>, link: LinkState<M>, message: Join): void | Promise<void> {
  const { room, watch, present, n: re } = message;
  const { identity, generation } = link;
  if (!identity) return;
  if (!link.wishes.has(room) && !link.given.has(room) && link.wishes.size >= parts.numbers.maxRooms) {
    end(parts, link, room, refusal("too_many_rooms", `A link may be in ${parts.numbers.maxRooms} rooms; leave one first.`, false), re);
    return;
  }
  return andThen(authorize(parts, link, identity, room, watch, present), (refused) => {
    if (link.closed) return;
    // Meanwhile another user: what was allowed, or not, was for the former one.
    if (link.generation !== generation) return join(parts, link, message);
    if (refused) { end(parts, link, room, refused, re); return; }
    const wish: ClientWish = { watch, present, meta: message.meta };
    const before = link.wishes.get(room);
    link.wishes.set(room, wish);
    if (!present) {
      if (before?.present) parts.ledger.dispatch({ type: "leave", link: link.id, room, by: "client", reason: "leave" });
      acknowledge(parts, link, room, re);
      tell(parts, link, message);
      return;
    }
    return andThen(enter(parts, link, room, "client", message.meta), (failed) => {
      // Left, closed or logged out while the log took it: whoever did that has seen to it.
      if (link.closed || link.generation !== generation || link.wishes.get(room) !== wish) return;
      if (failed) { end(parts, link, room, failed, re); return; }
      acknowledge(parts, link, room, re);
      tell(parts, link, message);
    });
  });
}

function tell<M>(parts: Parts<M>, link: LinkState<M>, { room, watch, pos, full, n }: Join): void {
  if (watch === "none") {
    parts.fanout.unwatch(link.id, room);
    return;
  }
  parts.ledger.follow(room);
  parts.fanout.watch(link, room, watch, { full: full ?? false, ...(pos ? { pos: fromPos(pos) } : {}) }, n);
}

/** Puts a link into a room; undefined when it is in, else why not. */
export function enter<M>(parts: Parts<M>, link: LinkState<M>, room: RoomName, by: Claim, meta: unknown): Refusal | undefined | Promise<Refusal | undefined> {
  const { numbers, ledger, log, voices } = parts;
  const { identity } = link;
  if (!identity) return refusal("not_identified", "Nobody is logged in on this link.", true);
  const checked = metaOf(parts, link, meta);
  if (!checked.ok) return refusal(checked.code, checked.message, false);
  const known = connectionAt(ledger.host(), link.id, room);
  if (!known) {
    const there = log.room(room)?.users;
    const own = there?.get(identity.user);
    if (!own && there && there.size >= numbers.maxUsers) return refusal("room_full", `The room holds ${numbers.maxUsers} people.`, FULL_RETRY, "full");
    if (own && own.connections.length >= numbers.maxConnections) {
      return refusal("too_many_connections", `One user may have ${numbers.maxConnections} connections in a room; close some.`, FULL_RETRY, "full");
    }
  }
  const { conn, tag } = parts.mint();
  if (!known) voices.set(conn, link.voice);
  return whenTaken((done) => { ledger.dispatch({ type: "join", link: link.id, room, by, conn, tag, meta: checked.meta }, done); }, (failure) => {
    if (failure === undefined) return undefined;
    if (!known) voices.delete(conn);
    if (failure === "blocked") return refusal("blocked", "You were removed from this room, and may not return yet.", false, "kicked");
    return refusal("internal", "The server could not take this; try again.", FULL_RETRY, "error");
  });
}

/** A client's `update`, or the server's. undefined when it was taken. */
export function update<M>(parts: Parts<M>, link: LinkState<M>, room: RoomName, meta: unknown): Refusal | undefined | Promise<Refusal | undefined> {
  if (!connectionAt(parts.ledger.host(), link.id, room)) return refusal("not_joined", "This link is not in that room; join it first.", false);
  const checked = metaOf(parts, link, meta);
  if (!checked.ok) return refusal(checked.code, checked.message, false);
  const { tag } = parts.mint();
  return whenTaken((done) => { parts.ledger.dispatch({ type: "update", link: link.id, room, tag, meta: checked.meta }, done); }, (failure) =>
    failure === undefined ? undefined : refusal("internal", "The server could not take this; try again.", false, "error"));
}

/** Ends what a client has of a room, and says so. What the server gave stays. */
export function end<M>(parts: Parts<M>, link: LinkState<M>, room: RoomName, why: Refusal, re?: number): void {
  const conn = connectionAt(parts.ledger.host(), link.id, room)?.id;
  if (link.wishes.delete(room)) parts.ledger.dispatch({ type: "leave", link: link.id, room, by: "client", reason: "leave" });
  parts.fanout.unwatch(link.id, room);
  publish("refusal", () => ({ link: link.id, room, code: why.code }));
  link.notify({ type: "ended", room, ...why, ...(re === undefined ? {} : { re }), ...(conn === undefined ? {} : { conn }) });
}

/** Tells a link where it is: which connection, whose, and a position of the log that has it. */
export function acknowledge<M>(parts: Parts<M>, link: LinkState<M>, room: RoomName, re: number | undefined): void {
  const mine = connectionAt(parts.ledger.host(), link.id, room);
  const fold = parts.log.room(room);
  const notice: ServerNotice = {
    type: "joined",
    room,
    ...(re === undefined ? {} : { re }),
    ...(mine ? { conn: mine.id, user: mine.user } : {}),
    ...(mine && fold ? { pos: toPos(fold) } : {}),
  };
  link.notify(notice);
}

/** All rooms that a link is in or watches. */
export function roomsOf<M>(parts: Parts<M>, link: LinkState<M>): ReadonlySet<RoomName> {
  return new Set([...link.wishes.keys(), ...roomsAt(parts.ledger.host(), link.id)]);
}

export function metaOf<M>(parts: Parts<M>, link: LinkState<M>, meta: unknown): CheckedMeta<M> {
  try {
    return checkMeta(meta, link.identity?.meta, parts.schema, parts.numbers.maxMeta);
  } catch (cause) {
    parts.events.report({ code: "bad_meta", message: "The schema of meta threw; the meta was refused.", link: link.id, cause });
    return { ok: false, code: "bad_meta", message: "The server could not check this meta." };
  }
}

/** What a callback says: at once when it is called at once, else as a promise. */
function whenTaken<R>(start: (done: (failure: Failure) => void) => void, read: (failure: Failure) => R): R | Promise<R> {
  let said: { readonly value: R } | undefined;
  let hear: ((value: R) => void) | undefined;
  start((failure) => {
    said = { value: read(failure) };
    hear?.(said.value);
  });
  return said ? (said).value : new Promise((resolve) => { hear = resolve; });
}
