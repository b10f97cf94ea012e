/** A value at a time in minutes. */
export type Point = readonly [minutes: number, value: number];

/** What a series does: a robust line through it, and whether it goes one way. */
export type Trend = {
  readonly points: number;
  readonly minutes: number;
  readonly median: number;
  /** Theil–Sen: the median of the slopes of all pairs, in units a minute. */
  readonly slope: number;
  /** Mann–Kendall: how far the rises outnumber the falls, in standard deviations of a series without a trend. */
  readonly z: number;
};

/** Per cent of the median in 10 minutes that a heap may rise. */
export const MARK = 5;
/** Standard deviations above which a rise is no chance: 1 in 100 series without a trend go beyond. */
export const SURE = 2.33;
/** What the line must rise over the samples, in per cent and in bytes; less can't be told from a process that gets warm. */
const LEAST_PERCENT = 1;
const LEAST_BYTES = 1_000_000;
/** With fewer samples nothing is said. */
export const LEAST_POINTS = 6;

export function trendOf(points: readonly Point[]): Trend {
  const slopes: number[] = [];
  let balance = 0;
  points.forEach(([x, y], i) => {
    for (const [later, other] of points.slice(i + 1)) {
      if (later > x) slopes.push((other - y) / (later - x));
      balance += Math.sign(other - y);
    }
  });
  const n = points.length;
  const spread = Math.sqrt((n * (n - 1) * (2 * n + 5)) / 18);
  return {
    points: n,
    minutes: n < 2 ? 0 : (points[n - 1] as Point)[0] - (points[0] as Point)[0],
    median: medianOf(points.map(([, y]) => y)),
    slope: medianOf(slopes),
    z: spread === 0 ? 0 : (balance - Math.sign(balance)) / spread,
  };
}

/** In per cent of the median, for 10 minutes. */
export function percentOf({ slope, median }: Trend): number {
  return median === 0 ? 0 : (1_000 * slope) / median;
}

/** Whether a heap (bytes) grows steadily. undefined: too few samples to say. */
export function grows(trend: Trend): boolean | undefined {
  if (trend.points < LEAST_POINTS) return undefined;
  const rise = trend.slope * trend.minutes;
  return percentOf(trend) > MARK && trend.z > SURE && rise > LEAST_BYTES && rise > (LEAST_PERCENT / 100) * trend.median;
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  if (sorted.length === 0) return 0;
  return ((sorted[Math.ceil(middle) - 1] as number) + (sorted[Math.floor(middle)] as number)) / 2;
}
