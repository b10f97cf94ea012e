/** A value that names its own key. */
export type Keyed = { readonly id: string };

/** Marks what one batch made, so that the batch may go on editing it in place: a fresh `{}` for each batch. */
export type Owner = object;

/**
 * One plain array. The root of a small map is flat: all its values, in no order. Above that a tree: a node has two
 * children or more, by their ids' digit at its level, and a bit for each digit that is there. Levels at which all ids
 * below a node are alike are left out, so ids that were made to collide cost no chain of nodes.
 */
type Node<V> = [owner: Owner | undefined, level: number, bits: number, ...children: Child<V>[]];
type Child<V> = V | Node<V>;

/** What is known of a map that is given: another copy of this module may have made it. */
type Made<V> = ReadonlyMap<string, V> & { root: Node<V>; size: number };

const FIRST = 3;
const FLAT = -1;
const MAX_FLAT = 16;
/** Well below `MAX_FLAT`: a map at the border would change its layout with each event. */
const MIN_TREE = 9;

class PersistentMap<V extends Keyed> implements ReadonlyMap<string, V> {
  declare root: Node<V>;
  declare size: number;

  constructor(root: Node<V>, size: number) {
    this.root = root;
    this.size = size;
  }

  get(id: string): V | undefined {
    const value = nearest(this.root, id, hashOf(this.root, id));
    return value?.id === id ? value : undefined;
  }

  has(id: string): boolean {
    return !!this.get(id);
  }

  *values(): Generator<V, undefined> {
    const nodes = [this.root];
    for (let node; (node = nodes.pop()); ) {
      for (let i = FIRST; i < node.length; i++) {
        const child = node[i] as Child<V>;
        if (isNode(child)) nodes.push(child);
        else yield child;
      }
    }
  }

  *keys(): Generator<string, undefined> {
    for (const value of this.values()) yield value.id;
  }

  *entries(): Generator<[string, V], undefined> {
    for (const value of this.values()) yield [value.id, value];
  }

  [Symbol.iterator](): Generator<[string, V], undefined> {
    return this.entries();
  }

  forEach(visit: (value: V, id: string, map: ReadonlyMap<string, V>) => void, self?: unknown): void {
    for (const value of this.values()) visit.call(self, value, value.id, this);
  }
}

/** A map without entries. */
export function emptyMap<V extends Keyed>(): ReadonlyMap<string, V> {
  return new PersistentMap<V>([undefined, FLAT, 0], 0);
}

/**
 * The map with `value` under `value.id`; the same map when it is there already.
 * `map` stays as it is, unless it was made under this very `owner`: then it may come back edited.
 * Takes only maps that `emptyMap`, `put` or `drop` gave, of whatever copy of this module.
 */
export function put<V extends Keyed>(map: ReadonlyMap<string, V>, value: V, owner?: Owner): ReadonlyMap<string, V> {
  const { root, size } = map as Made<V>;
  const { id } = value;
  const hash = hashOf(root, id);
  // The level at which the id leaves the tree; Infinity when it is there.
  let level = 0;
  let theirs = 0;
  let child: Child<V> = root;
  while (isNode(child) && child[1] === level && (child[2] >> digit(id, hash, level)) & 1) {
    child = child[slot(child, id, hash)] as Child<V>;
    level++;
  }
  // A gap is where the id belongs if no level was left out on the way to it. If not, it may part from them higher up.
  if (!isNode(child) || child[1] !== level) {
    const near = nearest(child, id, hash);
    if (near === value) return map;
    if (near?.id === id) level = Infinity;
    else if (root[1] !== FLAT) {
      const other = (near as V).id;
      const otherHash = hashOf(root, other);
      while ((theirs = digit(other, otherHash, level)) === digit(id, hash, level)) level++;
    } else if (size < MAX_FLAT) level = FLAT;
    else {
      // A tree of one is the value itself.
      let tree: ReadonlyMap<string, V> = new PersistentMap<V>(value as unknown as Node<V>, 1);
      for (const resident of map.values()) tree = put(tree, resident, owner);
      return tree;
    }
  }
  return next(map, edit(root, id, hash, level, theirs, owner, value), level < Infinity ? size + 1 : size, owner);
}

/** The map without the entry of that id; the same map when there is none. Otherwise like `put`. */
export function drop<V extends Keyed>(map: ReadonlyMap<string, V>, id: string, owner?: Owner): ReadonlyMap<string, V> {
  const { root, size } = map as Made<V>;
  const hash = hashOf(root, id);
  if (nearest(root, id, hash)?.id !== id) return map;
  const top: Child<V> | undefined =
    root[1] !== FLAT && size <= MIN_TREE
      ? [owner, FLAT, 0, ...[...map.values()].filter((value) => value.id !== id)]
      : edit(root, id, hash, Infinity, 0, owner, undefined);
  return next(map, top, size - 1, owner);
}

/** The map with that root. A root belongs to one map, so the owner of the one is the owner of the other. */
function next<V extends Keyed>(map: ReadonlyMap<string, V>, root: Child<V> | undefined, size: number, owner: Owner | undefined): ReadonlyMap<string, V> {
  const made = map as Made<V>;
  if (!owner || made.root[0] !== owner) return new PersistentMap(root as Node<V>, size);
  made.root = root as Node<V>;
  made.size = size;
  return made;
}

/** The value of that id; of an id that isn't there, one of those that part from it last. */
function nearest<V extends Keyed>(child: Child<V> | undefined, id: string, hash: number): V | undefined {
  while (isNode(child)) child = (child[slot(child, id, hash)] ?? child[FIRST]) as Child<V>;
  return child;
}

/**
 * What stands in a child's place when the id's value is set, or taken out where `value` is undefined.
 * An id that isn't there comes in at `level`, beside those whose digit there is `theirs`.
 * It goes as deep as there are nodes: eight for the hash, at worst five for each unit that ids of one hash share.
 */
function edit<V extends Keyed>(
  child: Child<V>,
  id: string,
  hash: number,
  level: number,
  theirs: number,
  owner: Owner | undefined,
  value: V | undefined,
): Child<V> | undefined {
  if (!isNode(child) || child[1] > level) {
    if (level === Infinity) return value;
    child = [owner, level, 1 << theirs, child];
  }
  const at = level === FLAT ? child.length : slot(child, id, hash);
  if (child[1] === level) return resize(child, at, 1 << digit(id, hash, level), owner, value);
  const below = edit(child[at] as Child<V>, id, hash, level, theirs, owner, value);
  if (!below) {
    // Of two children the other one takes the node's place.
    return child[1] !== FLAT && child.length === FIRST + 2
      ? (child[FIRST + FIRST + 1 - at] as Child<V>)
      : resize(child, at, 1 << digit(id, hash, child[1]), owner, value);
  }
  const node: Node<V> = owner && child[0] === owner ? child : (child.slice() as Node<V>);
  node[0] = owner;
  node[at] = below;
  return node;
}

function isNode<V>(child: Child<V> | undefined): child is Node<V> {
  return Array.isArray(child);
}

/** A copy with the value squeezed in, or without one a slot less. `splice` would keep room to grow in each node. */
function resize<V>(node: Node<V>, at: number, bit: number, owner: Owner | undefined, value: V | undefined): Node<V> {
  const copy = new Array<unknown>(node.length + (value ? 1 : -1)) as Node<V>;
  let i = 0;
  for (; i < at; i++) copy[i] = node[i];
  if (value) copy[at++] = value;
  else i++;
  while (i < node.length) copy[at++] = node[i++];
  copy[0] = owner;
  copy[2] ^= bit;
  return copy;
}

/** Where a node has the child for that id, or would have it. */
function slot<V extends Keyed>(node: Node<V>, id: string, hash: number): number {
  let i = FIRST;
  if (node[1] === FLAT) {
    while (i < node.length && (node[i] as V).id !== id) i++;
    return i;
  }
  let bits = node[2] & ((1 << digit(id, hash, node[1])) - 1);
  bits -= (bits >> 1) & 0x5555;
  bits = (bits & 0x3333) + ((bits >> 2) & 0x3333);
  bits = (bits + (bits >> 4)) & 0x0f0f;
  return i + ((bits + (bits >> 8)) & 31);
}

/** Eight digits of the hash, then five of each UTF-16 unit plus one, which is 0 past the end: no two ids share them all. */
function digit(id: string, hash: number, level: number): number {
  if (level < 8) return (hash >>> (28 - level * 4)) & 15;
  level -= 8;
  return ((id.charCodeAt(level / 5) + 1) >>> ((level % 5) * 4)) & 15;
}

/** Thirty-two bits, the best ones on top. No flat map asks for a digit of them. */
function hashOf(root: Node<Keyed>, id: string): number {
  let hash = 0;
  if (root[1] !== FLAT) for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 0x9e3779b1);
  return hash;
}
