/** Whether two values are the same JSON: the order of keys does not count, a member that is undefined is none. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (!a || !b || typeof a !== "object" || typeof b !== "object" || Symbol.iterator in a !== Symbol.iterator in b) return false;
  const left = members(a);
  const right = new Map(members(b));
  return left.length === right.size && left.every(([key, value]) => sameJson(value, right.get(key)));
}

function members(object: object): [string, unknown][] {
  return Object.entries(object).filter(([, value]) => value !== undefined);
}
