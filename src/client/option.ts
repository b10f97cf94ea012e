import { isNumber } from "../protocol/check.js";

/** The error for an option or an argument that makes no sense. */
export function badOption(name: string, should: string): TypeError {
  return new TypeError(`headcount: "${name}" must be ${should}`);
}

/**
 * Options that are milliseconds, each as given or by default.
 * @throws TypeError naming one that is no finite number of at least `least`.
 */
export function durations<K extends string>(given: Readonly<Partial<Record<NoInfer<K>, number>>>, defaults: Record<K, number>, least = 0): Record<K, number> {
  const all = { ...defaults };
  for (const name in all) {
    const ms: unknown = (all[name] = given[name] ?? all[name]);
    if (!isNumber(ms) || ms < least) throw badOption(name, "ms");
  }
  return all;
}
