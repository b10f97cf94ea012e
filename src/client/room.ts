import type { Change } from "../core/change.js";
import type { RoomName, Snapshot } from "../core/event.js";
import type { Clock, Random, Stop } from "../ports.js";
import type { ClientMessage, Watch } from "../protocol/message.js";
import type { View, ViewError } from "./view-show.js";
import { emptyView } from "./view-state.js";
import { step, type ViewInput } from "./view.js";

/** What a room is opened with. Counts the first time that `client.room` names it. */
export type RoomOptions<M> = {
  /** What I show to others. JSON; `room.update(meta)` changes it. */
  readonly meta?: M;
  /** What subscriptions are told, unless they say otherwise: everyone (default), the two counts, or nothing. */
  readonly watch?: Watch;
  /** Whether I am in the room while I am subscribed. Default true; `false` = I only watch. */
  readonly present?: boolean;
  /** What is known before the first link: the server's snapshot of the room, for a page that was rendered there. */
  readonly initial?: Snapshot<M>;
};

/** Why a promise was rejected: `code` is stable and documented. */
export type CodedError = Error & { readonly code: string };

/**
 * One room, as one client sees it. Nothing happens before the first `subscribe`, `onChange` or `enter`.
 * The functions need no `this`: it is a Svelte store as it is, and
 * `useSyncExternalStore(room.subscribe, room.getSnapshot, room.getServerSnapshot)` is all that React needs.
 */
export interface ClientRoom<M> {
  readonly name: RoomName;
  /** Calls the listener at once with the view, and at each visible change. Watches the room until stopped, and is in it if `present`. */
  subscribe(listener: (view: View<M>) => void, options?: { readonly watch?: Watch }): Stop;
  /** Calls the listener for each thing that a person would notice. Watches everyone in the room until stopped. */
  onChange(listener: (change: Change<M>) => void): Stop;
  /** The view: the same object until something visible changes. */
  getSnapshot(): View<M>;
  /** The view of `initial`, or an idle one: always the same. */
  getServerSnapshot(): View<M>;
  /**
   * Is in the room from now on until `leave`, subscribed or not, and again if the server had ended it.
   * Resolves when the server has acknowledged it; rejects with a `CodedError` when it refuses, or after `leave` or `close`.
   */
  enter(): Promise<void>;
  /** Is out until `enter`. Who is subscribed goes on watching. */
  leave(): void;
  /**
   * Shows another meta to others. Several within `flush` ms are told as one, the newest; one that is equal as JSON is not told.
   * @throws TypeError when it is no JSON.
   */
  update(meta: M): void;
}

/** What a room needs of its client. */
export type Shell = {
  readonly clock: Clock;
  readonly random: Random;
  readonly linger: number;
  readonly flush: number;
  readonly answer: number;
  /** Local ms that never run back. */
  now(): number;
  /** The next free `n`. */
  n(): number;
  send(messages: readonly ClientMessage[]): void;
  /** Somebody wants something: there has to be a link. */
  start(): void;
};

/** A room and what its client does to it. */
export type OpenRoom<M> = { readonly room: ClientRoom<M>; readonly input: (input: ViewInput<M>) => void };

const MODES: readonly Watch[] = ["none", "count", "users"];

/** @throws TypeError for options that make no sense, naming the one. */
export function openRoom<M>(name: RoomName, { meta, watch = "users", present = true, initial }: RoomOptions<M>, shell: Shell): OpenRoom<M> {
  if (typeof name !== "string") throw new TypeError("headcount: a room's name must be a string");
  const { clock, linger, flush, answer } = shell;
  let state = emptyView<M>({ name, flush, answer, initial });
  const first = state.view;
  /** What subscriptions want; a claim outlives its subscription by `linger`, so that a remount makes no switch and no leave. */
  const claims = new Map<object, Watch>();
  const listeners = new Set<(view: View<M>) => void>();
  const hearers = new Set<(change: Change<M>) => void>();
  const timers = new Set<Stop>();
  const waiting = new Set<{ readonly resolve: () => void; readonly reject: (error: CodedError) => void }>();
  const inputs: ViewInput<M>[] = [];
  let entered = false;
  let left = false;
  let closed = false;
  let running = false;
  let alarm: Stop | undefined;

  // Listeners and transports may call back while an input is worked on: what they say waits its turn, so that all hear all in one order.
  const run = (next: ViewInput<M>): void => {
    inputs.push(next);
    if (running) return;
    running = true;
    for (let input; (input = inputs.shift()); ) {
      const { view } = state;
      const { state: after, send, changes } = step(state, input, { now: shell.now(), chance: shell.random(), n: shell.n() });
      state = after;
      alarm?.();
      alarm = after.due === undefined ? undefined : clock.after(Math.max(0, after.due - shell.now()), timer);
      shell.send(send);
      if (after.ended) refuse(after.error as ViewError);
      else if (after.acked && after.present) {
        for (const one of waiting) one.resolve();
        waiting.clear();
      }
      if (after.view !== view) for (const listener of [...listeners]) if (listeners.has(listener)) call(listener, after.view);
      for (const change of changes) for (const hearer of [...hearers]) if (hearers.has(hearer)) call(hearer, change);
    }
    running = false;
  };
  const timer = (): void => {
    run({ type: "timer" });
  };
  const refuse = ({ code, message }: ViewError): void => {
    for (const one of waiting) one.reject(Object.assign(new Error(message), { code }));
    waiting.clear();
  };
  const wish = (renew = false): void => {
    if (closed) return;
    const modes = [...claims.values()];
    const wanted = entered || modes.length > 0;
    if (wanted) shell.start();
    run({ type: "wish", watch: wanted ? MODES[Math.max(0, ...modes.map((mode) => MODES.indexOf(mode)))] : undefined, present: entered || (present && wanted && !left), renew });
  };
  const claim = <T>(set: Set<T>, member: T, mode: Watch): Stop => {
    checkMode(mode);
    if (closed) return () => undefined;
    const key = {};
    claims.set(key, mode);
    wish();
    set.add(member);
    return () => {
      if (!set.delete(member) || closed) return;
      const stop = clock.after(linger, () => {
        timers.delete(stop);
        claims.delete(key);
        wish();
      });
      timers.add(stop);
    };
  };
  const tell = (told: M): void => {
    run({ type: "meta", meta: jsonOf(told) });
  };

  checkMode(watch);
  if (meta !== undefined) tell(meta);
  return {
    room: {
      name,
      subscribe(listener, options) {
        const mine = (view: View<M>): void => {
          listener(view);
        };
        const stop = claim(listeners, mine, options?.watch ?? watch);
        call(mine, state.view);
        return stop;
      },
      onChange(listener) {
        return claim(
          hearers,
          (change) => {
            listener(change);
          },
          "users",
        );
      },
      getSnapshot: () => state.view,
      getServerSnapshot: () => first,
      enter() {
        const entry = new Promise<void>((resolve, reject) => waiting.add({ resolve, reject }));
        // Who doesn't look at the promise sees the error in the view; it must not end a process as an unhandled rejection.
        entry.catch(() => undefined);
        entered = true;
        left = false;
        if (closed) refuse(state.error as ViewError);
        wish(true);
        return entry;
      },
      leave() {
        entered = false;
        left = true;
        refuse({ code: "left", message: "leave() was called before the server had acknowledged enter()." });
        wish();
      },
      update: tell,
    },
    input(input) {
      if (input.type === "close") {
        closed = true;
        for (const stop of timers) stop();
      }
      run(input);
      if (!closed) return;
      listeners.clear();
      hearers.clear();
    },
  };
}

function checkMode(mode: Watch): void {
  if (!MODES.includes(mode)) throw new TypeError(`headcount: option "watch" must be one of ${MODES.join(", ")}`);
}

/** A listener that throws is its own affair: the others hear all the same, and the platform reports it. */
function call<T>(listener: (value: T) => void, value: T): void {
  try {
    listener(value);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

/** A copy as it will arrive, so that who edits theirs later changes nothing here. */
function jsonOf<M>(meta: M): M {
  try {
    return JSON.parse(
      JSON.stringify(meta, (key, value: unknown) => {
        if (typeof value === "function" || typeof value === "symbol" || (typeof value === "number" && !Number.isFinite(value))) {
          throw new TypeError(`"${key}" is ${String(value)}`);
        }
        return value;
      }),
    ) as M;
  } catch (error) {
    throw new TypeError(`headcount: meta must be JSON: ${(error as Error).message}`);
  }
}
