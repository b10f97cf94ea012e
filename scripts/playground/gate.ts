import { systemClock } from "../../src/client/clock.js";
import type { Clock } from "../../src/ports.js";

/** What stands between a page and everything that calls it: timers, sockets. A device that sleeps lets nothing through until it wakes; a page that is gone never does again. */
export type Gate = {
  readonly through: (run: () => void) => void;
  readonly clock: Clock;
  readonly sleep: (asleep: boolean) => void;
  readonly shut: () => void;
};

export function createGate(): Gate {
  let asleep = false;
  let gone = false;
  let waiting: (() => void)[] = [];

  function through(run: () => void): void {
    if (gone) return;
    if (asleep) waiting.push(run);
    else run();
  }

  return {
    through,
    clock: {
      now: () => systemClock.now(),
      after(ms, run) {
        let stopped = false;
        const stop = systemClock.after(ms, () => { through(() => { if (!stopped) run(); }); });
        return () => {
          stopped = true;
          stop();
        };
      },
    },
    sleep(now) {
      asleep = now;
      // In the order in which it came.
      while (waiting.length > 0 && !asleep) waiting.shift()?.();
    },
    shut() {
      gone = true;
      waiting = [];
    },
  };
}
