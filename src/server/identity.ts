import type { RoomName } from "../core/event.js";
import { authorize } from "./authorize.js";
import { connectionAt, roomsAt } from "./host.js";
import type { Identity, KnownIdentity } from "./link.js";
import { acknowledge, enter, join, roomsOf, shown, update } from "./membership.js";
import type { LinkState, Parts } from "./parts.js";
import { andThen } from "./patience.js";

/** What `identify` gave, checked; undefined when it makes no sense. */
export function knownIdentity<M>(identity: unknown, maxId: number): KnownIdentity<M> | undefined {
  if (typeof identity !== "object" || identity === null) return undefined;
  try {
    const { user, ...others } = identity as Identity<M>;
    if ((typeof user !== "string" && !Number.isFinite(user)) || String(user).length > maxId) return undefined;
    return { ...others, user: String(user) };
  } catch {
    // A getter of the app's.
    return undefined;
  }
}

/** Makes a link be somebody, somebody else, or (undefined) nobody. Resolves when the log has taken all of it. */
export function become<M>(parts: Parts<M>, link: LinkState<M>, next: KnownIdentity<M> | undefined): void | Promise<void> {
  const before = link.identity;
  if (!next) {
    if (before) logout(parts, link);
    // An `identify` that is still out was asked before this was said.
    else link.generation++;
    return;
  }
  link.identity = next;
  link.voice.context = next.context;
  if (before?.user === next.user) return renew(parts, link);
  // What is being asked already is asked again for the new user, and is newer.
  // With what the client knew: a log that has just started answers whoever knows it from before only once it has settled.
  const wishes = [...link.wishes].filter(([room]) => !link.asked.has(room)).map(([room, { watch, present, meta, pos }]) => ({ room, watch, present, meta, pos }));
  const given = [...link.given].filter(([, { auto }]) => !auto);
  forget(parts, link);
  for (const wish of wishes) link.asked.set(wish.room, wish);
  parts.ledger.dispatch({ type: "identify", link: link.id, user: next.user });
  return andThen(autoJoin(parts, link, next), (rooms) =>
    all([
      ...rooms.map((room) => () => give(parts, link, room, undefined, true)),
      ...given.map(([room, { meta }]) => () => regive(parts, link, room, meta)),
      // Unless the client has left meanwhile.
      ...wishes.map((wish) => () => (link.asked.get(wish.room) === wish ? join(parts, link, wish) : undefined)),
    ]));
}

/** Asks the app once who a new link is. What the app says meanwhile by itself counts more. */
export function introduce<M>(parts: Parts<M>, link: LinkState<M>, tell: (identity: Identity<M> | undefined) => void, refuse: (code: string) => void): void {
  const { user, meta, context, identify } = link.options;
  const ask = user === undefined ? identify : () => ({ user, context, ...(meta === undefined ? {} : { meta }) });
  if (!ask) return;
  const { generation } = link;
  void andThen(parts.patience.ask(ask), (answered) => {
    if (link.closed || link.generation !== generation) return;
    if (answered.how === "answer") { tell(answered.value); return; }
    const late = answered.how === "late";
    const code = late ? "identify_timeout" : "identify_failed";
    const message = late ? `"identify" gave no answer within ${parts.numbers.patience} ms; the link stays nobody's.` : '"identify" threw; the link stays nobody\'s.';
    parts.events.report({ code, link: link.id, message, ...(late ? {} : { cause: answered.cause }) });
    refuse(code);
  });
}

/** Joins a link to a room for the server. Whether it is in. */
export function give<M>(parts: Parts<M>, link: LinkState<M>, room: RoomName, asked: unknown, auto: boolean): boolean | Promise<boolean> {
  const { generation } = link;
  if (link.closed) return false;
  const meta = asked === undefined ? shown(link, room) : asked;
  return andThen(enter(parts, link, room, "server", meta), (failed) => {
    if (link.closed || link.generation !== generation) return false;
    if (failed) {
      if (link.identity) parts.lately.refused(room, link.identity.user, { at: parts.clock.now(), code: failed.code, message: failed.message });
      parts.events.report({ code: failed.code, message: `The server's join was refused: ${failed.message}`, room, link: link.id, ...(link.identity ? { user: link.identity.user } : {}) });
      return false;
    }
    // Left while the log took it.
    if (!connectionAt(parts.ledger.host(), link.id, room)?.claims.includes("server")) return false;
    link.given.set(room, { meta, auto });
    acknowledge(parts, link, room, undefined);
    return true;
  });
}

/** A room that the server had joined the former user to: the new one needs leave of `authorize`. */
function regive<M>(parts: Parts<M>, link: LinkState<M>, room: RoomName, meta: unknown): void | Promise<void> {
  const { generation, identity } = link;
  if (!identity || !link.options.authorize) return;
  return andThen(authorize(parts, link, identity, room, "none", true), (refused) => {
    // Meanwhile another user: what was allowed, or not, was for the former one.
    if (link.generation !== generation) return regive(parts, link, room, meta);
    if (!refused) return andThen(give(parts, link, room, meta, false), () => undefined);
  });
}

function logout<M>(parts: Parts<M>, link: LinkState<M>): void {
  const ended = [...roomsOf(parts, link)].map((room) => ({ room, conn: connectionAt(parts.ledger.host(), link.id, room)?.id }));
  link.identity = undefined;
  link.voice.context = undefined;
  forget(parts, link);
  parts.ledger.dispatch({ type: "identify", link: link.id, user: undefined });
  for (const { room, conn } of ended) {
    link.notify({ type: "ended", room, reason: "logout", code: "logout", message: "Logged out.", retry: true, ...(conn === undefined ? {} : { conn }) });
  }
}

/** What was wanted, given and awaited was for the former user. */
function forget<M>(parts: Parts<M>, link: LinkState<M>): void {
  link.generation++;
  link.given.clear();
  for (const room of link.wishes.keys()) parts.fanout.unwatch(link.id, room);
  link.wishes.clear();
}

/** The same user with another meta: an update in every room, not a coming and going. */
function renew<M>(parts: Parts<M>, link: LinkState<M>): void | Promise<void> {
  return all(roomsAt(parts.ledger.host(), link.id).map((room) => () => {
    return andThen(update(parts, link, room, shown(link, room)), (failed) => {
      if (failed) parts.events.report({ code: failed.code, message: failed.message, room, link: link.id });
    });
  }));
}

function autoJoin<M>(parts: Parts<M>, link: LinkState<M>, identity: KnownIdentity<M>): readonly RoomName[] | Promise<readonly RoomName[]> {
  const ask = link.options.autoJoin;
  if (!ask) return [];
  const { generation } = link;
  return andThen(parts.patience.ask(() => ask(identity)), (answered) => {
    if (link.closed || link.generation !== generation) return [];
    if (answered.how === "answer") {
      const rooms = answered.value === undefined ? [] : Array.isArray(answered.value) ? (answered.value as readonly unknown[]) : [answered.value];
      const good = rooms.filter((room): room is RoomName => typeof room === "string" && room.length <= parts.numbers.maxId);
      if (good.length < rooms.length) parts.events.report({ code: "bad_room", message: `"autoJoin" must return rooms' names of at most ${parts.numbers.maxId} characters; others were passed over.`, link: link.id, user: identity.user });
      return [...new Set(good)];
    }
    const late = answered.how === "late";
    parts.events.report({
      code: late ? "auto_join_timeout" : "auto_join_failed", link: link.id, user: identity.user,
      message: late ? `"autoJoin" gave no answer within ${parts.numbers.patience} ms; the link was joined to nothing.` : '"autoJoin" threw; the link was joined to nothing.',
      ...(late ? {} : { cause: answered.cause }),
    });
    return [];
  });
}

/** Does all of it, and is done when the last is. */
function all(work: readonly (() => unknown)[]): void | Promise<void> {
  const slow = work.map((start) => start()).filter((result) => result instanceof Promise);
  if (slow.length > 0) return Promise.all(slow).then(() => undefined);
}
