import fc from "fast-check";
import type { Ask, RoomEvent } from "../core/event.js";
import { sameJson } from "../core/json.js";
import { doubt } from "../core/reduce.js";
import { emptyRoom, type Room, type User } from "../core/room.js";
import { askOf, connectionCount, userCount, usersOf } from "../core/select.js";
import { tellPeople } from "./story.js";

/** A room as anybody who shows it must be able to say it, whatever it is kept in. */
export type Shown = {
  readonly epoch: number;
  readonly seq: number;
  /** By who came first, of the same moment by id; their connections by `first`. */
  readonly users: readonly User<unknown>[];
  readonly userCount: number;
  readonly connectionCount: number;
};

/** The state after an event; the state is whatever the reducer makes of it. */
export type Reducer<S> = (state: S, event: RoomEvent<unknown>) => S;

/** What goes with a reducer whose state is not a `Room`. */
export type Subject<S> = {
  /** What is known before anything was heard: `emptyRoom()` unless given. */
  readonly start: S;
  /** The state after a link came up: `doubt` unless given. */
  readonly doubt: (state: S) => S;
  /** What it asks the log for; undefined when it trusts what it has: `askOf` unless given. */
  readonly ask: (state: S) => Ask | undefined;
  /** What it shows. */
  readonly show: (state: S) => Shown;
};

export type LawRuns = {
  /** How many cases are tried at most: 100 unless given. */
  readonly runs?: number;
  /** As a `LawError` told them: the same cases again, or only the one that failed. */
  readonly seed?: number;
  readonly path?: string;
};

/** For a reducer of rooms all of it may be left out. */
export type LawOptions<S> = LawRuns & ([S] extends [Room<unknown>] ? Partial<Subject<S>> : Subject<S>);

/** Throws a `LawError` with the shortest case found in which the reducer does not keep it, a TypeError or RangeError for bad options. */
export interface Law {
  (reduce: Reducer<Room<unknown>>, options?: LawOptions<Room<unknown>>): void;
  <S>(reduce: Reducer<S>, options: LawOptions<S>): void;
}

/** A law does not hold. `message` tells the shortest case that was found, and how to try it again. */
export class LawError extends Error {
  override readonly name: string = "LawError";
  /** Which law, and the rules in docs/SPEC.md behind it. */
  readonly law: string;
  /** What happened, a line a step. */
  readonly story: readonly string[];
  /** Options with which the same law fails at once. */
  readonly again: { readonly seed: number; readonly path: string };

  constructor(law: string, story: readonly string[], again: { readonly seed: number; readonly path: string }) {
    super(`The law of ${law} does not hold.\n\n${story.map((line) => `  ${line}`).join("\n")}\n\nAgain, with the options ${JSON.stringify(again)}.`);
    this.law = law;
    this.story = story;
    this.again = again;
  }
}

/** A reducer with all that it takes to watch it. */
export type Watched<S> = Subject<S> & { readonly reduce: Reducer<S> };

/** Throws a TypeError or RangeError, before anything is tried, when something is missing or out of range. */
function watched<S>(reducer: Reducer<S>, options: LawRuns & Partial<Subject<S>> = {}): { readonly subject: Watched<S>; readonly runs: Runs } {
  const { runs = 100, seed, path } = options;
  if (!Number.isSafeInteger(runs) || runs < 1) throw new RangeError(`options.runs must be a whole number of at least 1, not ${String(runs)}.`);
  if (seed !== undefined && !Number.isSafeInteger(seed)) throw new RangeError(`options.seed must be a whole number, not ${String(seed)}.`);
  if (path !== undefined && !/^\d+(:\d+)*$/.test(path)) throw new RangeError(`options.path must be that of a LawError, not ${JSON.stringify(path)}.`);
  // Room<unknown> is what S is where these are left out: the types of the laws see to that.
  const rooms = { doubt, ask: askOf, show: showRoom };
  const ours = rooms as unknown as Subject<S>;
  const { doubt: doubts = ours.doubt, ask = ours.ask, show = ours.show } = options;
  for (const [key, value] of Object.entries({ reduce: reducer, "options.doubt": doubts, "options.ask": ask, "options.show": show })) {
    if (typeof value !== "function") throw new TypeError(`${key} must be a function, not ${String(value)}.`);
  }
  const subject: Watched<S> = {
    reduce: reducer,
    // Anew each time: a reducer that edits what it is given spoils only the case at hand.
    get start() {
      return options.start ?? (emptyRoom() as S);
    },
    doubt: doubts,
    ask,
    show,
  };
  return { subject, runs: { numRuns: runs, ...(seed !== undefined && { seed }), ...(path !== undefined && { path }) } };
}

function showRoom(room: Room<unknown>): Shown {
  return { epoch: room.epoch, seq: room.seq, users: usersOf(room), userCount: userCount(room), connectionCount: connectionCount(room) };
}

/** What went wrong in one case; undefined: nothing. */
export type Verdict = { readonly story: readonly string[] } | undefined;

/** Tries cases until one is found in which something goes wrong, shrinks it, and throws its story. */
export type Hold = <T>(cases: fc.Arbitrary<T>, judge: (one: T) => Verdict) => void;

type Runs = { readonly numRuns: number; readonly seed?: number; readonly path?: string };

/** A law by its name, with the rules of docs/SPEC.md behind it, and by what it tries. */
export function law(title: string, tries: <S>(subject: Watched<S>, hold: Hold) => void): Law {
  return <S>(reducer: Reducer<S>, options?: LawRuns & Partial<Subject<S>>): void => {
    const { subject, runs } = watched(reducer, options);
    tries(subject, (cases, judge) => {
      const judged = (one: Parameters<typeof judge>[0]): Verdict => {
        try {
          return judge(one);
        } catch (error) {
          return { story: [`it throws ${String(error)}`] };
        }
      };
      const tried = fc.check(fc.property(cases, (one) => !judged(one)), runs);
      if (!tried.failed) return;
      const verdict = tried.counterexample && judged(tried.counterexample[0]);
      const story = verdict?.story ?? ["It failed once, and held when the same case was tried again: it is not a pure function."];
      throw new LawError(title, story, { seed: tried.seed, path: tried.counterexamplePath ?? "0" });
    });
  };
}

/** What is shown, without what is the same in both. */
export function difference(is: Shown, should: Shown): string[] {
  if (sameJson(is, should)) return [];
  const lines = (title: string, { epoch, seq, users, userCount: people, connectionCount: connections }: Shown): string =>
    `${title} at ${epoch}/${seq}: ${tellPeople(users)}; people: ${people}, connections: ${connections}`;
  return [lines("it shows", is), lines("the truth", should)];
}

