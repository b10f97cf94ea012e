export type Point = { readonly epoch: number; readonly seq: number };

/** Below 0 when `a` lies before `b`, 0 at the same place, above 0 after it. */
export function comparePoints(a: Point, b: Point): number {
  return a.epoch - b.epoch || a.seq - b.seq;
}

/** The later of two points, as a plain point. */
export function laterPoint(a: Point, b: Point): Point {
  const { epoch, seq } = comparePoints(a, b) < 0 ? b : a;
  return { epoch, seq };
}
