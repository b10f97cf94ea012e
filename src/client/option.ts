/** The error for an option that makes no sense. */
export function badOption(name: string, should: string): TypeError {
  return new TypeError(`headcount: option "${name}" must be ${should}`);
}

/**
 * An option in milliseconds, or its default.
 * @throws TypeError when it is no finite number of at least `least`.
 */
export function duration(name: string, value: unknown, fallback: number, least = 0): number {
  if (value === undefined) return fallback;
  if (typeof value === "number" && value >= least && value < Infinity) return value;
  throw badOption(name, `milliseconds, at least ${least}`);
}
