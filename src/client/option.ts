import { isNumber } from "../protocol/check.js";

/** The error for an option or an argument that makes no sense. */
export function badOption(name: string, should: string): TypeError {
  return new TypeError(`headcount: "${name}" must be ${should}`);
}

/**
 * Options that are milliseconds, each as given or by default.
 * @throws TypeError naming one that is no finite number of at least `least`, or that nobody knows.
 */
export function durations<K extends string>(given: Readonly<Partial<Record<NoInfer<K>, number>>>, defaults: Record<K, number>, least = 0): Record<K, number> {
  const all = { ...defaults };
  for (const key in { ...all, ...given }) {
    const name = key as K;
    if (!(name in all)) throw badOption(name, "absent");
    const ms: unknown = (all[name] = given[name] ?? all[name]);
    if (!isNumber(ms) || ms < least) throw badOption(name, `at least ${least} ms`);
  }
  return all;
}
