const frozen = new WeakSet<object>();

/** Freezes all that a value holds, instances of classes and their nodes too: whoever edits it throws from then on. */
export function freeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || frozen.has(value)) return value;
  frozen.add(value);
  Object.freeze(value);
  for (const member of Object.values(value)) freeze(member);
  return value;
}
