import type { ConnectionId, RoomName, UserId } from "../core/event.js";
import { fromPos, toPos } from "../protocol/encode.js";
import type { ClientMessage, Pos } from "../protocol/message.js";
import type { Failure } from "./append-queue.js";
import { authorize, refusal, type Refusal } from "./authorize.js";
import { publish } from "./channels.js";
import { connectionAt, roomsAt } from "./host.js";
import type { Claim } from "./host-input.js";
import { checkMeta, type CheckedMeta } from "./meta.js";
import type { ClientWish, LinkState, Parts } from "./parts.js";
import { andThen } from "./patience.js";

type Join = Omit<Extract<ClientMessage, { type: "join" }>, "type" | "n" | "pos"> & { readonly n?: number; readonly pos?: Pos | undefined };

/** After so many ms a client asks again for a room that was full, or that a fault of ours kept it from. */
const TRY_AGAIN = 10_000;

/** A client's `join`: allowed, present (or no longer), acknowledged, then told. `n` is absent where the server asks for it. */
export function join<M>(parts: Parts<M>, link: LinkState<M>, message: Join): void | Promise<void> {
  const { room, watch, present, n: re } = message;
  const { identity, generation } = link;
  if (link.closed) return;
  if (!identity) { end(parts, link, room, refusal("logout", "Nobody is logged in any more.", true, "logout"), re); return; }
  const refused = tooMany(parts, link, room);
  if (refused) { end(parts, link, room, refused, re); return; }
  link.asked.set(room, message);
  return andThen(authorize(parts, link, identity, room, watch, present), (forbidden) => {
    if (link.closed || link.asked.get(room) !== message) return;
    link.asked.delete(room);
    // Meanwhile another user: what was allowed, or not, was for the former one.
    if (link.generation !== generation) return join(parts, link, message);
    // Others may have been let in while this one was asked about.
    const no = forbidden ?? tooMany(parts, link, room);
    if (no) { end(parts, link, room, no, re); return; }
    const before = link.wishes.get(room);
    const wish: ClientWish = { watch, present, meta: message.meta === undefined ? shown(link, room) : message.meta, re, pos: message.pos };
    link.wishes.set(room, wish);
    if (!present && before?.present) parts.ledger.dispatch({ type: "leave", link: link.id, room, by: "client", reason: "leave" });
    return andThen(present ? enter(parts, link, room, "client", wish.meta) : undefined, (failed) => {
      // Left, closed or logged out while the log took it: whoever did that has seen to it.
      if (link.closed || link.wishes.get(room) !== wish) return;
      if (failed) { end(parts, link, room, failed, re); return; }
      wish.re = undefined;
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

/** A client's `leave`, at once: what waits to be allowed, or to be taken by the log, comes to nothing. */
export function leave<M>(parts: Parts<M>, link: LinkState<M>, room: RoomName): void {
  link.asked.delete(room);
  link.wishes.delete(room);
  parts.ledger.dispatch({ type: "leave", link: link.id, room, by: "client", reason: "leave" });
  parts.fanout.unwatch(link.id, room);
}

/** Puts a link into a room; undefined when it is in, else why not. `meta` is what the link shows there from now on. */
export function enter<M>(parts: Parts<M>, link: LinkState<M>, room: RoomName, by: Claim, meta: unknown): Refusal | undefined | Promise<Refusal | undefined> {
  const { ledger, voices } = parts;
  const { identity } = link;
  if (!identity) return refusal("not_identified", "Nobody is logged in on this link.", true);
  const checked = metaOf(parts, link, meta);
  if (!checked.ok) return refusal(checked.code, checked.message, false);
  const known = connectionAt(ledger.host(), link.id, room);
  const full = known ? undefined : noPlace(parts, identity.user, room);
  if (full) return full;
  const { conn, tag } = parts.mint();
  if (!known) voices.set(conn, link.voice);
  const wish = link.wishes.get(room);
  return whenTaken((done) => { ledger.dispatch({ type: "join", link: link.id, room, by, conn, tag, meta: checked.meta }, done); }, (failure) => {
    const there = connectionAt(ledger.host(), link.id, room);
    // Refused, or announced under another id: no goodbye will come for this one.
    if ((failure !== undefined || there?.id !== conn) && !listed(parts, room, identity.user, conn)) voices.delete(conn);
    if (failure === undefined && there) {
      remember(link, room, meta, wish);
      return undefined;
    }
    if (failure === "blocked") return refusal("blocked", "You were removed from this room, and may not return yet.", false, "kicked");
    return internal();
  });
}

/** A client's `update`, or the server's. undefined when it was taken. */
export function update<M>(parts: Parts<M>, link: LinkState<M>, room: RoomName, meta: unknown): Refusal | undefined | Promise<Refusal | undefined> {
  const absent = refusal("not_joined", "This link is not in that room; join it first.", false);
  if (!connectionAt(parts.ledger.host(), link.id, room)) return absent;
  const checked = metaOf(parts, link, meta);
  if (!checked.ok) return refusal(checked.code, checked.message, false);
  const { tag } = parts.mint();
  const wish = link.wishes.get(room);
  return whenTaken((done) => { parts.ledger.dispatch({ type: "update", link: link.id, room, tag, meta: checked.meta }, done); }, (failure) => {
    if (failure !== undefined) return failure === "failed" ? internal() : absent;
    remember(link, room, meta, wish);
    return undefined;
  });
}

/** Ends what a client has of a room, and says so. What the server gave stays. `conn`: the connection that ended, where it is gone already. */
export function end<M>(parts: Parts<M>, link: LinkState<M>, room: RoomName, why: Refusal, asked?: number, conn?: ConnectionId): void {
  const ended = conn ?? connectionAt(parts.ledger.host(), link.id, room)?.id;
  const re = asked ?? link.wishes.get(room)?.re;
  link.asked.delete(room);
  if (link.wishes.delete(room)) parts.ledger.dispatch({ type: "leave", link: link.id, room, by: "client", reason: "leave" });
  parts.fanout.unwatch(link.id, room);
  if (link.identity) parts.lately.refused(room, link.identity.user, { at: parts.clock.now(), code: why.code, message: why.message });
  publish("refusal", () => ({ link: link.id, room, code: why.code }));
  link.notify({ type: "ended", room, ...why, ...(re === undefined ? {} : { re }), ...(ended === undefined ? {} : { conn: ended }) });
}

/** Tells a link where it is: which connection, whose, and a position of the log that has it. */
export function acknowledge<M>(parts: Parts<M>, link: LinkState<M>, room: RoomName, re: number | undefined): void {
  const mine = connectionAt(parts.ledger.host(), link.id, room);
  const fold = parts.log.room(room);
  link.notify({
    type: "joined",
    room,
    ...(re === undefined ? {} : { re }),
    ...(mine ? { conn: mine.id, user: mine.user } : {}),
    ...(mine && fold ? { pos: toPos(fold) } : {}),
  });
}

/** All rooms that a link is in or watches. */
export function roomsOf<M>(parts: Parts<M>, link: LinkState<M>): ReadonlySet<RoomName> {
  return new Set([...link.wishes.keys(), ...roomsAt(parts.ledger.host(), link.id)]);
}

/** The meta that was asked for last in a room, by whomever. */
export function shown<M>(link: LinkState<M>, room: RoomName): unknown {
  return [link.wishes.get(room), link.given.get(room)].find((claim) => claim?.meta !== undefined)?.meta;
}

/** Calls back at once when it is called at once, else keeps a promise. */
export function whenTaken<R>(start: (done: (failure: Failure) => void) => void, read: (failure: Failure) => R): R | Promise<R> {
  let said: { readonly value: R } | undefined;
  let hear: ((value: R) => void) | undefined;
  start((failure) => {
    said = { value: read(failure) };
    hear?.(said.value);
  });
  return said ? said.value : new Promise((resolve) => { hear = resolve; });
}

/** `before`: what the client wanted when this meta was. If it said something since, that counts. */
function remember<M>(link: LinkState<M>, room: RoomName, meta: unknown, before: ClientWish | undefined): void {
  if (link.wishes.get(room) !== before) return;
  for (const claim of [link.wishes.get(room), link.given.get(room)]) if (claim) claim.meta = meta;
}

function tooMany<M>({ numbers }: Parts<M>, link: LinkState<M>, room: RoomName): Refusal | undefined {
  if (link.wishes.has(room) || link.given.has(room) || link.wishes.size < numbers.maxRooms) return undefined;
  return refusal("too_many_rooms", `A link may be in ${numbers.maxRooms} rooms; leave one first.`, false);
}

/** Whether a room has no place for another connection of a user. */
function noPlace<M>({ numbers, log }: Parts<M>, user: UserId, room: RoomName): Refusal | undefined {
  const there = log.room(room)?.users;
  const own = there?.get(user);
  if (!own && there && there.size >= numbers.maxUsers) return refusal("room_full", `The room holds ${numbers.maxUsers} people.`, TRY_AGAIN, "full");
  if (!own || own.connections.length < numbers.maxConnections) return undefined;
  return refusal("too_many_connections", `One user may have ${numbers.maxConnections} connections in a room; close some.`, TRY_AGAIN, "full");
}

function listed<M>({ log }: Parts<M>, room: RoomName, user: UserId, conn: ConnectionId): boolean {
  return log.room(room)?.users.get(user)?.connections.some((connection) => connection.conn === conn) === true;
}

function internal(): Refusal {
  return refusal("internal", "The server could not take this; try again.", TRY_AGAIN, "error");
}

function metaOf<M>(parts: Parts<M>, link: LinkState<M>, meta: unknown): CheckedMeta<M> {
  try {
    return checkMeta(meta, link.identity?.meta, parts.schema, parts.numbers.maxMeta);
  } catch (cause) {
    parts.events.report({ code: "bad_meta", message: "The schema of meta threw; the meta was refused.", link: link.id, cause });
    return { ok: false, code: "bad_meta", message: "The server could not check this meta." };
  }
}
