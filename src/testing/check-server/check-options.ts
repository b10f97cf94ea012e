import { MOST_TABS, MOST_USERS, type What } from "./history.js";

export type CheckOptions = {
  /** Histories to try, each with a server of its own. Default 100. */
  readonly runs?: number;
  /** The same seed gives the same histories. Default: a random one, which the report names. */
  readonly seed?: number;
  /** Lives through this story alone, three times: the steps in plain words, as a report tells them, or as you change them. */
  readonly story?: readonly string[];
  /** Users at most; default 3. */
  readonly users?: number;
  /** Tabs that a user has open at most; default 2. */
  readonly tabs?: number;
  /** Things that happen in a history, at most; default 12. */
  readonly steps?: number;
  /** How long tabs may take until they show who is here, in ms. Default 1,000. */
  readonly settle?: number;
  /** For how long they must go on showing it, in ms: what is wrong may come late. Default 50. */
  readonly quiet?: number;
  /** How long your server keeps somebody whose sockets have gone, in ms. Default 0. */
  readonly grace?: number;
  /** After how much silence your server takes a line for dead, in ms. Without it no line goes dead. */
  readonly lease?: number;
  /** Tabs connect and join again by themselves once a line that broke is back. Default false: such tabs stay away. */
  readonly reconnects?: boolean;
  /** Histories that are lived at once. Default 4. */
  readonly parallel?: number;
  /** How long each of your functions may take, in ms. Default 10,000. */
  readonly patience?: number;
  /** How long a story that failed is shortened, in ms. Default 30,000; 0 = not at all. */
  readonly shorten?: number;
  /** Ends the check early; what was found until then is said. */
  readonly signal?: AbortSignal;
};

export type CheckNumbers = Required<Omit<CheckOptions, "story" | "signal" | "lease" | "reconnects">> & { readonly lease: number };

const MAX_MS = 2 ** 31 - 1;

/** By name: default, least, most. */
const NUMBERS: ReadonlyMap<string, readonly [number, number, number]> = new Map([
  ["runs", [100, 1, 1_000_000]],
  ["seed", [0, -(2 ** 31), 2 ** 31 - 1]],
  ["users", [3, 1, MOST_USERS]],
  ["tabs", [2, 1, MOST_TABS]],
  ["steps", [12, 1, 1_000]],
  ["settle", [1_000, 1, MAX_MS]],
  ["quiet", [50, 0, MAX_MS]],
  ["grace", [0, 0, MAX_MS]],
  ["lease", [0, 1, MAX_MS]],
  ["parallel", [4, 1, 64]],
  ["patience", [10_000, 1, MAX_MS]],
  ["shorten", [30_000, 0, MAX_MS]],
]);
const FRACTIONS: ReadonlySet<string> = new Set(["settle", "quiet", "grace", "lease", "patience", "shorten"]);
const OTHERS = ["story", "reconnects", "signal"];

/** The numbers with their defaults. @throws TypeError naming a function that is missing, or an option that makes no sense. */
export function checkNumbers(server: unknown, options: CheckOptions): CheckNumbers {
  for (const name of ["start", "connect", "stop"]) {
    if (typeof (server as Record<string, unknown> | undefined)?.[name] !== "function") throw new TypeError(`checkServer: "${name}" is missing; the first argument must be { start, connect, stop }, three functions.`);
  }
  const numbers = new Map([...NUMBERS].map(([name, [value]]) => [name, value]));
  numbers.set("seed", Math.floor(Math.random() * 2 ** 31));
  for (const [name, value] of Object.entries(options) as [string, unknown][]) {
    if (!NUMBERS.has(name) && !OTHERS.includes(name)) throw new TypeError(`checkServer: there is no option "${name}", only ${[...NUMBERS.keys(), ...OTHERS].join(", ")}.`);
    const bounds = NUMBERS.get(name);
    if (value === undefined || !bounds) continue;
    const [, least, most] = bounds;
    if (typeof value !== "number" || !(value >= least && value <= most)) throw new TypeError(`checkServer: option "${name}" must be a number from ${least} to ${most}, not ${show(value)}.`);
    if (!FRACTIONS.has(name) && !Number.isInteger(value)) throw new TypeError(`checkServer: option "${name}" must be a whole number, not ${value}.`);
    numbers.set(name, value);
  }
  const { reconnects, signal } = options as { reconnects: unknown; signal: unknown };
  if (reconnects !== undefined && typeof reconnects !== "boolean") throw new TypeError(`checkServer: option "reconnects" must be true or false.`);
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw new TypeError(`checkServer: option "signal" must be an AbortSignal.`);
  return Object.fromEntries(numbers) as unknown as CheckNumbers;
}

/** What is not tried, for the options do not offer it. */
export function without({ lease, reconnects }: CheckOptions, canLeave: boolean): ReadonlySet<What> {
  const not: What[] = [];
  if (!canLeave) not.push("leave");
  if (lease === undefined) not.push("silence");
  if (!reconnects) not.push("back");
  return new Set(not);
}

/** Any value, in a message. */
export function show(value: unknown): string {
  return typeof value === "string" || typeof value === "object" ? JSON.stringify(value) : typeof value === "number" ? String(value) : typeof value;
}
