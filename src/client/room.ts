import type { Change } from "../core/change.js";
import type { RoomName, Snapshot } from "../core/event.js";
import { sameJson } from "../core/json.js";
import type { Clock, Stop } from "../ports.js";
import type { ClientMessage, Watch } from "../protocol/message.js";
import { badOption } from "./option.js";
import type { View, ViewError } from "./view-show.js";
import { emptyView, type ViewTimes } from "./view-state.js";
import { step, type Moment, type ViewInput } from "./view.js";

/** What a room is opened with. Counts the first time that `client.room` names it. */
export type RoomOptions<M> = {
  /** What I show to others. JSON; `room.update(meta)` changes it. */
  readonly meta?: M | undefined;
  /** What subscriptions are told, unless they say otherwise: everyone (default), the two counts, or nothing. */
  readonly watch?: Watch | undefined;
  /** Whether I am in the room while I am subscribed. Default true; `false` = I only watch. */
  readonly present?: boolean | undefined;
  /** What is known before the first link: the server's snapshot of the room, for a page that was rendered there. */
  readonly initial?: Snapshot<M> | undefined;
};

/** What one subscription is told, where it is not what the room was opened with. */
export type SubscribeOptions = { readonly watch?: Watch | undefined; readonly present?: boolean | undefined };

/** Why a promise was rejected: `code` is stable and documented. */
export type CodedError = Error & { readonly code: string };

/**
 * One room, as one client sees it. Nothing happens before the first `subscribe`, `onChange` or `enter`.
 * The functions need no `this`: it is a Svelte store as it is, and
 * `useSyncExternalStore(room.subscribe, room.getSnapshot, room.getServerSnapshot)` is all that React needs.
 */
export type ClientRoom<M> = {
  readonly name: RoomName;
  /**
   * Calls the listener at once with the view, and at each visible change.
   * (Svelte gives a function as the second argument; it is not called.) Until stopped, and `linger` ms more, the room is watched, and I am in it if `present` says so: the subscription's, else the room's.
   */
  readonly subscribe: (listener: (view: View<M>) => void, options?: SubscribeOptions | (() => void)) => Stop;
  /** Calls the listener for each thing that a person would notice. Counts as a subscription to everyone. */
  readonly onChange: (listener: (change: Change<M>) => void, options?: Pick<SubscribeOptions, "present">) => Stop;
  /** The view: the same object until something visible changes. */
  readonly getSnapshot: () => View<M>;
  /** The view of `initial`, or an idle one: always the same. */
  readonly getServerSnapshot: () => View<M>;
  /**
   * I am in the room from now on until `leave`, subscribed or not, and again if the server had ended it.
   * Resolves when the server has acknowledged it; rejects with a `CodedError` when it refuses, or at `leave` or `close`.
   */
  readonly enter: () => Promise<void>;
  /** I am out until `enter`. Who is subscribed goes on watching. */
  readonly leave: () => void;
  /**
   * Shows another meta to others. Several within `flush` ms are told as one, the newest; one that is equal as JSON is not told.
   * @throws TypeError when it is no JSON.
   */
  readonly update: (meta: M) => void;
};

/** What a room needs of its client. */
export type Shell = {
  readonly times: ViewTimes & { readonly linger: number };
  readonly moment: () => Moment;
  readonly clock: Clock;
  readonly send: (messages: readonly ClientMessage[]) => void;
  /** Somebody wants something: there has to be a link. */
  readonly start: () => void;
};

/** A room and what its client does to it. */
export type OpenRoom<M> = { readonly room: ClientRoom<M>; readonly put: (input: ViewInput<M>) => void };

/** What a subscription wants, and what ends its lingering. */
type Claim = { readonly mode: number; readonly present: boolean; stop?: Stop };

const MODES: readonly Watch[] = ["none", "count", "users"];

/** @throws TypeError naming the option that makes no sense. */
export function openRoom<M>(name: RoomName, { meta, watch = "users", present = true, initial }: RoomOptions<M>, shell: Shell): OpenRoom<M> {
  let state = emptyView<M>(name, shell.times, initial);
  const first = state.view;
  /** What subscriptions want. A claim outlives its subscription by `linger`: a remount makes no switch and no leave. */
  const claims = new Set<Claim>();
  const listeners = new Map<Claim, (view: View<M>) => void>();
  const hearers = new Map<Claim, (change: Change<M>) => void>();
  /** Who waits for `enter`: told why not, or nothing. */
  const waiting: ((error?: ViewError) => void)[] = [];
  let inputs: ViewInput<M>[] = [];
  let entered = false;
  let left = false;
  let closed = false;
  let alarm: Stop | undefined;

  // Listeners and transports may call back while an input is worked on: what they say waits its turn, so that all hear all in one order.
  const put = (next: ViewInput<M>): void => {
    closed ||= next.type === "close";
    if (inputs.push(next) > 1) return;
    try {
      for (const input of inputs) work(input);
    } finally {
      inputs = [];
    }
  };
  const work = (input: ViewInput<M>): void => {
    const { view } = state;
    const moment = shell.moment();
    const stepped = step(state, input, moment);
    state = stepped.state;
    alarm?.();
    if (state.due < Infinity) {
      alarm = shell.clock.after(state.due - moment.now, () => {
        put({ type: "timer" });
      });
    }
    shell.send(stepped.send);
    if (state.ended) settle(state.error);
    else if (state.acked && state.present) settle();
    if (state.view !== view) tell(listeners.values(), state.view);
    for (const change of stepped.changes) tell(hearers.values(), change);
    if (closed) for (const { stop } of claims) stop?.();
  };
  const settle = (error?: ViewError): void => {
    for (const done of waiting.splice(0)) done(error);
  };
  const wish = (renew = false): void => {
    if (closed) return;
    let mode = 0;
    let wanted = entered;
    for (const one of claims) {
      mode = Math.max(mode, one.mode);
      wanted ||= !left && one.present;
    }
    if (mode || wanted) shell.start();
    put({ type: "wish", watch: mode || wanted ? MODES[mode] : undefined, present: wanted, renew });
  };
  const claim = <T>(told: Map<Claim, (value: T) => void>, listener: (value: T) => void, wanted: SubscribeOptions = {}): Stop => {
    const own: Claim = { mode: modeOf(wanted.watch ?? watch), present: wanted.present ?? present };
    if (!closed) {
      claims.add(own);
      wish();
      told.set(own, listener);
    }
    return () => {
      if (!told.delete(own) || closed) return;
      own.stop = shell.clock.after(shell.times.linger, () => {
        claims.delete(own);
        wish();
      });
    };
  };
  const update = (told: M): void => {
    put({ type: "meta", meta: jsonOf(told) });
  };

  modeOf(watch);
  if (meta !== undefined) update(meta);
  return {
    room: {
      name,
      subscribe(listener, options) {
        const stop = claim(listeners, listener, options as SubscribeOptions);
        tell([listener], state.view);
        return stop;
      },
      onChange: (listener, options) => claim(hearers, listener, { ...options, watch: "users" }),
      getSnapshot: () => state.view,
      getServerSnapshot: () => first,
      enter() {
        const entry = new Promise<void>((resolve, reject) => {
          waiting.push((error) => {
            if (error) reject(Object.assign(Error(error.message), error));
            else resolve();
          });
        });
        // Who doesn't look at the promise finds the error in the view; as an unhandled rejection it would end a process.
        entry.catch(() => undefined);
        entered = true;
        left = false;
        if (closed) settle(state.error);
        wish(true);
        return entry;
      },
      leave() {
        entered = false;
        left = true;
        settle({ code: "left", message: "left" });
        wish();
      },
      update,
    },
    put,
  };
}

/** @throws TypeError when there is no such mode. */
export function modeOf(watch: Watch): number {
  const mode = MODES.indexOf(watch);
  if (mode < 0) throw badOption("watch", MODES.join(" or "));
  return mode;
}

/** A listener that throws, or whose promise is rejected, is its own affair: the others hear all the same. */
function tell<T>(listeners: Iterable<(value: T) => unknown>, value: T): void {
  for (const listener of listeners) {
    new Promise((done) => {
      done(listener(value));
    }).catch((error: unknown) => {
      // Node has no `reportError`, and would end at an error that is thrown where nobody catches it.
      ((globalThis as { reportError?: (error: unknown) => void }).reportError ?? console.error)(error);
    });
  }
}

/** A copy as it will arrive: who edits theirs later changes nothing here. */
export function jsonOf<M>(meta: M): M {
  try {
    const copy = JSON.parse(JSON.stringify(meta)) as M;
    if (sameJson(meta, copy)) return copy;
  } catch {
    // A function, a cycle, a BigInt; of the rest that JSON can't carry the copy differs.
  }
  throw badOption("meta", "JSON");
}
