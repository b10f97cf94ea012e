import type { Ask, RoomName } from "../core/event.js";
import { comparePoints } from "../core/position.js";
import { emptyRoom, type Room } from "../core/room.js";
import type { Clock, Log } from "../ports.js";
import type { ServerState, Watch } from "../protocol/message.js";
import { answerFrom, askKey, countOf, deltaOf, heartbeatOf, sameCount, settleLeft, type Answered, type Memo } from "./answer.js";
import { gather, isQuiet, isTooLarge, type Audience, type Listener, type Watcher } from "./audience.js";
import { publish } from "./channels.js";
import type { LinkId } from "./host-input.js";
import type { Heard } from "./ledger.js";
import type { Outbox } from "./outbox.js";

export type FanoutOptions<M> = {
  readonly log: Log<M>;
  readonly clock: Clock;
  readonly outbox: Outbox;
  readonly numbers: { readonly flush: number; readonly page: number; readonly maxWatched: number; readonly tick: number };
  /** A throw of ours in a room. */
  readonly onDefect: (room: RoomName, cause: unknown) => void;
  /** The log could not be asked; it is asked again after a tick. */
  readonly onUnavailable: (room: RoomName, cause: unknown) => void;
  /** Nobody watches the room any more. */
  readonly onIdle: (room: RoomName) => void;
};

/** Tells watchers what became of rooms: at flush boundaries, encoded once for all who stand alike. */
export type Fanout<M> = {
  readonly heard: (heard: Heard<M>) => void;
  /** Starts, or switches, what a link is told of a room that is followed; answers at the next boundary. */
  readonly watch: (link: Listener, room: RoomName, wants: Watch, ask: Ask, re: number | undefined) => void;
  /** A request of a link that watches. */
  readonly sync: (link: Listener, room: RoomName, ask: Ask, re: number) => void;
  readonly unwatch: (link: LinkId, room: RoomName) => void;
  readonly watched: (room: RoomName) => boolean;
  /** A link can take more: what it is owed of these rooms, in one send where it fits. */
  readonly ready: (link: Listener, rooms: Iterable<RoomName>) => void;
  /** "We stand here" to those in step, the count to those who count; in every `turns`th room, so that all rooms have had theirs after so many turns. */
  readonly heartbeat: (turn: number, turns: number) => void;
  readonly close: () => void;
};

export function createFanout<M>({ log, clock, outbox, numbers, onDefect, onUnavailable, onIdle }: FanoutOptions<M>): Fanout<M> {
  const audiences = new Map<RoomName, Audience<M>>();
  let slots = 0;

  function heard(heard: Heard<M>): void {
    const audience = audiences.get(heard.room);
    if (!audience) return;
    gather(audience, heard);
    open(audience);
  }

  /** Opens a window unless one is open: it never resets, so a busy room is told as often as a calm one. */
  function open(audience: Audience<M>, ms = numbers.flush): void {
    if (audiences.get(audience.room) !== audience) return;
    audience.window ??= clock.after(ms, () => {
      audience.window = undefined;
      flush(audience);
    });
  }

  /** At once when quiet. The window that opens then keeps it to one state a window. */
  function request(audience: Audience<M>): void {
    if (!audience.window) flush(audience);
    open(audience);
  }

  function flush(audience: Audience<M>): void {
    try {
      const { boundary, head, due } = audience;
      const delta = deltaOf(audience);
      Object.assign(audience, { boundary: head, pending: new Map(), due: false, large: isTooLarge(audience, numbers.maxWatched) });
      const memo: Memo = new Map();
      const groups = new Map<readonly ServerState[], Watcher[]>();
      for (const watcher of audience.watchers.values()) {
        const messages = watcher.link.slow ? undefined : stateFor(audience, watcher, memo, { boundary, delta, due });
        if (!messages) continue;
        const group = groups.get(messages);
        if (group) group.push(watcher);
        else groups.set(messages, [watcher]);
      }
      for (const [messages, watchers] of groups) send(audience, watchers, messages);
      if (delta) publish("delta", () => ({ room: audience.room, from: boundary.seq, to: head.seq, links: groups.get(delta)?.length ?? 0 }));
    } catch (cause) {
      onDefect(audience.room, cause);
    }
  }

  /** What a watcher is told now; undefined for nothing, or while its answer is on its way. `delta` leads from `boundary` here. */
  function stateFor(audience: Audience<M>, watcher: Watcher, memo: Memo, now: { boundary: Room<M>; delta: readonly ServerState[] | undefined; due: boolean }): readonly ServerState[] | undefined {
    const { head } = audience;
    const limited = watcher.wants === "users" && audience.large;
    if (watcher.limited !== limited) {
      // The numbers may be those that it was told last, before it had the list.
      Object.assign(watcher, { limited, counted: undefined });
      if (!limited && !isQuiet(watcher, clock.now())) watcher.ask ??= { ask: { full: false }, re: undefined };
    }
    if (watcher.wants === "count" || watcher.limited) {
      // Not known yet is not empty.
      if (head.epoch === 0) return undefined;
      const wait = watcher.ask && settleLeft(log, audience, watcher.ask.ask);
      if (wait !== undefined) settleLater(audience.room, watcher, wait);
      if (!watcher.ask && isQuiet(watcher, clock.now())) return undefined;
      const count = countOf(audience, watcher.limited, memo);
      return watcher.ask || now.due || !sameCount(watcher.counted, count[0]) ? count : undefined;
    }
    if (watcher.pages.length > 0) return watcher.pages;
    if (watcher.waits) return undefined;
    if (watcher.ask) return answer(audience, watcher, watcher.ask.ask, memo);
    // Who is settling stands nowhere; after that a heartbeat tells it to ask.
    if (!watcher.at) return now.due && !isQuiet(watcher, clock.now()) ? heartbeatOf(audience, memo) : undefined;
    if (comparePoints(watcher.at, head) === 0) return now.due ? heartbeatOf(audience, memo) : undefined;
    if (now.delta && comparePoints(watcher.at, now.boundary) === 0) return now.delta;
    return answer(audience, watcher, { pos: watcher.at, full: watcher.at.epoch !== head.epoch }, memo);
  }

  function answer(audience: Audience<M>, watcher: Watcher, ask: Ask, memo: Memo): readonly ServerState[] | undefined {
    const key = askKey(ask);
    const found = memo.get(key) ?? answerFrom(log, audience, ask, memo, numbers.page);
    memo.set(key, found);
    if (!(found instanceof Promise)) return answered(audience, watcher, ask, found);
    const mine = {};
    watcher.waits = mine;
    found.then(
      (late) => {
        if (watcher.waits !== mine || audience.watchers.get(watcher.link.id) !== watcher) return;
        watcher.waits = undefined;
        // Told at a boundary, like everything.
        watcher.pages = answered(audience, watcher, ask, late) ?? [];
        open(audience);
      },
      (cause: unknown) => {
        watcher.waits = undefined;
        onDefect(audience.room, cause);
      },
    );
    return undefined;
  }

  function answered(audience: Audience<M>, watcher: Watcher, ask: Ask, found: Answered): readonly ServerState[] | undefined {
    if ("later" in found) settleLater(audience.room, watcher, found.later);
    else if ("unavailable" in found) {
      onUnavailable(audience.room, found.unavailable);
      open(audience, numbers.tick);
    } else {
      if (ask.pos && found[0]?.type === "snapshot") publish("repair", () => ({ room: audience.room, link: watcher.link.id, what: "snapshot" }));
      return found;
    }
    return undefined;
  }

  function settleLater(room: RoomName, watcher: Watcher, retryAfter: number): void {
    const message = "The server has just started and waits for those who are about to return.";
    const re = watcher.ask?.re;
    Object.assign(watcher, { ask: undefined, at: undefined, quiet: { from: clock.now(), ms: retryAfter } });
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
    // A heartbeat that answers nobody moves nobody.
    if (message.type === "heartbeat" && !watcher.ask) return;
    Object.assign(watcher, { pages: [], ask: undefined, waits: undefined, at: { epoch, seq, digest } });
    if (message.type === "count") watcher.counted = message;
    // The rest of an older snapshot: what came since follows at the next boundary.
    else if (comparePoints({ epoch, seq }, audience.head) !== 0) open(audience);
  }

  function ready(link: Listener, rooms: Iterable<RoomName>): void {
    const owed: { audience: Audience<M>; watcher: Watcher; messages: readonly ServerState[] }[] = [];
    for (const room of rooms) {
      const audience = audiences.get(room);
      const watcher = audience?.watchers.get(link.id);
      // Where a window is open its flush will do it.
      if (!audience || !watcher || audience.window) continue;
      try {
        const messages = stateFor(audience, watcher, new Map(), { boundary: audience.head, delta: undefined, due: false });
        if (messages) owed.push({ audience, watcher, messages });
      } catch (cause) {
        onDefect(room, cause);
      }
    }
    const single = owed.filter(({ messages }) => messages.length === 1 && messages[0]?.type !== "snapshot");
    const [one] = single;
    if (one && outbox.send([one.watcher], single.flatMap(({ messages }) => messages)).size === 0) {
      for (const { audience, watcher, messages } of single) told(audience, watcher, messages[0] as ServerState);
    }
    for (const part of owed) if (!single.includes(part) && !link.slow) send(part.audience, [part.watcher], part.messages);
  }

  return {
    heard, ready,
    watch(link, room, wants, ask, re) {
      const head = log.room(room) ?? emptyRoom<M>();
      const audience = audiences.get(room) ?? { room, slot: slots++, watchers: new Map(), boundary: head, head, large: false, at: clock.now(), pending: new Map(), due: false, window: undefined };
      audiences.set(room, audience);
      audience.watchers.set(link.id, { link, wants, at: undefined, ask: { ask, re }, waits: undefined, pages: [], limited: false, counted: undefined, quiet: undefined });
      request(audience);
    },
    sync(link, room, ask, re) {
      const audience = audiences.get(room);
      const watcher = audience?.watchers.get(link.id);
      if (!audience || !watcher) return;
      Object.assign(watcher, { ask: { ask, re }, waits: undefined, pages: [] });
      request(audience);
    },
    unwatch(link, room) {
      const audience = audiences.get(room);
      if (!audience?.watchers.delete(link) || audience.watchers.size > 0) return;
      audience.window?.();
      audiences.delete(room);
      onIdle(room);
    },
    watched: (room) => audiences.has(room),
    heartbeat(turn, turns) {
      for (const audience of audiences.values()) {
        if (audience.slot % turns !== turn % turns) continue;
        // Never a later position than was flushed: whoever heard of one would ask at once, all together.
        audience.due = true;
        request(audience);
      }
    },
    close() {
      for (const { window, watchers } of audiences.values()) {
        window?.();
        watchers.clear();
      }
      audiences.clear();
    },
  };
}
