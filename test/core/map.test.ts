import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { drop, emptyMap, put, type Keyed } from "../../src/core/map.js";

type Entry = Keyed & { readonly n: number };
type Entries = ReadonlyMap<string, Entry>;
type Node = readonly unknown[];

const rootOf = (map: Entries): Node => (map as Entries & { root: Node }).root;

/** Every node of a map, the root first. */
function nodesOf(map: Entries): Node[] {
  const nodes = [rootOf(map)];
  for (const node of nodes) nodes.push(...node.filter((child): child is Node => Array.isArray(child)));
  return nodes;
}

/** What one map holds in memory that another does not. */
function fresh(before: Entries, after: Entries): { nodes: number; slots: number } {
  const old = new Set(nodesOf(before));
  const nodes = nodesOf(after).filter((node) => !old.has(node));
  return { nodes: nodes.length, slots: nodes.reduce((sum, node) => sum + node.length, 0) };
}

/** Freezes a map with all its nodes, so that a write to it throws. */
function freeze(map: Entries): Entries {
  for (const node of nodesOf(map)) Object.freeze(node);
  return Object.freeze(map);
}

function expectSame(map: Entries, model: ReadonlyMap<string, Entry>): void {
  const byId = (a: readonly [string, Entry], b: readonly [string, Entry]) => (a[0] < b[0] ? -1 : 1);
  expect(map.size).toBe(model.size);
  expect([...map].sort(byId)).toEqual([...model].sort(byId));
  for (const [id, entry] of model) if (map.get(id) !== entry) throw new Error(`get(${JSON.stringify(id)}) is another entry`);
}

const fill = (ids: Iterable<string>, owner?: object): Entries => {
  let map = emptyMap<Entry>();
  for (const id of ids) map = put(map, { id, n: 0 }, owner);
  return map;
};

const numbered = (n: number): string[] => Array.from({ length: n }, (_, i) => `user-${String(i)}`);

const hostile = ["", "\0", "\0\0", "a", "a\0", "__proto__", "constructor", "hasOwnProperty", "toString", "10", "2", "\ud800", "\udc00", "\uffff", "\uffff\0", "🙂", "é", "e\u0301"];

/**
 * Pairs of units of which either leads to the same hash, one pair after another behind the prefix:
 * any choice from each makes an id, and all of those ids have one hash.
 */
function collidingPairs(prefix: string, count: number): [string, string][] {
  const step = (hash: number, unit: number) => Math.imul(hash ^ unit, 0x9e3779b1);
  let hash = 0;
  for (let i = 0; i < prefix.length; i++) hash = step(hash, prefix.charCodeAt(i));
  return Array.from({ length: count }, () => {
    const seen = new Map<number, number>();
    for (let i = 0; ; i++) {
      // In an order of no order: the hash spreads consecutive units too evenly to let them meet soon.
      const unit = (i + 6 * i * i) & 0xffff;
      // The second unit can mend the lower half of a hash, so two first units must agree on the upper one.
      const other = seen.get(step(hash, unit) >>> 16);
      if (other === undefined) seen.set(step(hash, unit) >>> 16, unit);
      else {
        const mend = (step(hash, unit) ^ step(hash, other)) & 0xffff;
        const pair: [string, string] = [String.fromCharCode(other, 0), String.fromCharCode(unit, mend)];
        hash = step(step(hash, other), 0);
        return pair;
      }
    }
  });
}

/** 2^bits ids with one hash. */
function colliding(bits: number, prefix = ""): string[] {
  return collidingPairs(prefix, bits).reduce((ids, pair) => ids.flatMap((id) => pair.map((end) => id + end)), [prefix]);
}

/** Ids with one hash that part one after another, so that the tree gets as deep as it can. */
function comb(teeth: number): string[] {
  const pairs = collidingPairs("", teeth);
  const stem = pairs.map((pair) => pair[0]);
  return [stem.join(""), ...pairs.map((pair, i) => stem.slice(0, i).join("") + pair[1] + stem.slice(i + 1).join(""))];
}

const collisions = colliding(6);

const arbitraryId = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 60 }).map(String) },
  { weight: 3, arbitrary: fc.constantFrom(...collisions) },
  { weight: 2, arbitrary: fc.constantFrom(...hostile) },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 3 }) },
);
const arbitraryEdit = fc.record({ id: arbitraryId, put: fc.boolean() });

describe("against a plain Map", () => {
  it("[R1] [R10] [R12] holds what a Map would hold, whatever version one goes on from, and no version ever changes", () => {
    const arbitraryBatch = fc.record({
      from: fc.nat(),
      owned: fc.boolean(),
      // Runs of one kind, so that histories cross from flat to tree and back.
      edits: fc.oneof(
        fc.array(arbitraryEdit, { minLength: 1, maxLength: 12 }),
        fc.array(arbitraryId.map((id) => ({ id, put: true })), { minLength: 10, maxLength: 50, size: "max" }),
        fc.array(arbitraryId.map((id) => ({ id, put: false })), { minLength: 10, maxLength: 80, size: "max" }),
      ),
    });
    let trees = 0;
    fc.assert(
      fc.property(fc.array(arbitraryBatch, { maxLength: 12, size: "max" }), (batches) => {
        let n = 0;
        const versions = [{ map: freeze(emptyMap<Entry>()), model: new Map<string, Entry>() }];
        for (const { from, owned, edits } of batches) {
          const start = versions[versions.length - 1 - (from % Math.min(versions.length, 3))]!;
          const model = new Map(start.model);
          const owner = owned ? {} : undefined;
          let { map } = start;
          for (const edit of edits) {
            if (edit.put) {
              const entry = { id: edit.id, n: ++n };
              map = put(map, entry, owner);
              model.set(edit.id, entry);
            } else {
              model.delete(edit.id);
              map = drop(map, edit.id, owner);
            }
            expect(map.size).toBe(model.size);
          }
          versions.push({ map: freeze(map), model });
          if (map.size > 16) trees++;
        }
        for (const { map, model } of versions) expectSame(map, model);
      }),
      { numRuns: 150 },
    );
    expect(trees).toBeGreaterThan(100);
  });

  it("[R12] at every size on the way up and down, all of its readers agree with a Map's", () => {
    for (const owner of [undefined, {}]) {
      let map = emptyMap<Entry>();
      const model = new Map<string, Entry>();
      const check = () => {
        expectSame(map, model);
        const byId = (a: Entry, b: Entry) => (a.id < b.id ? -1 : 1);
        expect([...map.keys()].sort()).toEqual([...model.keys()].sort());
        expect([...map.values()].sort(byId)).toEqual([...model.values()].sort(byId));
        expect([...map.entries()]).toEqual([...map]);
        const visited: Entry[] = [];
        const self = {};
        map.forEach(function (this: unknown, value, id, whole) {
          expect([this, id, whole]).toEqual([self, value.id, map]);
          visited.push(value);
        }, self);
        expect(visited).toEqual([...map.values()]);
        expect(map.has("absent")).toBe(false);
        expect(map.get("absent")).toBeUndefined();
      };
      check();
      for (const id of numbered(40)) {
        const entry = { id, n: 1 };
        map = put(map, entry, owner);
        model.set(id, entry);
        check();
      }
      for (const id of numbered(40)) {
        map = drop(map, id, owner);
        model.delete(id);
        expect(map.has(id)).toBe(false);
        check();
      }
      expect(map.size).toBe(0);
    }
  });
});

describe("the same reference", () => {
  it.each([3, 16, 17, 500])("[R2] comes back from what changes nothing, among %i entries", (size) => {
    const map = fill(numbered(size));
    const entry = map.get("user-1")!;
    for (const owner of [undefined, {}]) {
      expect(put(map, entry, owner)).toBe(map);
      expect(drop(map, "absent", owner)).toBe(map);
    }
    const changed = put(map, { id: "user-1", n: 1 });
    expect(changed).not.toBe(map);
    expect(map.get("user-1")).toBe(entry);
    expect(changed.get("user-1")?.n).toBe(1);
    expect(changed.size).toBe(size);
  });
});

describe("a batch", () => {
  it.each([5, 16, 17, 400])("[R1] edits what its owner made and nothing else, among %i entries", (size) => {
    const start = freeze(fill(numbered(size)));
    const before = [...start];
    const owner = {};
    const first = put(start, { id: "user-1", n: 1 }, owner);
    expect([...start]).toEqual(before);
    // What the owner made already is edited where it lies.
    const nodes = nodesOf(first);
    const second = put(first, { id: "user-1", n: 2 }, owner);
    expect(second).toBe(first);
    expect(nodesOf(second)).toEqual(nodes);
    expect(fresh(start, second)).toEqual(fresh(start, first));
    expect(second.get("user-1")?.n).toBe(2);
    // So is what it made by letting somebody in, and out.
    for (const from of [start, second]) {
      const grown = put(from, { id: "new", n: 1 }, owner);
      const made = fresh(start, grown).nodes;
      expect(nodesOf(grown).filter((node) => node[0] === owner)).toHaveLength(made);
      expect(fresh(start, put(grown, { id: "new", n: 2 }, owner)).nodes).toBe(made);
    }
    const third = put(second, { id: "new", n: 2 }, owner);
    expect(drop(third, "new", owner)).toBe(third);
    expect([...start]).toEqual(before);
    // Another owner, and none at all, leave it alone.
    freeze(third);
    for (const other of [{}, undefined]) {
      const fourth = drop(put(third, { id: "user-1", n: 3 }, other), "user-2", other);
      expect(fourth.get("user-1")?.n).toBe(3);
      expect(fourth.size).toBe(size - 1);
      expect(third.get("user-1")?.n).toBe(2);
      expect(third.has("user-2")).toBe(true);
    }
  });

  it("[R12] makes fewer nodes than one by one", () => {
    const start = fill(numbered(1000));
    const edit = (owner: object | undefined): number => {
      const old = new Set(nodesOf(start));
      const made = new Set<Node>();
      let map = start;
      for (let n = 0; n < 200; n++) {
        map = put(map, { id: `user-${String(n)}`, n }, owner);
        for (const node of nodesOf(map)) if (!old.has(node)) made.add(node);
      }
      return made.size;
    };
    expect(edit({})).toBeLessThan(edit(undefined) / 2);
  });
});

describe("cost", () => {
  /** An entry that counts how often its id is looked at. */
  const counted = (reads: { count: number }, id: string, n: number): Entry => ({
    n,
    get id() {
      reads.count++;
      return id;
    },
  });

  it.each([
    ["numbered ids", () => numbered(100_000)],
    ["hexadecimal ids", () => Array.from({ length: 30_000 }, (_, i) => (0x10000000 + i * 4097).toString(16))],
    ["ids that differ in front", () => Array.from({ length: 30_000 }, (_, i) => `${String(i)}@example.com`)],
  ])("[R12] one event copies a few short arrays and looks at a few entries: %s", (_, ids) => {
    const reads = { count: 0 };
    const owner = {};
    const all = ids();
    let map = emptyMap<Entry>();
    for (const id of all) map = put(map, counted(reads, id, 0), owner);
    const known = all[all.length >> 1]!;
    for (const edit of [
      () => put(map, counted(reads, known, 1)),
      () => put(map, counted(reads, "somebody new", 1)),
      () => drop(map, known),
      () => put(map, counted(reads, "somebody new", 1), {}),
    ]) {
      reads.count = 0;
      const after = edit();
      expect(reads.count).toBeLessThan(20);
      const cost = fresh(map, after);
      expect(cost.nodes).toBeGreaterThan(0);
      expect(cost.nodes).toBeLessThanOrEqual(8);
      expect(cost.slots).toBeLessThanOrEqual(8 * 19);
    }
  });

  it("[R12] the hash spreads ids of which each goes on from the one before: no chain as long as they are many", () => {
    const map = fill(Array.from({ length: 256 }, (_, i) => "a".repeat(i)));
    for (const after of [put(map, { id: "a".repeat(200), n: 1 }), put(map, { id: "a".repeat(300), n: 1 }), drop(map, "a".repeat(255))]) {
      expect(fresh(map, after).nodes).toBeLessThanOrEqual(8);
    }
  });

  it("[R12] stays far below a scan for ids that were built to have one hash, behind a long common beginning too", () => {
    for (const prefix of ["", "x".repeat(230)]) {
      const reads = { count: 0 };
      const ids = colliding(12, prefix);
      let map = emptyMap<Entry>();
      for (const id of ids) map = put(map, counted(reads, id, 0), map);
      // They do collide: the first level at which any two differ lies beyond the eight of the hash.
      expect(rootOf(map)[1]).toBeGreaterThanOrEqual(8);
      expect(map.size).toBe(4096);
      for (const id of [ids[0]!, ids[1234]!, ids[4095]!]) {
        for (const edit of [() => put(map, counted(reads, id, 1)), () => drop(map, id), () => put(map, counted(reads, id + "more", 1))]) {
          reads.count = 0;
          const after = edit();
          expect(reads.count).toBeLessThan(20);
          expect(fresh(map, after).slots).toBeLessThan(120);
        }
      }
    }
  });

  it("[R12] no tree that ids of 256 characters can make is so deep that it runs out of stack", () => {
    // Five nodes a unit would be 1,280. It takes longer ids to get as deep one node a pair of units.
    const ids = comb(1400);
    let map = fill(ids, {});
    expect(rootOf(map)[1]).toBeGreaterThanOrEqual(8);
    expect(nodesOf(map).length).toBe(1400);
    for (const id of ids) expect(map.get(id)?.id).toBe(id);
    // The deepest part in the end.
    for (const id of [ids.at(-1)!, ids[0]!, ids[700]!]) {
      map = put(drop(put(map, { id, n: 1 }), id), { id, n: 2 });
      expect(map.get(id)?.n).toBe(2);
    }
  });

  it("[R12] keeps nothing of what went, and gets flat again", () => {
    let map = fill(numbered(5000));
    expect(nodesOf(map).length).toBeGreaterThan(300);
    for (const id of numbered(5000).slice(20)) map = drop(map, id);
    // Nodes of one child don't stay behind.
    expect(nodesOf(map).every((node) => node.length >= 5)).toBe(true);
    for (const id of numbered(20).slice(8)) map = drop(map, id);
    expect(rootOf(map)).toHaveLength(3 + 8);
  });

  it("[R12] is flat up to 16 entries, and again from 8 down, so that no event at the border rebuilds it", () => {
    const isFlat = (map: Entries) => rootOf(map)[1] === -1;
    let map = emptyMap<Entry>();
    for (const id of numbered(20)) {
      map = put(map, { id, n: 0 });
      expect(isFlat(map)).toBe(map.size <= 16);
    }
    for (const id of numbered(20)) {
      map = drop(map, id);
      expect(isFlat(map)).toBe(map.size <= 8);
    }
  });
});

describe("ids", () => {
  it("[R10] any string is a key of its own", () => {
    const ids = [...hostile, ...hostile.map((id) => id + id + "x"), ...collisions];
    const unique = new Set(ids);
    for (const more of [0, 100]) {
      const map = fill([...unique, ...numbered(more)]);
      expect(map.size).toBe(unique.size + more);
      for (const id of unique) expect(map.get(id)?.id).toBe(id);
      expect(drop(map, "a\0").has("a")).toBe(true);
      expect(map.has("valueOf")).toBe(false);
    }
    expect(emptyMap<Entry>().get("__proto__")).toBeUndefined();
  });
});

describe("copies of the module", () => {
  it("[R12] read and edit each other's maps", async () => {
    vi.resetModules();
    const other = await import("../../src/core/map.js");
    expect(other.put).not.toBe(put);
    for (const size of [5, 40]) {
      const theirs = numbered(size).reduce<Entries>((map, id) => other.put(map, { id, n: 0 }), other.emptyMap<Entry>());
      const ours = drop(put(theirs, { id: "new", n: 1 }), "user-0");
      expect(ours.size).toBe(size);
      expect(other.put(ours, { id: "user-0", n: 2 }).get("new")?.n).toBe(1);
      const owner = {};
      expect([...put(other.put(theirs, { id: "x", n: 1 }, owner), { id: "y", n: 1 }, owner).keys()].sort()).toEqual([...numbered(size), "x", "y"].sort());
      expect(theirs.size).toBe(size);
    }
  });
});
