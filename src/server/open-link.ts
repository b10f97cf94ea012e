import type { RoomName } from "../core/event.js";
import { fromPos } from "../protocol/encode.js";
import { PROTOCOL_VERSION, type ClientMessage, type ServerNotice } from "../protocol/message.js";
import { publish } from "./channels.js";
import { createHeld, MAX_HELD } from "./held.js";
import { roomsAt } from "./host.js";
import type { How } from "./host-input.js";
import { become, give, introduce, knownIdentity } from "./identity.js";
import { createInbox, type Refuse } from "./inbox.js";
import type { Identity, KnownIdentity, Link, LinkOptions } from "./link.js";
import { acknowledge, join, leave, update, whenTaken } from "./membership.js";
import { createNotices } from "./notices.js";
import type { LinkState, Parts } from "./parts.js";
import { andThen } from "./patience.js";
import { createTurns } from "./turns.js";

/** A link with what the registry does to it. */
export type OpenLink<M> = Link<M> & {
  readonly state: LinkState<M>;
  /** Finds out who it is, now that the registry knows it. */
  readonly begin: () => void;
  /** Ends it here; the host knows already. */
  readonly drop: () => void;
  readonly send: (notice: ServerNotice) => void;
};

type Told = Exclude<ClientMessage, { type: "hello" | "ping" }>;

export type LinkHooks = {
  readonly heard: (link: string) => void;
  readonly gone: (link: string) => void;
  /** What a link is told when it says hello, after `welcome`. */
  readonly bye: () => ServerNotice | undefined;
};

export function openLink<M>(parts: Parts<M>, hooks: LinkHooks, id: string, options: LinkOptions<M, unknown>): OpenLink<M> {
  const { numbers, clock, events, ledger, fanout } = parts;
  const lease = options.lease ?? numbers.lease;
  const state: LinkState<M> = {
    id, options, wire: options.wire, peer: options.peer, slow: false, notify,
    voice: { lastHeard: clock.now(), context: undefined },
    identity: undefined, generation: 0, closed: false, wishes: new Map(), given: new Map(), asked: new Map(),
  };
  /** undefined = it said nothing yet; false = it speaks no version of ours. */
  let greeted: boolean | undefined;
  /** What could not be said before there was a hello. */
  let unsaid: string | undefined;
  let loggedOut = false;
  /** Changes of user that are not through yet: what the client says meanwhile comes after them. */
  let becoming = 0;
  const held = createHeld();
  const notices = createNotices(state, (cause) => { events.report({ code: "wire_failed", message: "The wire threw while a notice was sent.", link: id, cause }); });
  const inbox = createInbox({ numbers, now: () => clock.now(), exclusive: options.exclusive === true, refuse, take });
  const turns = createTurns<Told>({
    act: (message, over) => (state.closed ? undefined : events.run(() => act(message, over))),
    // The second join replaces the first anyway, but for a meta that it does not name.
    instead: (first, next) => (first.type === "join" && next.type === "join" ? { meta: first.meta, ...next } : undefined),
    onDefect: (room, cause) => { ledger.restart(room, cause); },
  });

  function notify(notice: ServerNotice): void {
    // A client that never said hello may not know what we are: it is told nothing.
    if (greeted && !state.closed) notices.send(notice);
  }

  function refuse(...[code, message, { re, room, retryAfter } = {}]: Parameters<Refuse>): void {
    publish("refusal", () => ({ link: id, room, code }));
    notify({ type: "error", code, message, ...(re !== undefined && { re }), ...(room !== undefined && { room }), ...(retryAfter !== undefined && { retryAfter }) });
  }

  function heard(): void {
    if (state.closed) return;
    state.voice.lastHeard = clock.now();
    hooks.heard(id);
  }

  function take(message: ClientMessage): void {
    if (state.closed) return;
    if (message.type === "hello") greet(message.v);
    // It was welcomed by an earlier link of its socket, and says all of it again once it is by this one.
    else if (greeted === undefined) greet([PROTOCOL_VERSION]);
    else if (!greeted) return;
    else if (message.type === "ping") notify({ type: "pong", re: message.n });
    else if (message.type === "leave") {
      // Waits for nothing: whatever was said of the room before comes to nothing.
      held.forget(message.room);
      turns.drop(message.room);
      turns.take(message);
    } else if (state.identity && becoming === 0) turns.take(message);
    else if (!held.add({ room: message.room, work: () => { turns.take(message); } })) {
      refuse("too_busy", `The server does not know yet who this is, and ${MAX_HELD} messages wait already.`, { re: message.n, room: message.room });
    }
  }

  function greet(versions: readonly number[]): void {
    greeted = true;
    if (!versions.includes(PROTOCOL_VERSION)) {
      refuse("unsupported_version", `This server speaks version ${PROTOCOL_VERSION} of the protocol.`);
      greeted = false;
      return;
    }
    welcome();
    if (unsaid !== undefined) unknown(unsaid);
    const bye = hooks.bye();
    if (bye) notify(bye);
  }

  /** Why the server can't tell who this is. */
  function unknown(code: string): void {
    unsaid = greeted ? undefined : code;
    refuse(code, "The server could not tell who this is.");
  }

  function welcome(): void {
    const { maxMeta: meta, maxFrame: frame, maxId, maxRooms: rooms, rate } = numbers;
    notify({ type: "welcome", v: PROTOCOL_VERSION, lease, every: numbers.heartbeat, jitter: numbers.jitter, limits: { meta, frame, id: maxId, rooms, rate } });
    for (const room of roomsAt(ledger.host(), id)) acknowledge(parts, state, room, undefined);
  }

  function act(message: Told, over: () => boolean): void | Promise<void> {
    const { room, n: re } = message;
    switch (message.type) {
      case "join":
        if (message.watch === "none" && !message.present) refuse("bad_message", "A join must ask to be present, or to watch.", { re, room });
        else return join(parts, state, message);
        return;
      case "update":
        return andThen(update(parts, state, room, message.meta), (failed) => {
          if (over()) return;
          if (failed) refuse(failed.code, failed.message, { re, room });
          else acknowledge(parts, state, room, re);
        });
      case "leave":
        leave(parts, state, room);
        return;
      case "sync": {
        const watch = state.wishes.get(room)?.watch ?? "none";
        if (watch === "none") { refuse("not_joined", "This link does not watch that room; join it first.", { re, room }); return; }
        notify({ type: "synced", re, room });
        fanout.sync(state, room, { full: message.full ?? false, ...(message.pos ? { pos: fromPos(message.pos) } : {}) }, re);
      }
    }
  }

  function defect(cause: unknown): void {
    events.report({ code: "internal", link: id, message: "A defect of headcount: what was wanted of this link was not done.", cause });
  }

  function identify(identity: Identity<M> | undefined): void | Promise<void> {
    if (state.closed) return;
    let known: KnownIdentity<M> | undefined;
    if (identity !== undefined) {
      known = knownIdentity<M>(identity, numbers.maxId);
      if (!known) {
        events.report({ code: "identify_failed", link: id, message: `An identity is { user } with a string or a number of at most ${numbers.maxId} characters; this one was passed over.` });
        refuse("identify_failed", "The server could not tell who this is.");
        return;
      }
      // Upon it the client asserts its wishes again.
      if (loggedOut) welcome();
      loggedOut = false;
    } else if (state.identity) loggedOut = true;
    becoming++;
    return attempt(() => events.run(() => become(parts, state, known)), undefined, () => {
      if (--becoming === 0 && state.identity) held.release();
    });
  }

  /** Does what may fail only by a defect of ours, which then is nobody else's. */
  function attempt<T>(work: () => T | Promise<T>, otherwise: T, after: () => void): T | Promise<T> {
    let done: T | Promise<T> = otherwise;
    try {
      done = work();
    } catch (cause) {
      defect(cause);
    }
    if (done instanceof Promise) return done.catch((cause: unknown) => { defect(cause); return otherwise; }).finally(after);
    after();
    return done;
  }

  /** What the server wants of the link: once it has a user. */
  function promised(room: RoomName, work: () => boolean | Promise<boolean>): Promise<boolean> {
    if (state.closed) return Promise.resolve(false);
    if (typeof room !== "string" || room.length > numbers.maxId) {
      events.report({ code: "bad_room", link: id, message: `A room's name is a string of at most ${numbers.maxId} characters.` });
      return Promise.resolve(false);
    }
    if (state.identity) return Promise.resolve(attempt(() => events.run(work), false, () => undefined));
    return new Promise((resolve) => {
      const drop = (): void => { resolve(false); };
      if (!held.add({ work: () => { void promised(room, work).then(resolve); }, drop })) drop();
    });
  }

  function drop(): void {
    state.closed = true;
    held.drop();
    notices.clear();
    for (const room of state.wishes.keys()) fanout.unwatch(id, room);
    hooks.gone(id);
  }

  return {
    id, state, heard, drop,
    get user() { return state.identity?.user; },
    send: notify,
    identify: (identity) => Promise.resolve(identify(identity)),
    begin() {
      ledger.dispatch({ type: "open", link: id, lease });
      introduce(parts, state, (identity) => { void identify(identity); }, unknown);
    },
    receive(message) {
      if (state.closed) return;
      heard();
      inbox.receive(message);
    },
    frame(text) {
      if (state.closed) return false;
      heard();
      return inbox.frame(text);
    },
    ready() {
      if (!state.closed && notices.ready()) events.run(() => { fanout.ready(state, state.wishes.keys()); });
    },
    join: (room, given) => promised(room, () => give(parts, state, room, given?.meta, false)),
    update: (room, meta) => promised(room, () => andThen(update(parts, state, room, meta), (failed) => {
      if (failed && !state.closed) events.report({ code: failed.code, message: failed.message, room, link: id });
      return !failed;
    })),
    leave: (room) => promised(room, () => {
      state.given.delete(room);
      return whenTaken((done) => { ledger.dispatch({ type: "leave", link: id, room, by: "server", reason: "leave" }, done); }, (failure) => failure === undefined);
    }),
    closed(how: How) {
      if (state.closed) return;
      drop();
      ledger.dispatch({ type: "close", link: id, how: how === "vanished" && hooks.bye() ? "drain" : how });
    },
  };
}
