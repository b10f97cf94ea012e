import type { RoomName } from "../core/event.js";
import { fromPos } from "../protocol/encode.js";
import { decodeClient } from "../protocol/decode-client.js";
import { decodeFrame } from "../protocol/frame.js";
import { PROTOCOL_VERSION, type ClientMessage, type ServerNotice } from "../protocol/message.js";
import { utf8Length } from "../protocol/size.js";
import { publish } from "./channels.js";
import { roomsAt } from "./host.js";
import type { How } from "./host-input.js";
import { become, give, introduce, knownIdentity } from "./identity.js";
import { fullAllowance, spend } from "./limits.js";
import type { Identity, Link, LinkOptions } from "./link.js";
import { acknowledge, join, update } from "./membership.js";
import { createNotices } from "./notices.js";
import type { LinkState, Parts } from "./parts.js";
import { andThen } from "./patience.js";

/** Messages that wait for an identity. */
const MAX_HELD = 128;

/** A link with what the registry does to it. */
export type OpenLink<M> = Link<M> & {
  readonly state: LinkState<M>;
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
  readonly draining: () => boolean;
};

export function openLink<M>(parts: Parts<M>, hooks: LinkHooks, id: string, options: LinkOptions<M, unknown>): OpenLink<M> {
  const { numbers, clock, events, ledger, fanout } = parts;
  const state: LinkState<M> = {
    id, options, wire: options.wire, peer: options.peer, slow: false, notify,
    voice: { lastHeard: clock.now(), context: undefined },
    identity: undefined, generation: 0, closed: false, wishes: new Map(), given: new Map(), granted: new Set(),
  };
  let greeted = false;
  let loggedOut = false;
  let held: (() => void)[] = [];
  const notices = createNotices(state, (cause) => { events.report({ code: "wire_failed", message: "The wire threw while a notice was sent.", link: id, cause }); });
  let allowance = fullAllowance(numbers.burst, clock.now());
  let complainedAt = -Infinity;
  /** Work on a room that awaits something; what comes later for the same room waits for it. */
  const chains = new Map<RoomName, Promise<void>>();

  function notify(notice: ServerNotice): void {
    // A client that never said hello may not know what we are: it is told nothing.
    if (greeted && !state.closed) notices.send(notice);
  }

  function refuse(code: string, message: string, about: { re?: number; room?: RoomName; retryAfter?: number } = {}): void {
    publish("refusal", () => ({ link: id, room: about.room, code }));
    notify({ type: "error", code, message, ...about });
  }

  function heard(): void {
    if (state.closed) return;
    state.voice.lastHeard = clock.now();
    hooks.heard(id);
  }

  function receive(value: unknown): void {
    if (state.closed) return;
    heard();
    const now = clock.now();
    const spent = spend(allowance, now, numbers.rate, numbers.burst);
    allowance = spent.allowance;
    if (!spent.ok) {
      // One complaint a second: an answer to each would double a flood.
      if (now - complainedAt >= 1_000 || now < complainedAt) {
        complainedAt = now;
        refuse("too_many_messages", `At most ${numbers.rate} messages a second; the others are not read.`, { retryAfter: 1_000 });
      }
      return;
    }
    const decoded = decodeClient(value, { id: numbers.maxId });
    if (decoded.ok) events.run(() => { take(decoded.message); });
    else if (decoded.code !== "unknown_type") {
      const { re, room } = decoded;
      refuse(decoded.code, decoded.message, { ...(re === undefined ? {} : { re }), ...(room === undefined ? {} : { room }) });
    }
  }

  function take(message: ClientMessage): void {
    if (message.type === "hello") greet(message.v);
    else if (!greeted) return;
    else if (message.type === "ping") notify({ type: "pong", re: message.n });
    else if (state.identity) inOrder(message.room, () => act(message));
    else hold(() => { inOrder(message.room, () => act(message)); }, message.n);
  }

  function hold(work: () => void, re?: number): void {
    if (held.length < MAX_HELD) held.push(work);
    else refuse("too_busy", `Nobody is logged in on this link yet, and ${MAX_HELD} messages wait already.`, re === undefined ? {} : { re });
  }

  function greet(versions: readonly number[]): void {
    greeted = true;
    if (!versions.includes(PROTOCOL_VERSION)) {
      refuse("unsupported_version", `This server speaks version ${PROTOCOL_VERSION} of the protocol.`);
      greeted = false;
      return;
    }
    welcome();
    const bye = hooks.bye();
    if (bye) notify(bye);
  }

  function welcome(): void {
    const { maxMeta: meta, maxFrame: frame, maxId, maxRooms: rooms, rate } = numbers;
    notify({
      type: "welcome", v: PROTOCOL_VERSION, lease: options.lease ?? numbers.lease, every: numbers.heartbeat, jitter: numbers.jitter,
      limits: { meta, frame, id: maxId, rooms, rate },
    });
    for (const room of roomsAt(ledger.host(), id)) acknowledge(parts, state, room, undefined);
  }

  /** Work on one room in the order in which it came; at once when nothing of that room is awaited. */
  function inOrder(room: RoomName, work: () => void | Promise<void>): void {
    const before = chains.get(room);
    const done = before ? before.then(() => (state.closed ? undefined : work())) : work();
    if (!(done instanceof Promise)) return;
    const chain: Promise<void> = done.then(undefined, (cause: unknown) => { ledger.restart(room, cause); }).then(() => {
      if (chains.get(room) === chain) chains.delete(room);
    });
    chains.set(room, chain);
  }

  function act(message: Told): void | Promise<void> {
    const { room, n: re } = message;
    switch (message.type) {
      case "join":
        if (message.watch === "none" && !message.present) refuse("bad_message", "A join must ask to be present, or to watch.", { re, room });
        else return join(parts, state, message);
        return;
      case "update":
        return andThen(update(parts, state, room, message.meta), (failed) => {
          if (failed) { refuse(failed.code, failed.message, { re, room }); return; }
          const wish = state.wishes.get(room);
          if (wish) state.wishes.set(room, { ...wish, meta: message.meta });
          acknowledge(parts, state, room, re);
        });
      case "leave":
        state.wishes.delete(room);
        ledger.dispatch({ type: "leave", link: id, room, by: "client", reason: "leave" });
        fanout.unwatch(id, room);
        return;
      case "sync": {
        const watch = state.wishes.get(room)?.watch;
        if (!watch || watch === "none") { refuse("not_joined", "This link does not watch that room; join it first.", { re, room }); return; }
        notify({ type: "synced", re, room });
        fanout.sync(state, room, { full: message.full ?? false, ...(message.pos ? { pos: fromPos(message.pos) } : {}) }, re);
      }
    }
  }

  function identify(identity: Identity<M> | undefined): void | Promise<void> {
    if (state.closed) return;
    const known = identity === undefined ? undefined : knownIdentity<M>(identity, numbers.maxId);
    if (identity !== undefined && !known) {
      events.report({ code: "identify_failed", link: id, message: `An identity is { user } with a string or a number of at most ${numbers.maxId} characters; this one was passed over.` });
      refuse("identify_failed", "The server could not tell who this is.");
      return;
    }
    return events.run(() => {
      if (!known && state.identity) loggedOut = true;
      const done = become(parts, state, known);
      if (!known) return done;
      if (loggedOut) { loggedOut = false; welcome(); }
      return andThen(done, () => { for (const work of held.splice(0)) work(); });
    });
  }

  function drop(): void {
    state.closed = true;
    held = [];
    notices.clear();
    for (const room of state.wishes.keys()) fanout.unwatch(id, room);
    hooks.gone(id);
  }

  function promised(work: () => boolean | Promise<boolean>): Promise<boolean> {
    if (state.closed) return Promise.resolve(false);
    if (!state.identity) return new Promise((resolve) => { hold(() => { void promised(work).then(resolve); }); });
    return Promise.resolve(events.run(work));
  }

  const link: OpenLink<M> = {
    id, state, receive, heard, drop,
    get user() { return state.identity?.user; },
    send: notify,
    identify: (identity) => Promise.resolve(identify(identity)),
    frame(text) {
      if (state.closed) return false;
      heard();
      if (text.startsWith('["hc",') && utf8Length(text) > numbers.maxFrame) {
        refuse("too_large", `A frame may have ${numbers.maxFrame} bytes.`);
        return true;
      }
      const frame = decodeFrame(text);
      if (!frame.ours) {
        if (options.exclusive) refuse("bad_message", 'A frame here is a JSON array that begins with "hc".');
        return false;
      }
      if ("broken" in frame) refuse("bad_message", "This frame is no JSON.");
      else for (const message of frame.messages) receive(message);
      return true;
    },
    ready() {
      if (state.closed) return;
      if (notices.ready()) events.run(() => { fanout.ready(state, state.wishes.keys()); });
    },
    join: (room, given) => promised(() => give(parts, state, room, given?.meta)),
    update: (room, meta) => promised(() => andThen(update(parts, state, room, meta), (failed) => {
      if (failed) events.report({ code: failed.code, message: failed.message, room, link: id });
      else if (state.given.has(room)) state.given.set(room, meta);
      return !failed;
    })),
    leave: (room) => promised(() => {
      state.given.delete(room);
      ledger.dispatch({ type: "leave", link: id, room, by: "server", reason: "leave" });
      return true;
    }),
    closed(how: How) {
      if (state.closed) return;
      drop();
      ledger.dispatch({ type: "close", link: id, how: how === "vanished" && hooks.draining() ? "drain" : how });
    },
  };
  ledger.dispatch({ type: "open", link: id, lease: options.lease ?? numbers.lease });
  introduce(parts, state, (identity) => { void identify(identity); }, (code) => { refuse(code, "The server could not tell who this is."); });
  return link;
}
