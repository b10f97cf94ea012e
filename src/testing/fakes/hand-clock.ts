import type { Clock } from "../../ports.js";

/** A clock that stands still until it is told to go on. */
export interface HandClock extends Clock {
  /** Lets so many ms pass. What falls due on the way runs at its time, in order. */
  advance(ms: number): void;
  /** Puts the clock forward or back by so many ms, as a machine's clock is put; timers stay as far away as they were. */
  jump(ms: number): void;
}

/** `start`: what it reads first, in wall-clock ms. */
export function handClock(start = 1_700_000_000_000): HandClock {
  const timers = new Set<{ readonly at: number; readonly run: () => void }>();
  let passed = 0;
  let wall = start;

  function next(end: number): { readonly at: number; readonly run: () => void } | undefined {
    let first: { readonly at: number; readonly run: () => void } | undefined;
    for (const timer of timers) if (timer.at <= end && (!first || timer.at < first.at)) first = timer;
    return first;
  }

  return {
    now: () => wall + passed,
    after(ms, run) {
      const timer = { at: passed + Math.max(0, ms), run };
      timers.add(timer);
      return () => { timers.delete(timer); };
    },
    advance(ms) {
      if (!(ms >= 0 && Number.isFinite(ms))) throw new TypeError(`advance(ms): a number of at least 0 ms, not ${String(ms)}; jump(ms) puts a clock back.`);
      const end = passed + ms;
      for (let timer; (timer = next(end)); ) {
        timers.delete(timer);
        passed = Math.max(passed, timer.at);
        timer.run();
      }
      passed = end;
    },
    jump(ms) { wall += ms; },
  };
}
