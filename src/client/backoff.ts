/** The `tries`-th wait (from 0) in ms, before jitter: `least`, then twice as long each time, never more than `most`. */
export function backoff(tries: number, least: number, most: number): number {
  // 2 ** 1024 is Infinity, and 0 times that is NaN.
  return Math.min(most, least * 2 ** Math.min(tries, 30));
}
