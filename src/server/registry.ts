import type { RoomName, UserId } from "../core/event.js";
import { emptyRoom, type Room } from "../core/room.js";
import { usersOf } from "../core/select.js";
import { toSnapshot } from "../core/snapshot.js";
import type { Log, Stop } from "../ports.js";
import { audit } from "./audit.js";
import { createDrain } from "./drain.js";
import { explain } from "./explain.js";
import { createEvents, type Voices } from "./events.js";
import { createFanout, type Fanout } from "./fanout.js";
import { createLedger, type Ledger } from "./ledger.js";
import { createFollows } from "./follows.js";
import { healthOf } from "./health.js";
import { connectionAt } from "./host.js";
import { kick, kicked } from "./kick.js";
import { createLately } from "./lately.js";
import type { LinkOptions } from "./link.js";
import { memoryLog } from "./memory-log.js";
import { acknowledge, end, roomsOf } from "./membership.js";
import { openLink, type OpenLink } from "./open-link.js";
import { registryNumbers, type RegistryOptions } from "./options.js";
import { createOutbox } from "./outbox.js";
import type { Parts } from "./parts.js";
import { createPatience } from "./patience.js";
import { createRecorder } from "./recorder.js";
import type { Registry } from "./registry-type.js";
import { createTellings } from "./tell.js";
import { MAX_MS, mintWith, systemClock } from "./system.js";

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
  const heard = new Set<string>();
  const mint = mintWith(random);
  const lately = createLately();
  const patience = createPatience(clock, numbers.patience);
  const tellings = createTellings<M>(events, voices, lately);
  const follows = createFollows<M>(() => ledger);
  const recorder = createRecorder<M>({ log, clock, events, own: own && { window: numbers.window, windowAge: numbers.windowAge, settle: numbers.settle }, ledger: () => ledger });
  let linkCount = 0;
  let closed = false;
  let stopTick: Stop | undefined;
  let turn = 0;

  const ledger: Ledger<M> = createLedger<M>({
    log, events, mint, record: recorder,
    host: { tick: numbers.tick, grace: numbers.grace },
    retry: (run) => clock.after(numbers.tick, run),
    watched: (room) => fanout.watched(room) || follows.holds(room),
    onHeard(what) {
      fanout.heard(what);
      follows.arrived(what.room);
    },
    onChange: tellings.tell,
    onExpired(id) {
      const link = links.get(id);
      if (!link) return;
      link.drop();
      closePeer(link, "timeout");
    },
    onLost({ link: id, room, conn, reason }, again) {
      const voice = voices.get(conn);
      if (again !== undefined && voice) voices.set(again, voice);
      const link = id === undefined ? undefined : links.get(id);
      if (!link || reason !== "kicked") return;
      link.state.given.delete(room);
      end(parts, link.state, room, kicked(), undefined, conn);
    },
    onAnnounced(id, room) {
      const state = links.get(id)?.state;
      if (!state) return;
      if (connectionAt(ledger.host(), id, room)) acknowledge(parts, state, room, undefined);
      else if (state.given.delete(room) || state.wishes.get(room)?.present) end(parts, state, room, kicked());
    },
  });
  const fanout: Fanout<M> = createFanout<M>({
    log, clock, numbers,
    outbox: createOutbox((room, cause) => { events.report({ code: "wire_failed", message: "The wire threw while a state was sent; it is owed.", ...(room === undefined ? {} : { room }), cause }); }),
    onDefect: (room, cause) => { ledger.restart(room, cause); },
    onUnavailable: (room, cause) => { events.report({ code: "unavailable", room, message: "The log could not be asked what a client missed; it is asked again.", cause }); },
    onIdle: (room) => { ledger.release(room); },
  });
  const parts: Parts<M> = { numbers, schema: options.meta, clock, patience, log, events, ledger, fanout, voices, lately, mint };
  const drain = createDrain<M>({ clock, random, links, patience: numbers.tick, sendAway: (link) => { closePeer(link, "drain"); } });

  function fold(room: RoomName): Room<M> | undefined {
    return log.room(room) ?? (own ? emptyRoom<M>() : undefined);
  }

  function mustBeOpen(what: string): void {
    if (closed) throw Object.assign(new Error(`registry.${what}: this registry is closed.`), { code: "closed" });
  }

  function closePeer({ state: { id, wire, peer } }: OpenLink<M>, why: "timeout" | "drain"): void {
    try {
      wire.close(peer, why);
    } catch (cause) {
      events.report({ code: "wire_failed", message: "The wire threw while it closed a socket.", link: id, cause });
    }
  }

  function letGo(detach: Stop): void {
    try {
      detach();
    } catch (cause) {
      events.report({ code: "internal", message: "An adapter threw while it was detached.", cause });
    }
  }

  function tick(): void {
    stopTick = clock.after(numbers.tick, tick);
    try {
      events.run(() => {
        ledger.dispatch({ type: "tick", now: clock.now(), heard: [...heard] });
        heard.clear();
        turn++;
        fanout.heartbeat(turn, turns(numbers.heartbeat));
        if (turn % turns(numbers.audit) === 0) mend();
      });
    } catch (cause) {
      events.report({ code: "internal", message: "A defect of headcount, in its tick.", cause });
    }
  }

  /** How many ticks a time takes. */
  function turns(ms: number): number {
    return Math.max(1, Math.round(ms / numbers.tick));
  }

  function mend(): number {
    return audit(parts, links, own !== undefined);
  }

  async function follow(room: RoomName): Promise<{ room: Room<M>; stop: Stop }> {
    mustBeOpen("follow");
    const stop = follows.hold(room);
    if (!fold(room)) await follows.arrival(room);
    mustBeOpen("follow");
    return { room: fold(room) ?? emptyRoom<M>(), stop };
  }

  return {
    options: numbers,
    open<P>(given: LinkOptions<M, P>) {
      mustBeOpen("open");
      mustBeMs("open", "lease", given.lease ?? numbers.lease, 1, MAX_MS);
      own?.begin();
      stopTick ??= clock.after(numbers.tick, tick);
      const id = `link-${++linkCount}`;
      const link = openLink<M>(parts, {
        heard: (one) => { heard.add(one); },
        gone(one) {
          links.delete(one);
          heard.delete(one);
          drain.gone();
        },
        bye: drain.bye,
      }, id, given);
      links.set(id, link);
      events.run(link.begin);
      drain.opened(link);
      return link;
    },
    on: (name, listener) => events.on(name, listener),
    userCount: (room) => fold(room)?.users.size,
    connectionCount: (room) => fold(room)?.connectionCount,
    users: (room) => ifKnown(fold(room), usersOf),
    snapshot: (room) => ifKnown(fold(room), (found) => toSnapshot(found, clock.now())),
    rooms: () => [...ledger.rooms()].filter((room) => (log.room(room)?.users.size ?? 0) > 0),
    isOnlineHere: (user) => tellings.roomsOf(String(user)).length > 0,
    roomsOfHere: (user) => tellings.roomsOf(String(user)),
    follow,
    async query(name) {
      const { room, stop } = await follow(name);
      stop();
      return room;
    },
    kick(given, room, { block } = {}) {
      mustBeOpen("kick");
      const user = String(given);
      if (block !== undefined) mustBeMs("kick", "block", block);
      const rooms = room === undefined ? new Set([...tellings.roomsOf(user), ...linksOf(user).flatMap(({ state }) => [...roomsOf(parts, state)])]) : [room];
      events.run(() => { kick(parts, linksOf(user), user, rooms, block === undefined ? undefined : clock.now() + block); });
    },
    async drain({ reconnectWithin: within }) {
      mustBeOpen("drain");
      mustBeMs("drain", "reconnectWithin", within, 0, MAX_MS);
      ledger.dispatch({ type: "drain", within });
      await drain.start(within);
    },
    explain: (room, user) => explain(parts, { links, heard, sole: own !== undefined }, room, user),
    record(sink, given) {
      mustBeOpen("record");
      if (typeof sink !== "function") throw new TypeError("registry.record(sink): the sink must be a function that takes a line.");
      return recorder.start(sink, given);
    },
    audit: () => (closed ? 0 : events.run(mend)),
    health: () => healthOf(parts, links, { draining: drain.bye() !== undefined, closed }),
    attach(target, detach) {
      mustBeOpen("attach");
      if (attached.has(target)) throw new TypeError("This server is attached to this registry already; attach it once, or detach it first.");
      attached.set(target, detach);
      return () => { attached.delete(target); };
    },
    report: (error) => { events.report(error); },
    close() {
      if (closed) return;
      closed = true;
      stopTick?.();
      recorder.close();
      // Before the adapters let go: what they say of the links then is no goodbye.
      for (const link of [...links.values()]) link.drop();
      for (const detach of [...attached.values()]) letGo(detach);
      attached.clear();
      drain.close();
      fanout.close();
      ledger.close();
      // Who waits for something is told that it will not be.
      patience.close();
      follows.close();
    },
  };

  function linksOf(user: UserId): OpenLink<M>[] {
    return [...links.values()].filter((link) => link.user === user);
  }
}

function ifKnown<M, R>(room: Room<M> | undefined, read: (room: Room<M>) => R): R | undefined {
  return room && read(room);
}

/** @throws TypeError naming what must be a time and is none. */
function mustBeMs(of: string, name: string, value: number, least = 0, most = Infinity): void {
  if (!Number.isFinite(value) || value < least || value > most) throw new TypeError(`registry.${of}: "${name}" must be a finite number of ${least} to ${most} ms, not ${String(value)}.`);
}
