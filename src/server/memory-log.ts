import type { Answer, Ask, RoomEvent, RoomName } from "../core/event.js";
import type { Room } from "../core/room.js";
import { toSnapshot } from "../core/snapshot.js";
import type { Appended, Clock, Log, Op, Stop } from "../ports.js";
import { checkOptions } from "./check-options.js";
import { append, blocksAt, emptyLog, since, type LogOptions, type LogState } from "./log.js";
import { checkNumber } from "./options.js";

/** What `memoryLog` takes; all of it optional. */
export type MemoryLogOptions = Partial<LogOptions> & {
  /** Default: the system's. */
  readonly clock?: Pick<Clock, "now">;
  /** What a follower threw. Default: it is written to the console. */
  readonly onError?: (error: unknown) => void;
};

/** A log in this process's memory: it answers at once, and holds a room as long as someone is there, follows it or is blocked from it. */
export interface MemoryLog<M> extends Log<M> {
  append(room: RoomName, ops: readonly Op<M>[]): Appended<M>;
  since(room: RoomName, ask: Ask): Answer<M>;
  restart(room: RoomName): void;
  /** The first link of this process has opened: from now on its logs have an age. Later calls do nothing. */
  begin(): void;
  /** When `begin` was called first, in wall-clock milliseconds; 0 before. */
  born(): number;
}

type Hear<M> = (event: RoomEvent<M>, before: Room<M>, after: Room<M>) => void;
/** An object for each `follow`, as one function may follow twice. */
type Follower<M> = { readonly hear: Hear<M>; stopped: boolean };
type Entry<M> = { log: LogState<M>; readonly followers: Set<Follower<M>> };
type News<M> = { readonly to: readonly Follower<M>[]; readonly event: RoomEvent<M>; readonly before: Room<M>; readonly after: Room<M> };

const DEFAULTS: LogOptions = { window: 512, windowAge: 120_000, settle: 12_000 };

/** The authority of a single process. Rooms begin when they are first followed or appended to. Throws a `TypeError` that names the option which makes no sense. */
export function memoryLog<M>(options: MemoryLogOptions = {}): MemoryLog<M> {
  checkOptions("memoryLog", options, { window: "any", windowAge: "any", settle: "any", clock: "any", onError: "function" });
  const { clock = Date, onError = warn } = options;
  const bounds: LogOptions = {
    window: options.window ?? DEFAULTS.window,
    windowAge: options.windowAge ?? DEFAULTS.windowAge,
    settle: options.settle ?? DEFAULTS.settle,
  };
  for (const [name, value] of Object.entries(bounds)) checkNumber("memoryLog", name, value);
  const rooms = new Map<RoomName, Entry<M>>();
  /** Rooms that only a block keeps, in the order in which they are looked at. */
  const kept = new Set<RoomName>();
  const news: News<M>[] = [];
  let telling = false;
  let begun: number | undefined;
  let settled = false;
  let highest = 0;
  /** The epochs that clients may know from this process, as long as the log is young. (Not a range: a process that is not quite gone makes epochs, too.) */
  const own = new Set<number>();

  /** A log settles once. A clock that is put back before then leaves it young for another `settle`, not for as long as it was put back by. */
  function age(now: number): void {
    if (begun === undefined || settled) return;
    begun = Math.min(begun, now);
    settled = now - begun >= bounds.settle;
    if (settled) own.clear();
  }

  function fresh(now: number): LogState<M> {
    age(now);
    highest = Math.max(highest + 1, Math.floor(now));
    if (begun !== undefined && !settled) own.add(highest);
    return emptyLog<M>(highest, begun ?? 0, bounds);
  }

  function entry(name: RoomName): Entry<M> {
    let found = rooms.get(name);
    if (!found) {
      // A block ends without an event. One old room looked at for each new one keeps what they hold in bounds.
      for (const old of kept) {
        kept.delete(old);
        forget(old);
        break;
      }
      found = { log: fresh(clock.now()), followers: new Set() };
      rooms.set(name, found);
    }
    return found;
  }

  function forget(name: RoomName): void {
    const found = rooms.get(name);
    if (!found || found.followers.size > 0 || found.log.room.users.size > 0) return;
    if (blocksAt(found.log, clock.now()).blocked.size > 0) kept.add(name);
    else rooms.delete(name);
  }

  function tell(found: Entry<M>, event: RoomEvent<M>, before: Room<M>): void {
    // Who follows later starts from a room that has this already.
    news.push({ to: [...found.followers], event, before, after: found.log.room });
    // A follower that appends while it is told: the others hear first what came first.
    if (telling) return;
    telling = true;
    try {
      for (let one; (one = news.shift()); ) for (const follower of one.to) tellOne(follower, one);
    } finally {
      telling = false;
    }
  }

  function tellOne(follower: Follower<M>, { event, before, after }: News<M>): void {
    if (follower.stopped) return;
    try {
      follower.hear(event, before, after);
    } catch (error) {
      onError(error);
    }
  }

  return {
    append(name, ops) {
      const found = entry(name);
      const { log, ...appended } = append(found.log, ops, clock.now());
      const before = found.log.room;
      found.log = log;
      if (appended.delta) tell(found, appended.delta, before);
      forget(name);
      return appended;
    },
    since(name, ask) {
      const now = clock.now();
      age(now);
      const log = rooms.get(name)?.log ?? fresh(now);
      return since({ ...log, born: settled ? -Infinity : begun ?? now }, ask, now, own);
    },
    room: (name) => rooms.get(name)?.log.room,
    follow(name, hear): Stop {
      const found = entry(name);
      const follower: Follower<M> = { hear, stopped: false };
      found.followers.add(follower);
      return () => {
        if (follower.stopped) return;
        follower.stopped = true;
        found.followers.delete(follower);
        forget(name);
      };
    },
    restart(name) {
      const found = rooms.get(name);
      if (!found) return;
      const now = clock.now();
      const before = found.log.room;
      const { blocked, unblock } = found.log;
      found.log = { ...fresh(now), blocked, unblock };
      tell(found, toSnapshot(found.log.room, now), before);
      forget(name);
    },
    begin() {
      if (begun !== undefined) return;
      begun = clock.now();
      for (const { log } of rooms.values()) own.add(log.room.epoch);
    },
    born: () => begun ?? 0,
  };
}

function warn(error: unknown): void {
  // The log goes on, and nobody else would say what happened.
  console.error(error);
}
