/**
 * The path of the first value that JSON can't carry (`"meta.at"`), with what it is; undefined when all is JSON.
 * Members that are undefined count as absent.
 */
export function notJson(value: unknown, path = "meta", above: readonly unknown[] = []): string | undefined {
  switch (typeof value) {
    case "string":
    case "boolean":
      return undefined;
    case "number":
      return Number.isFinite(value) ? undefined : `${path} is ${String(value)}`;
    case "object": {
      if (value === null) return undefined;
      if (above.includes(value)) return `${path} contains itself`;
      const inside = [...above, value];
      if (Array.isArray(value)) return first(value.map((item, i) => [`${path}[${i}]`, item]), inside);
      const proto: unknown = Object.getPrototypeOf(value);
      if (proto !== null && Object.getPrototypeOf(proto) !== null) return `${path} is an instance of a class`;
      return first(Object.entries(value).flatMap(([key, item]) => (item === undefined ? [] : [[`${path}.${key}`, item] as const])), inside);
    }
    default:
      return `${path} is a ${typeof value}`;
  }
}

function first(items: readonly (readonly [string, unknown])[], above: readonly unknown[]): string | undefined {
  for (const [path, item] of items) {
    const found = notJson(item, path, above);
    if (found) return found;
  }
  return undefined;
}
