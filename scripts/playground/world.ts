import type { View } from "../../src/client/index.js";
import type { Deed } from "./script.js";

export type Counter = "naive" | "headcount";
export const COUNTERS: readonly Counter[] = ["naive", "headcount"];

/** What one counter shows in one tab. */
export type Belief = {
  /** In any order; undefined: it shows "…". */
  readonly users: readonly string[] | undefined;
  /** What it says of itself: that it is current, that it is old, or that it does not know yet. A naive counter never says that it is old. */
  readonly says: "current" | "old" | "unknown";
};

/** What happens in a world. `at`: ms since it began. */
export type Happening = { readonly at: number } & (
  | { readonly type: "opened"; readonly tab: number; readonly device: string }
  | { readonly type: "closed"; readonly tab: number }
  /** The tab's socket is there, or is not. */
  | { readonly type: "line"; readonly tab: number; readonly up: boolean }
  /** Nothing passes its line any more, and nobody knows. Ends with its next `line`. */
  | { readonly type: "silent"; readonly tab: number }
  /** The server hears of the end of its socket only then. */
  | { readonly type: "late"; readonly tab: number; readonly until: number }
  | { readonly type: "sleep"; readonly device: string; readonly asleep: boolean }
  | { readonly type: "rough"; readonly user: string; readonly rough: boolean }
  | { readonly type: "server"; readonly up: boolean }
  | { readonly type: "belief"; readonly tab: number; readonly counter: Counter; readonly belief: Belief }
  /** Said for the timeline: what was done to whom. */
  | { readonly type: "deed"; readonly deed: Deed }
);

/** Devices, their tabs, and a server with two counters on the same sockets. */
export interface World {
  /** Ms since it began. */
  now(): number;
  /** Does it, if it makes sense now. */
  act(deed: Deed): void;
  /** Lets so much time pass where time has to be told to, else does nothing. One call at a time. */
  run(ms: number): Promise<void>;
  /** Everything ends. */
  stop(): void;
}

export type WorldOptions = {
  readonly hear: (happening: Happening) => void;
  /** For the simulated one: the same gives the same world. */
  readonly seed: number;
};

const NOTHING: Belief = { users: undefined, says: "unknown" };
export const nothing: Readonly<Record<Counter, Belief>> = { naive: NOTHING, headcount: NOTHING };

/** What the naive counter's page makes of a message: it shows what it is told. undefined: the message is none of its own. */
export function naiveBelief(text: string): Belief | undefined {
  if (!text.startsWith("[") || text.startsWith('["hc",')) return undefined;
  return { users: JSON.parse(text) as string[], says: "current" };
}

export function headcountBelief({ users, status }: View<unknown>): Belief {
  return { users: users?.map(({ id }) => id), says: users === undefined ? "unknown" : status === "live" ? "current" : "old" };
}

/** A happening, but for its time. */
export type Untimed = Happening extends infer T ? (T extends unknown ? Omit<T, "at"> : never) : never;
