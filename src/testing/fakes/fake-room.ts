import type { Change, ClientRoom, View } from "../../client/index.js";
import { jsonOf } from "../../client/room.js";
import { peopleChanges } from "../../core/change.js";
import { createViews, type FakeView } from "./fake-view.js";

/** What a component did with its room, in order. */
export type RoomCall<M> = { readonly call: "enter" | "leave" } | { readonly call: "update"; readonly meta: M };

/** A room for the test of a component: it shows what the test says, and keeps what the component did. */
export type FakeRoom<M> = ClientRoom<M> & {
  /** Shows another view. Subscribers are told; where the people changed, `onChange` listeners hear of each, with the cause `live`. */
  readonly show: (view: FakeView<M>) => void;
  /** What the component did so far, without its subscriptions. */
  readonly calls: readonly RoomCall<M>[];
  /** How many listeners there are now: 0 once everything that was mounted is unmounted. */
  readonly listeners: () => number;
};

/**
 * A `ClientRoom` whose view the test sets. There is no server, no clock and no timer in it: what `show` shows is told at once.
 * `enter()` resolves, unless the view is `ended`: then it rejects with the view's error. `update` throws a `TypeError` for what is no JSON, as a real room does.
 * Throws a `TypeError` for a view that can't be.
 */
export function fakeRoom<M = unknown>(first: FakeView<M> = {}, name = "room"): FakeRoom<M> {
  const make = createViews<M>();
  const initial = make(first).view;
  const subscribers = new Set<{ readonly listener: (view: View<M>) => void }>();
  const hearers = new Set<{ readonly listener: (change: Change<M>) => void }>();
  const calls: RoomCall<M>[] = [];
  let view = initial;

  function listen<T>(to: Set<{ readonly listener: (told: T) => void }>, listener: (told: T) => void): () => void {
    if (typeof listener !== "function") throw new TypeError("fakeRoom: a listener must be a function.");
    const own = { listener };
    to.add(own);
    return () => { to.delete(own); };
  }

  return {
    name,
    calls,
    listeners: () => subscribers.size + hearers.size,
    subscribe(listener) {
      const stop = listen(subscribers, listener);
      listener(view);
      return stop;
    },
    onChange: (listener) => listen(hearers, listener),
    getSnapshot: () => view,
    getServerSnapshot: () => initial,
    enter() {
      calls.push({ call: "enter" });
      const { status, error } = view;
      const entry = status === "ended" ? Promise.reject<undefined>(Object.assign(new Error(error.message), error)) : Promise.resolve();
      // As a real room's: who does not look at it is not ended by it.
      entry.catch(() => undefined);
      return entry;
    },
    leave() { calls.push({ call: "leave" }); },
    update(meta) { calls.push({ call: "update", meta: jsonOf(meta) }); },
    show(next) {
      const before = view.room;
      const { view: after, snapshot } = make(next);
      view = after;
      for (const { listener } of [...subscribers]) listener(view);
      if (!before || !snapshot || !view.room) return;
      for (const change of peopleChanges(before, snapshot, view.room)) for (const { listener } of [...hearers]) listener({ ...change, cause: "live" });
    },
  };
}
