import type { Clock } from "../ports.js";

/** The platform's own clock and timers. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    // Platforms fire at once what lies beyond 31 bits.
    const timer: unknown = setTimeout(run, Math.min(ms, 1e9));
    // Browsers' timers are numbers; Node's would keep the process alive.
    (timer as { unref?: () => void }).unref?.();
    return () => {
      clearTimeout(timer as number);
    };
  },
};
