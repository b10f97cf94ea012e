import type { Ask, RoomName } from "../core/event.js";
import { comparePoints } from "../core/position.js";
import { emptyRoom, type Room } from "../core/room.js";
import type { Clock, Log } from "../ports.js";
import { encodeDelta, encodeHeartbeat } from "../protocol/encode.js";
import type { ServerState, Watch } from "../protocol/message.js";
import { answerFrom, askKey, countOf, sameCount, type Answered, type Memo } from "./answer.js";
import type { Audience, Listener, Watcher } from "./audience.js";
import { publish } from "./channels.js";
import type { LinkId } from "./host-input.js";
import type { Heard } from "./ledger.js";
import type { Outbox } from "./outbox.js";

export type FanoutOptions<M> = {
  readonly log: Log<M>;
  readonly clock: Clock;
  readonly outbox: Outbox;
  readonly numbers: { readonly flush: number; readonly page: number; readonly maxWatched: number };
  /** A throw of ours in a room. */
  readonly onDefect: (room: RoomName, cause: unknown) => void;
  /** Nobody watches the room any more. */
  readonly onIdle: (room: RoomName) => void;
};

/** Tells watchers what became of rooms: at flush boundaries, encoded once for all who stand alike. */
export type Fanout<M> = {
  readonly heard: (heard: Heard<M>) => void;
  /** Starts, or switches, what a link is told of a room that is followed; answers at the next boundary. */
  readonly watch: (link: Listener, room: RoomName, wants: Watch, ask: Ask, re: number | undefined) => void;
  /** A request of a link that watches; false when it doesn't. */
  readonly sync: (link: Listener, room: RoomName, ask: Ask, re: number) => boolean;
  readonly unwatch: (link: LinkId, room: RoomName) => void;
  readonly watched: (room: RoomName) => boolean;
  /** A link can take more: what it is owed of these rooms, in one send where it fits. */
  readonly ready: (link: Listener, rooms: Iterable<RoomName>) => void;
  /** "We stand here" to those in step, the count to those who count; in every `turns`th room, so that all rooms have had theirs after so many turns. */
  readonly heartbeat: (turn: number, turns: number) => void;
  readonly close: () => void;
};

export function createFanout<M>({ log, clock, outbox, numbers, onDefect, onIdle }: FanoutOptions<M>): Fanout<M> {
  const audiences = new Map<RoomName, Audience<M>>();
  let slots = 0;

  function heard({ room, event, before, after }: Heard<M>): void {
    const audience = audiences.get(room);
    if (!audience) return;
    audience.head = after;
    audience.at = event.at;
    // After a snapshot no delta leads on from the boundary; whoever stands there is answered from the log.
    if (event.type !== "delta" || before.epoch !== after.epoch) audience.pending.clear();
    else {
      for (const fact of event.facts) {
        audience.pending.delete(fact.conn);
        audience.pending.set(fact.conn, fact);
      }
    }
    open(audience);
  }

  /** Opens a window unless one is open: it never resets, so a busy room is told as often as a calm one. */
  function open(audience: Audience<M>): void {
    audience.window ??= clock.after(numbers.flush, () => {
      audience.window = undefined;
      flush(audience);
    });
  }

  function request(audience: Audience<M>): void {
    // At once when quiet. The window that opens then keeps it to one state a window.
    if (!audience.window) flush(audience);
    open(audience);
  }

  function flush(audience: Audience<M>): void {
    try {
      const { boundary, head } = audience;
      const delta = deltaOf(audience);
      audience.boundary = head;
      audience.pending.clear();
      const memo: Memo = new Map();
      const groups = new Map<readonly ServerState[], Watcher[]>();
      for (const watcher of audience.watchers.values()) {
        const messages = watcher.link.slow ? undefined : stateFor(audience, watcher, memo, boundary, delta);
        if (messages) groups.set(messages, [...(groups.get(messages) ?? []), watcher]);
      }
      for (const [messages, watchers] of groups) send(audience, watchers, messages);
      if (delta) publish("delta", () => ({ room: audience.room, from: boundary.seq, to: head.seq, links: groups.get(delta)?.length ?? 0 }));
    } catch (cause) {
      onDefect(audience.room, cause);
    }
  }

  function deltaOf({ room, boundary, head, pending, at }: Audience<M>): readonly ServerState[] | undefined {
    if (pending.size === 0 || boundary.epoch !== head.epoch) return undefined;
    return [encodeDelta(room, { type: "delta", epoch: head.epoch, from: boundary.seq, to: head.seq, at, digest: head.digest, facts: [...pending.values()] })];
  }

  /** What a watcher is told now; undefined for nothing, or while its answer is on its way. `delta` leads from `boundary` here. */
  function stateFor(audience: Audience<M>, watcher: Watcher, memo: Memo, boundary: Room<M>, delta: readonly ServerState[] | undefined): readonly ServerState[] | undefined {
    const { head } = audience;
    if (watcher.wants === "none") return undefined;
    const large = head.users.size > numbers.maxWatched;
    if (watcher.limited && !large) watcher.ask ??= { ask: { full: false }, re: undefined };
    if (watcher.ask) watcher.limited = watcher.wants === "users" && large;
    if (watcher.wants === "count" || watcher.limited) {
      const count = countOf(audience, watcher.limited, memo);
      return watcher.ask || !sameCount(watcher.counted, count[0]) ? count : undefined;
    }
    if (watcher.pages.length > 0) return watcher.pages;
    if (watcher.ask) return answer(audience, watcher, watcher.ask.ask, memo);
    if (!watcher.at || samePoint(watcher.at, head)) return undefined;
    if (delta && samePoint(watcher.at, boundary)) return delta;
    return answer(audience, watcher, { pos: watcher.at, full: watcher.at.epoch !== head.epoch }, memo);
  }

  function answer(audience: Audience<M>, watcher: Watcher, ask: Ask, memo: Memo): readonly ServerState[] | undefined {
    const key = askKey(ask);
    const found = memo.get(key) ?? answerFrom(log, audience, ask, numbers.page);
    memo.set(key, found);
    if (!(found instanceof Promise)) return answered(audience, watcher, ask, found);
    found.then(
      (late) => {
        if (audience.watchers.get(watcher.link.id) !== watcher || watcher.link.slow) return;
        const messages = answered(audience, watcher, ask, late);
        if (messages) send(audience, [watcher], messages);
      },
      (cause: unknown) => { onDefect(audience.room, cause); },
    );
    return undefined;
  }

  function answered(audience: Audience<M>, watcher: Watcher, ask: Ask, found: Answered): readonly ServerState[] | undefined {
    if ("later" in found) {
      settleLater(audience.room, watcher, found.later);
      return undefined;
    }
    if (ask.pos && found[0]?.type === "snapshot") publish("repair", () => ({ room: audience.room, link: watcher.link.id, what: "snapshot" }));
    return found;
  }

  function settleLater(room: RoomName, watcher: Watcher, retryAfter: number): void {
    const message = "The server has just started and waits for those who are about to return.";
    const re = watcher.ask?.re;
    Object.assign(watcher, { ask: undefined, at: undefined, quietUntil: clock.now() + retryAfter });
    watcher.link.notify({ type: "error", code: "settling", room, message, retryAfter, ...(re === undefined ? {} : { re }) });
  }

  /** Page by page; who takes no more is owed the rest, of the same snapshot. */
  function send(audience: Audience<M>, watchers: readonly Watcher[], messages: readonly ServerState[]): void {
    let takers = watchers;
    messages.forEach((message, i) => {
      const refused = outbox.send(takers, [message]);
      for (const watcher of refused) watcher.pages = messages.length > 1 || watcher.pages.length > 0 ? messages.slice(i) : [];
      if (refused.size > 0) takers = takers.filter((watcher) => !refused.has(watcher));
    });
    for (const watcher of takers) told(audience, watcher, messages[messages.length - 1] as ServerState);
  }

  function told(audience: Audience<M>, watcher: Watcher, message: ServerState): void {
    const [epoch, seq, digest] = message.pos;
    Object.assign(watcher, { pages: [], ask: undefined, at: { epoch, seq, digest } });
    if (message.type === "count") watcher.counted = message;
    // The rest of an older snapshot: what came since follows at the next boundary.
    else if (!samePoint(watcher.at as Watcher["at"] & object, audience.head)) open(audience);
  }

  function ready(link: Listener, rooms: Iterable<RoomName>): void {
    const owed: { audience: Audience<M>; watcher: Watcher; messages: readonly ServerState[] }[] = [];
    for (const room of rooms) {
      const audience = audiences.get(room);
      const watcher = audience?.watchers.get(link.id);
      // Where a window is open its flush will do it.
      if (!audience || !watcher || audience.window) continue;
      const messages = stateFor(audience, watcher, new Map(), audience.head, undefined);
      if (messages) owed.push({ audience, watcher, messages });
    }
    const single = owed.filter(({ messages }) => messages.length === 1 && messages[0]?.type !== "snapshot");
    const [one] = single;
    if (one && outbox.send([one.watcher], single.flatMap(({ messages }) => messages)).size === 0) {
      for (const { audience, watcher, messages } of single) told(audience, watcher, messages[0] as ServerState);
    }
    for (const part of owed) if (!single.includes(part) && !link.slow) send(part.audience, [part.watcher], part.messages);
  }

  function heartbeat(turn: number, turns: number): void {
    for (const audience of audiences.values()) if (audience.slot % turns === turn % turns) beat(audience);
  }

  function beat(audience: Audience<M>): void {
    const { boundary, at, room } = audience;
    const now = clock.now();
    const all = [...audience.watchers.values()].filter((watcher) => !watcher.link.slow && !watcher.ask && watcher.pages.length === 0);
    // Never a later position than was flushed: whoever heard of one would ask at once, all together.
    const inStep = all.filter(({ wants, limited, at: told, quietUntil }) => wants === "users" && !limited && (told ? samePoint(told, boundary) : now >= quietUntil));
    if (inStep.length > 0) outbox.send(inStep, [encodeHeartbeat(room, at, boundary)]);
    for (const limited of [false, true]) {
      const counting = all.filter((watcher) => (watcher.wants === "count" || watcher.limited) && watcher.limited === limited);
      if (counting.length > 0) send(audience, counting, countOf({ ...audience, head: boundary }, limited, new Map()));
    }
  }

  function forget(audience: Audience<M>): void {
    audience.window?.();
    audiences.delete(audience.room);
    onIdle(audience.room);
  }

  return {
    heard, ready, heartbeat,
    watch(link, room, wants, ask, re) {
      const head = log.room(room) ?? emptyRoom<M>();
      const audience = audiences.get(room) ?? { room, slot: slots++, watchers: new Map(), boundary: head, head, at: clock.now(), pending: new Map(), window: undefined };
      audiences.set(room, audience);
      audience.watchers.set(link.id, { link, wants, at: undefined, ask: { ask, re }, pages: [], limited: false, counted: undefined, quietUntil: 0 });
      request(audience);
    },
    sync(link, room, ask, re) {
      const audience = audiences.get(room);
      const watcher = audience?.watchers.get(link.id);
      if (!audience || !watcher) return false;
      Object.assign(watcher, { ask: { ask, re }, pages: [] });
      request(audience);
      return true;
    },
    unwatch(link, room) {
      const audience = audiences.get(room);
      if (audience?.watchers.delete(link) && audience.watchers.size === 0) forget(audience);
    },
    watched: (room) => audiences.has(room),
    close() {
      for (const audience of audiences.values()) audience.window?.();
      audiences.clear();
    },
  };
}

function samePoint(a: { epoch: number; seq: number }, b: { epoch: number; seq: number }): boolean {
  return comparePoints(a, b) === 0;
}
