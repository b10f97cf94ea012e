import type { RoomName } from "../core/event.js";
import { emptyRoom, type Room } from "../core/room.js";
import { usersOf } from "../core/select.js";
import { toSnapshot } from "../core/snapshot.js";
import type { Log, Stop } from "../ports.js";
import type { ServerNotice } from "../protocol/message.js";
import { audit } from "./audit.js";
import { refusal } from "./authorize.js";
import { createEvents, type Voices } from "./events.js";
import { createFanout, type Fanout } from "./fanout.js";
import { createLedger, type Ledger } from "./ledger.js";
import type { LinkOptions } from "./link.js";
import { memoryLog } from "./memory-log.js";
import { acknowledge, end } from "./membership.js";
import { openLink, type OpenLink } from "./open-link.js";
import { registryNumbers, type RegistryOptions } from "./options.js";
import { createOutbox } from "./outbox.js";
import type { Parts } from "./parts.js";
import type { Registry } from "./registry-type.js";
import { createTellings } from "./tell.js";
import { mintWith, systemClock } from "./system.js";

export type { Health, Registry } from "./registry-type.js";

/** Makes a registry. Throws a `TypeError` that names the option which makes no sense. */
export function createRegistry<M = unknown>(options?: RegistryOptions<M> & { readonly log?: undefined }): Registry<M>;
export function createRegistry<M = unknown>(options: RegistryOptions<M> & { readonly log: Log<M> }): Registry<M, undefined>;
export function createRegistry<M = unknown>(options: RegistryOptions<M> = {}): Registry<M, undefined> {
  const numbers = registryNumbers(options);
  const clock = options.clock ?? systemClock;
  const random = options.random ?? Math.random;
  const own = options.log ? undefined : memoryLog<M>({ clock, window: numbers.window, windowAge: numbers.windowAge, settle: numbers.settle });
  const log: Log<M> = options.log ?? (own as Log<M>);
  const events = createEvents<M>();
  const voices: Voices = new Map();
  const links = new Map<string, OpenLink<M>>();
  const attached = new Map<object, Stop>();
  const held = new Map<RoomName, number>();
  const heard = new Set<string>();
  const arrivals = new Map<RoomName, (() => void)[]>();
  const mint = mintWith(random);
  const tellings = createTellings<M>(events, voices);
  let linkCount = 0;
  let closed = false;
  let leaving: { readonly within: number } | undefined;
  const emptied: (() => void)[] = [];
  let stopTick: Stop | undefined;
  let turn = 0;

  const ledger: Ledger<M> = createLedger<M>({
    log, events, mint,
    host: { tick: numbers.tick, grace: numbers.grace },
    retry: (run) => clock.after(numbers.tick, run),
    watched: (room) => fanout.watched(room) || held.has(room),
    onHeard(what) {
      fanout.heard(what);
      for (const arrived of arrivals.get(what.room) ?? []) arrived();
      arrivals.delete(what.room);
    },
    onChange: tellings.tell,
    onExpired(id) {
      const link = links.get(id);
      if (!link) return;
      const { wire, peer } = link.state;
      link.drop();
      closePeer(() => { wire.close(peer, "timeout"); });
    },
    onLost({ link: id, room, conn, reason }, again) {
      const voice = voices.get(conn);
      if (again !== undefined && voice) voices.set(again, voice);
      const link = id === undefined ? undefined : links.get(id);
      if (!link || reason !== "kicked") return;
      link.state.given.delete(room);
      end(parts, link.state, room, kicked());
    },
    onAnnounced(id, room) {
      const link = links.get(id);
      if (link) acknowledge(parts, link.state, room, undefined);
    },
  });
  const fanout: Fanout<M> = createFanout<M>({
    log, clock, numbers,
    outbox: createOutbox((room, cause) => { events.report({ code: "wire_failed", message: "The wire threw while a state was sent; it is owed.", ...(room === undefined ? {} : { room }), cause }); }),
    onDefect: (room, cause) => { ledger.restart(room, cause); },
    onIdle: (room) => { ledger.release(room); },
  });
  const parts: Parts<M> = { numbers, schema: options.meta, clock, log, events, ledger, fanout, voices, mint };

  function fold(room: RoomName): Room<M> | undefined {
    return log.room(room) ?? (own ? emptyRoom<M>() : undefined);
  }

  function mustBeOpen(what: string): void {
    if (closed) throw Object.assign(new Error(`registry.${what}: this registry is closed.`), { code: "closed" });
  }

  function closePeer(close: () => void): void {
    try {
      close();
    } catch (cause) {
      events.report({ code: "wire_failed", message: "The wire threw while it closed a socket.", cause });
    }
  }

  function tick(): void {
    stopTick = clock.after(numbers.tick, tick);
    events.run(() => {
      ledger.dispatch({ type: "tick", now: clock.now(), heard: [...heard] });
      heard.clear();
      turn++;
      fanout.heartbeat(turn, Math.max(1, Math.round(numbers.heartbeat / numbers.tick)));
      if (turn % Math.max(1, Math.round(numbers.audit / numbers.tick)) === 0) audit(parts, links, own !== undefined);
    });
  }

  function bye(): ServerNotice | undefined {
    return leaving && { type: "bye", reason: "drain", reconnectWithin: leaving.within };
  }

  function sendAway(link: OpenLink<M>, within: number): void {
    clock.after(random() * within, () => {
      const { wire, peer } = link.state;
      if (!link.state.closed) closePeer(() => { wire.close(peer, "drain"); });
    });
  }

  function hold(room: RoomName): Stop {
    let stopped = false;
    held.set(room, (held.get(room) ?? 0) + 1);
    ledger.follow(room);
    return () => {
      if (stopped) return;
      stopped = true;
      const left = (held.get(room) ?? 1) - 1;
      if (left > 0) held.set(room, left);
      else held.delete(room);
      ledger.release(room);
    };
  }

  async function follow(room: RoomName): Promise<{ room: Room<M>; stop: Stop }> {
    mustBeOpen("follow");
    const stop = hold(room);
    if (!fold(room)) await new Promise<void>((resolve) => { arrivals.set(room, [...(arrivals.get(room) ?? []), resolve]); });
    return { room: fold(room) ?? emptyRoom<M>(), stop };
  }

  return {
    options: numbers,
    open<P>(given: LinkOptions<M, P>) {
      mustBeOpen("open");
      own?.begin();
      stopTick ??= clock.after(numbers.tick, tick);
      const id = `link-${++linkCount}`;
      const link = openLink<M>(parts, {
        heard: (one) => { heard.add(one); },
        gone: (one) => {
          links.delete(one);
          heard.delete(one);
          if (links.size === 0) for (const done of emptied.splice(0)) done();
        },
        bye, draining: () => leaving !== undefined,
      }, id, given);
      links.set(id, link);
      if (leaving) sendAway(link, leaving.within);
      return link;
    },
    on: (name, listener) => events.on(name, listener),
    userCount: (room) => fold(room)?.users.size,
    connectionCount: (room) => fold(room)?.connectionCount,
    users: (room) => ifKnown(fold(room), usersOf),
    snapshot: (room) => ifKnown(fold(room), (found) => toSnapshot(found, clock.now())),
    rooms: () => [...ledger.rooms()].filter((room) => (log.room(room)?.users.size ?? 0) > 0),
    isOnlineHere: (user) => tellings.roomsOf(user).length > 0,
    roomsOfHere: tellings.roomsOf,
    follow,
    async query(name) {
      const { room, stop } = await follow(name);
      stop();
      return room;
    },
    kick(user, room, { block } = {}) {
      mustBeOpen("kick");
      if (block !== undefined && !(block >= 0 && Number.isFinite(block))) throw new TypeError(`registry.kick: "block" must be a number of ms, not ${String(block)}.`);
      events.run(() => {
        const theirs = [...links.values()].filter((link) => link.user === user);
        const rooms = room === undefined ? new Set([...tellings.roomsOf(user), ...theirs.flatMap((link) => [...link.state.wishes.keys()])]) : [room];
        for (const name of rooms) {
          const connections = log.room(name)?.users.get(user)?.connections ?? [];
          ledger.append(name, [
            ...(block === undefined ? [] : [{ type: "block", user, until: clock.now() + block } as const]),
            ...connections.map(({ conn }) => ({ type: "disconnect", conn, reason: "kicked" }) as const),
          ]);
          for (const link of theirs) if (link.state.wishes.has(name)) end(parts, link.state, name, kicked());
        }
      });
    },
    async drain({ reconnectWithin: within }) {
      mustBeOpen("drain");
      if (!(within >= 0 && Number.isFinite(within))) throw new TypeError(`registry.drain: "reconnectWithin" must be a number of ms, not ${String(within)}.`);
      leaving = { within };
      ledger.dispatch({ type: "drain", within });
      const notice = bye();
      for (const link of links.values()) {
        if (notice) link.send(notice);
        sendAway(link, within);
      }
      if (links.size === 0) return;
      await new Promise<void>((resolve) => {
        emptied.push(resolve);
        clock.after(within + numbers.tick, resolve);
      });
    },
    audit: () => (closed ? 0 : events.run(() => audit(parts, links, own !== undefined))),
    health: () => ({
      links: links.size,
      rooms: [...ledger.rooms()].length,
      slow: [...links.values()].filter((link) => link.state.slow).length,
      busy: [...ledger.rooms()].filter((room) => ledger.inFlight(room)).length,
      draining: leaving !== undefined,
      closed,
      errors: [...events.errors].map(([code, count]) => ({ code, count })),
    }),
    attach(target, detach) {
      mustBeOpen("attach");
      if (attached.has(target)) throw new TypeError("This server is attached to this registry already; attach it once, or detach it first.");
      attached.set(target, detach);
      return () => { attached.delete(target); };
    },
    close() {
      if (closed) return;
      closed = true;
      stopTick?.();
      for (const detach of [...attached.values()]) detach();
      attached.clear();
      for (const link of [...links.values()]) link.drop();
      fanout.close();
      ledger.close();
    },
  };
}

function ifKnown<M, R>(room: Room<M> | undefined, read: (room: Room<M>) => R): R | undefined {
  return room && read(room);
}

function kicked(): ReturnType<typeof refusal> {
  return refusal("kicked", "You were removed from this room.", false, "kicked");
}
