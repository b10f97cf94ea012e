import { drop, emptyMap, put, type Owner } from "../core/map.js";

/** Something that falls due once the clock reads `at`. */
export type Deadline = { readonly id: string; readonly at: number };

type Bucket<T> = { readonly id: string; readonly items: ReadonlyMap<string, T> };

/**
 * Things that fall due, gathered in buckets of `width` ms: to set, to drop and to find what is due costs nothing
 * for all that is due later. Nothing may be set before the bucket that the clock has reached.
 */
export type Deadlines<T extends Deadline> = {
  readonly width: number;
  /** The first bucket that may still hold something. */
  readonly next: number;
  readonly buckets: ReadonlyMap<string, Bucket<T>>;
};

export function emptyDeadlines<T extends Deadline>(width: number): Deadlines<T> {
  return { width, next: 0, buckets: emptyMap<Bucket<T>>() };
}

export function setDeadline<T extends Deadline>(deadlines: Deadlines<T>, item: T, owner?: Owner): Deadlines<T> {
  const id = bucketOf(deadlines, item.at);
  const items = deadlines.buckets.get(id)?.items ?? emptyMap<T>();
  return { ...deadlines, buckets: put(deadlines.buckets, { id, items: put(items, item, owner) }, owner) };
}

export function dropDeadline<T extends Deadline>(deadlines: Deadlines<T>, { id: item, at }: Deadline, owner?: Owner): Deadlines<T> {
  const id = bucketOf(deadlines, at);
  const bucket = deadlines.buckets.get(id);
  if (!bucket) return deadlines;
  const items = drop(bucket.items, item, owner);
  const buckets = items.size === 0 ? drop(deadlines.buckets, id, owner) : put(deadlines.buckets, { id, items }, owner);
  return { ...deadlines, buckets };
}

/** Takes out what is due at `clock`. Only the bucket that the clock stands in is looked at in vain. */
export function takeDue<T extends Deadline>(deadlines: Deadlines<T>, clock: number, owner?: Owner): { readonly due: readonly T[]; readonly rest: Deadlines<T> } {
  const due: T[] = [];
  const last = Math.floor(clock / deadlines.width);
  let rest: Deadlines<T> = { ...deadlines, next: last };
  for (let bucket = deadlines.next; bucket <= last; bucket++) {
    for (const item of deadlines.buckets.get(String(bucket))?.items.values() ?? []) if (item.at <= clock) due.push(item);
  }
  for (const item of due) rest = dropDeadline(rest, item, owner);
  return { due, rest };
}

function bucketOf(deadlines: Deadlines<Deadline>, at: number): string {
  return String(Math.floor(at / deadlines.width));
}
