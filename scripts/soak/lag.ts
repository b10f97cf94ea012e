import { monitorEventLoopDelay } from "node:perf_hooks";

/** How late the event loop was, in ms. */
export type Lag = { readonly p50: number; readonly p99: number; readonly max: number };

const RESOLUTION = 10;

/** Returns what gives the lag since it was last called. What runs between a look and `reset` is not counted. */
export function watchLag(): { readonly read: () => Lag; readonly reset: () => void } {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION });
  histogram.enable();
  // The histogram has the time between two looks, and they are that far apart when nothing is late.
  const ms = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - RESOLUTION);
  return {
    read: () => (histogram.count === 0 ? { p50: 0, p99: 0, max: 0 } : { p50: ms(histogram.percentile(50)), p99: ms(histogram.percentile(99)), max: ms(histogram.max) }),
    reset() { histogram.reset(); },
  };
}
