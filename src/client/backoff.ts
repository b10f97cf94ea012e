/** The `tries`-th wait (from 0) in ms, before jitter: `least` (above 0), then twice as long each time, never more than `most`. */
export function backoff(tries: number, least: number, most: number): number {
  return Math.min(most, least * 2 ** tries);
}
