import type { Snapshot } from "../../src/core/event.js";
import { reduce } from "../../src/core/reduce.js";
import { emptyRoom, type Room } from "../../src/core/room.js";
import { toSnapshot } from "../../src/core/snapshot.js";
import type { Log, Random } from "../../src/ports.js";
import { decodeServer } from "../../src/protocol/decode-server.js";
import type { ClientMessage, Pos, ServerMessage, ServerState, Watch } from "../../src/protocol/message.js";
import type { ErrorEvent, EventName, RegistryEvents } from "../../src/server/events.js";
import type { Link, LinkOptions } from "../../src/server/link.js";
import type { RegistryOptions } from "../../src/server/options.js";
import { createRegistry, type Registry } from "../../src/server/registry.js";
import { fakeClock, type FakeClock } from "./fake-clock.js";
import { fakeWire, isState, type FakeWire } from "./fake-wire.js";

export type Meta = Readonly<Record<string, unknown>>;
type Said = Record<string, unknown> & { readonly type: ClientMessage["type"] };
type Options = Partial<LinkOptions<Meta, string>> & { readonly hello?: boolean };
export type Told = [name: EventName, event: RegistryEvents<Meta>[EventName]];

/** A link with a client that speaks the protocol by hand. */
export type FakeClient = {
  readonly link: Link<Meta>;
  readonly peer: string;
  /** Says a message, with the next `n` where none is given. Returns its `n`. */
  readonly say: (message: Said) => number;
  readonly join: (room: string, options?: { watch?: Watch; present?: boolean; meta?: unknown; pos?: Pos; full?: boolean }) => number;
  /** All messages so far. */
  readonly all: () => readonly ServerMessage[];
  /** Messages since the last `news` or `states`. */
  readonly news: () => readonly ServerMessage[];
  /** The same, only states. */
  readonly states: () => readonly ServerState[];
  /** The last message of a type. */
  readonly last: <T extends ServerMessage["type"]>(type: T) => Extract<ServerMessage, { type: T }> | undefined;
  /** What it knows of a room by all states it was sent. */
  readonly room: (name: string) => Room<Meta>;
};

export type World = {
  readonly clock: FakeClock;
  readonly wire: FakeWire;
  readonly registry: Registry<Meta>;
  readonly errors: ErrorEvent[];
  readonly codes: () => readonly string[];
  /** Events of people: joined, left, updated, connected, disconnected. */
  readonly told: Told[];
  /** "joined ann" and the like, of `joined`, `left` and `updated` since the last call. */
  readonly changes: () => readonly string[];
  readonly open: (peer: string, options?: Options) => FakeClient;
  /** A client of the user of that name, allowed everywhere, past its hello. */
  readonly client: (user: string, options?: Options & { readonly peer?: string }) => FakeClient;
};

/** The same numbers in every run. */
export function seeded(seed: number): Random {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

/** A registry with a clock and a wire that are moved by hand. */
export function world({ log, ...options }: RegistryOptions<Meta> = {}): World {
  const clock = (options.clock as FakeClock | undefined) ?? fakeClock();
  const wire = fakeWire();
  const all = { clock, random: seeded(1), ...options };
  const registry = (log ? createRegistry<Meta>({ ...all, log: log }) : createRegistry<Meta>(all)) as Registry<Meta>;
  const errors: ErrorEvent[] = [];
  const told: Told[] = [];
  let read = 0;
  let peers = 0;
  registry.on("error", (error) => errors.push(error));
  for (const name of ["joined", "left", "updated", "connected", "disconnected"] as const) {
    registry.on(name, (event) => { told.push([name, event]); });
  }

  function open(peer: string, { hello = true, ...given }: Options = {}): FakeClient {
    const link = registry.open<string>({ wire, peer, ...given });
    let n = 0;
    let seen = 0;
    const say = (message: Said): number => {
      const number = typeof message.n === "number" ? message.n : ++n;
      link.receive(message.type === "hello" ? message : { n: number, ...message });
      return number;
    };
    const news = (): readonly ServerMessage[] => {
      const sent = wire.to(peer);
      const fresh = sent.slice(seen);
      seen = sent.length;
      return fresh;
    };
    if (hello) say({ type: "hello", v: [1], features: [] });
    return {
      link, peer, say, news,
      join: (room, { watch = "users", present = true, ...more } = {}) => say({ type: "join", room, watch, present, ...more }),
      all: () => wire.to(peer),
      states: () => news().filter(isState),
      last: (type) => wire.to(peer).filter((message) => message.type === type).at(-1) as never,
      room: (name) => fold(wire.to(peer), name),
    };
  }

  return {
    clock, wire, registry, errors, told, open,
    codes: () => errors.map(({ code }) => code),
    changes() {
      const fresh = told.slice(read);
      read = told.length;
      return fresh.filter(([name]) => !name.includes("connect")).map(([name, event]) => `${name} ${(event as { user: string }).user}`);
    },
    client: (user, { peer = `${user}-${++peers}`, ...more } = {}) => open(peer, { user, authorize: () => true, ...more }),
  };
}

/** Folds the states of one room as a client does, pages joined. */
function fold(messages: readonly ServerMessage[], name: string): Room<Meta> {
  let room = emptyRoom<Meta>();
  let pages: Snapshot<Meta>[] = [];
  for (const message of messages) {
    const heard = decodeServer<Meta>(JSON.parse(JSON.stringify(message)));
    if (heard?.type !== "state" || heard.room !== name) continue;
    let { event } = heard;
    if (heard.page && event.type === "snapshot") {
      const [i, of] = heard.page;
      pages = i === 0 ? [event] : [...pages, event];
      if (pages.length < of) continue;
      event = { ...event, connections: pages.flatMap(({ connections }) => connections) };
    }
    room = reduce(room, event);
  }
  return room;
}

/** Whether a client knows all of a room, and nothing else. */
export function agrees({ registry }: World, client: FakeClient, name: string): boolean {
  const mine = client.room(name);
  return mine.behind === undefined && JSON.stringify(toSnapshot(mine)) === JSON.stringify({ ...registry.snapshot(name), at: 0 });
}

/** Lets promises that can settle do so. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise<void>((resolve) => { setImmediate(resolve); });
}

export type HeldLog<M> = Log<M> & {
  /** The ops of each append that waits, the oldest first. */
  readonly waiting: readonly (readonly unknown[])[];
  /** Takes the oldest append, and answers; with `false` it takes it and the answer is lost. */
  readonly answer: (reply?: boolean) => Promise<void>;
  /** The oldest append never reaches it. */
  readonly fail: () => Promise<void>;
  /** How the next asks are answered: at once, when told to, or not at all. */
  asks: "now" | "later" | "never";
  readonly answerAsks: () => Promise<void>;
  /** How often it was asked. */
  asked: number;
  /** All appends that reached it. */
  readonly appended: (readonly unknown[])[];
};

/** A log that is elsewhere: it takes an append, and answers an ask, when the test says so. */
export function heldLog<M>(inner: Log<M>): HeldLog<M> {
  const queue: { readonly ops: readonly unknown[]; readonly run: (how: "answer" | "lose" | "fail") => void }[] = [];
  const asks: (() => void)[] = [];
  const log: HeldLog<M> = {
    get waiting() { return queue.map(({ ops }) => ops); },
    appended: [],
    asks: "now",
    asked: 0,
    append: (room, ops) => new Promise((resolve, reject) => {
      queue.push({
        ops,
        run(how) {
          if (how === "fail") { reject(new Error("unreachable")); return; }
          log.appended.push(ops);
          const result = inner.append(room, ops);
          if (how === "lose") reject(new Error("the reply was lost"));
          else resolve(result);
        },
      });
    }),
    since(room, ask) {
      log.asked++;
      if (log.asks === "never") return Promise.reject(new Error("unreachable"));
      if (log.asks === "now") return Promise.resolve(inner.since(room, ask));
      return new Promise((resolve) => { asks.push(() => { resolve(inner.since(room, ask)); }); });
    },
    room: (room) => inner.room(room),
    follow: (room, hear) => inner.follow(room, hear),
    restart: (room) => Promise.resolve(inner.restart(room)),
    answer: async (reply = true) => { queue.shift()?.run(reply ? "answer" : "lose"); await settled(); },
    fail: async () => { queue.shift()?.run("fail"); await settled(); },
    answerAsks: async () => { for (const answer of asks.splice(0)) answer(); await settled(); },
  };
  return log;
}
