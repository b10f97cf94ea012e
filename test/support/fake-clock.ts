import { handClock } from "../../src/testing/fakes/hand-clock.js";
import type { HandClock } from "../../src/testing/fakes/hand-clock.js";

export interface FakeClock extends HandClock {
  /** Timers that have not run. */
  readonly pending: number;
}

/** The published hand clock, and how many of its timers have not run. */
export function fakeClock(start?: number): FakeClock {
  const clock = handClock(start);
  const pending = new Set<object>();
  return {
    ...clock,
    after(ms, run) {
      const timer = {};
      pending.add(timer);
      const stop = clock.after(ms, () => { pending.delete(timer); run(); });
      return () => { pending.delete(timer); stop(); };
    },
    get pending() { return pending.size; },
  };
}
