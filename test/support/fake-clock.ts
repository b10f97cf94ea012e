import type { Clock } from "../../src/ports.js";

export interface FakeClock extends Clock {
  /** Lets so many ms pass, and runs what falls due on the way, in order. */
  advance(ms: number): void;
  /** Puts the wall clock elsewhere; timers stay as far away as they were. */
  jump(ms: number): void;
  /** Timers that have not run. */
  readonly pending: number;
}

/** A clock that stands still until it is told to go on. */
export function fakeClock(start = 1_700_000_000_000): FakeClock {
  const timers = new Set<{ readonly at: number; readonly run: () => void }>();
  let passed = 0;
  let offset = start;

  return {
    now: () => offset + passed,
    after(ms, run) {
      const timer = { at: passed + Math.max(0, ms), run };
      timers.add(timer);
      return () => { timers.delete(timer); };
    },
    advance(ms) {
      const end = passed + ms;
      for (;;) {
        let next: { at: number; run: () => void } | undefined;
        for (const timer of timers) if (timer.at <= end && (!next || timer.at < next.at)) next = timer;
        if (!next) break;
        timers.delete(next);
        passed = Math.max(passed, next.at);
        next.run();
      }
      passed = end;
    },
    jump(ms) { offset += ms; },
    get pending() { return timers.size; },
  };
}
