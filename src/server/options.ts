import type { Clock, Log, Random } from "../ports.js";
import type { MetaSchema } from "./meta.js";
import { MAX_MS } from "./system.js";

/** All numbers of a registry. Milliseconds, unless said otherwise. */
export type RegistryNumbers = {
  /** Silence that is forgiven a link whose transport has no lease of its own. */
  readonly lease: number;
  /** How often an adapter that keeps time itself pings its peers. */
  readonly ping: number;
  /** The host's step. */
  readonly tick: number;
  /** How long a vanishing is kept quiet in case the user returns; 0 = off. */
  readonly grace: number;
  /** How long a young log waits before it says who did not come back. */
  readonly settle: number;
  /** How long facts gather before watchers are told. */
  readonly flush: number;
  /** A quiet room's watchers hear of it this often. */
  readonly heartbeat: number;
  /** How often host, log and sockets are compared. */
  readonly audit: number;
  /** How long `identify`, `authorize` and `autoJoin` may take. */
  readonly patience: number;
  /** Over so much time clients spread what all of them would ask at once. */
  readonly jitter: number;
  /** Facts that a room's log remembers, and for how long at most. */
  readonly window: number;
  readonly windowAge: number;
  /** UTF-16 units of a room's name or a user's id. */
  readonly maxId: number;
  /** Bytes of a connection's meta as JSON. */
  readonly maxMeta: number;
  /** Bytes of a client's frame. */
  readonly maxFrame: number;
  /** Bytes of a snapshot's page. */
  readonly page: number;
  /** Rooms that one link may be in or watch. */
  readonly maxRooms: number;
  /** Connections of one user in one room. */
  readonly maxConnections: number;
  /** Users of one room; Infinity = no bound. */
  readonly maxUsers: number;
  /** Users of a room that is still listed to watchers; larger ones are counted for them. */
  readonly maxWatched: number;
  /** Messages a second of one link, and how many may come at once. */
  readonly rate: number;
  readonly burst: number;
};

/** What `createRegistry` takes; all of it optional. */
export type RegistryOptions<M> = Partial<RegistryNumbers> & {
  /** Any synchronous Standard Schema; what it makes of a meta is what others see. */
  readonly meta?: MetaSchema<M>;
  /** The authority that numbers facts; default: one in this process's memory. */
  readonly log?: Log<M>;
  readonly clock?: Clock;
  readonly random?: Random;
};

const DEFAULTS: Omit<RegistryNumbers, "settle"> = {
  lease: 75_000,
  ping: 25_000,
  tick: 1_000,
  grace: 10_000,
  flush: 50,
  heartbeat: 25_000,
  audit: 60_000,
  patience: 10_000,
  jitter: 1_000,
  window: 512,
  windowAge: 120_000,
  maxId: 256,
  maxMeta: 4_096,
  maxFrame: 65_536,
  page: 65_536,
  maxRooms: 100,
  maxConnections: 64,
  maxUsers: Infinity,
  maxWatched: 5_000,
  rate: 50,
  burst: 250,
};

const PORTS: ReadonlyMap<string, (value: unknown) => boolean> = new Map([
  ["meta", (value: unknown) => hasFunctions((value as Partial<MetaSchema<unknown>>)["~standard"], "validate")],
  ["log", (value: unknown) => hasFunctions(value, "append", "since", "room", "follow", "restart")],
  ["clock", (value: unknown) => hasFunctions(value, "now", "after")],
  ["random", (value: unknown) => typeof value === "function"],
]);
const TIMES: ReadonlySet<string> = new Set(["lease", "ping", "tick", "grace", "settle", "flush", "heartbeat", "audit", "patience", "jitter", "windowAge"]);
/** Numbers that need not be whole. */
const FRACTIONS: ReadonlySet<string> = new Set([...TIMES, "rate", "burst"]);
const MAY_BE_ZERO: ReadonlySet<string> = new Set(["grace", "settle", "flush", "jitter", "maxWatched"]);

/** The options with their defaults. Throws a `TypeError` that names the option which makes no sense. */
export function registryNumbers<M>(options: RegistryOptions<M>): RegistryNumbers {
  const numbers = new Map<string, unknown>(Object.entries({ ...DEFAULTS, settle: (options.grace ?? DEFAULTS.grace) + 2_000 }));
  for (const [name, value] of Object.entries(options as Readonly<Record<string, unknown>>)) {
    if (value === undefined) continue;
    const fits = PORTS.get(name);
    if (fits && (value === null || !fits(value))) throw new TypeError(`createRegistry: option "${name}" is not what it should be (${name === "meta" ? "a Standard Schema" : `see the type of "${name}"`}).`);
    if (fits) continue;
    if (!numbers.has(name)) throw new TypeError(`createRegistry: there is no option "${name}".`);
    numbers.set(name, value);
  }
  for (const [name, value] of numbers) checkNumber("createRegistry", name, value);
  const { lease, ping, tick, ...others } = Object.fromEntries(numbers) as unknown as RegistryNumbers;
  if (lease <= ping) throw new TypeError(`createRegistry: option "lease" (${lease} ms) must be longer than "ping" (${ping} ms), or every quiet link would expire.`);
  if (lease < tick) throw new TypeError(`createRegistry: option "lease" (${lease} ms) must be at least "tick" (${tick} ms), or links would expire before anybody looks.`);
  return Object.freeze({ lease, ping, tick, ...others });
}

/** @throws TypeError when the option of that name can't have this value. */
export function checkNumber(of: string, name: string, value: unknown): void {
  const least = MAY_BE_ZERO.has(name) ? 0 : 1;
  const must = `${of}: option "${name}" must be`;
  if (typeof value !== "number" || !(value >= least) || (!Number.isFinite(value) && name !== "maxUsers")) throw new TypeError(`${must} a number of at least ${least}, not ${String(value)}.`);
  if (TIMES.has(name) && value > MAX_MS) throw new TypeError(`${must} at most ${MAX_MS} ms, for timers can't wait longer, not ${value}.`);
  if (!FRACTIONS.has(name) && !Number.isInteger(value) && value !== Infinity) throw new TypeError(`${must} a whole number, not ${value}.`);
}

function hasFunctions(value: unknown, ...names: readonly string[]): boolean {
  return (typeof value === "object" || typeof value === "function") && value !== null && names.every((name) => typeof (value as Record<string, unknown>)[name] === "function");
}
