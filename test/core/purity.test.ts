import { afterEach, describe, expect, it, vi } from "vitest";
import { changes } from "../../src/core/change.js";
import type { RoomEvent } from "../../src/core/event.js";
import { emptyMap } from "../../src/core/map.js";
import { doubt, reduce, reduceAll } from "../../src/core/reduce.js";
import { emptyRoom, type Room, type User } from "../../src/core/room.js";
import { askOf, usersOf } from "../../src/core/select.js";
import { toSnapshot } from "../../src/core/snapshot.js";
import { connection, delta, heartbeat, off, on, roomOf, snapshot, type Meta } from "../support/events.js";
import { freeze } from "../../src/testing/freeze.js";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const story: readonly RoomEvent<Meta>[] = [
  heartbeat(3, 5), snapshot(3, [connection("a1", "ann", 1), connection("b1", "bob", 2)]), on(5, "c1", "cid"), on(4, "d1", "dan"), heartbeat(5, 5), on(6, "a1", "ann", { meta: { s: "away" } }),
  snapshot(8, [connection("a1", "ann", 1), connection("e1", "eve", 8)], { digest: 1 }), off(9, "e1", "eve"), snapshot(9, [connection("a1", "ann", 1)]), delta(20, 21, 5, []), delta(9, 21, undefined, [off(21, "a1", "ann")]),
];

/** Everything that a run of the story gives, as text. */
function tell(): string {
  let room = emptyRoom<Meta>();
  const told: unknown[] = [];
  for (const event of story) {
    const before = room;
    room = reduce(room, event);
    told.push(changes(before, event, room, { connections: true }), toSnapshot(room), usersOf(room), room.behind, askOf(room), askOf(doubt(room)));
  }
  return JSON.stringify(told);
}

describe("the core", () => {
  it("[R1] reads no clock and no chance, sets no timer: a run replays to the letter where these throw", () => {
    const once = tell();
    const banned = ["Date", "performance", "crypto", "setTimeout", "setInterval", "setImmediate", "queueMicrotask", "fetch", "console", "process"];
    for (const name of banned) {
      const no = (): never => {
        throw new Error(name);
      };
      vi.stubGlobal(name, new Proxy(no, { get: no, construct: no }));
    }
    vi.spyOn(Math, "random").mockImplementation(() => { throw new Error("Math.random"); });
    let again: string;
    try {
      expect(() => Date.now()).toThrow("Date");
      again = tell();
    } finally {
      vi.unstubAllGlobals();
    }
    expect(again).toBe(once);
  });

  it("[R1] leaves its arguments as they are", () => {
    const room = roomOf(...story.slice(0, 3));
    const text = JSON.stringify([toSnapshot(room), room.behind]);
    for (const event of [...story, on(4, "d1", "dan")]) {
      // Frozen to the last node: whoever wrote to one would throw.
      changes(room, event, freeze(reduce(room, event)), { connections: true });
      doubt(room);
    }
    expect(JSON.stringify([toSnapshot(room), room.behind])).toBe(text);
    expect(reduceAll(room, [])).toBe(room);
  });
});

type Users = ReadonlyMap<string, User<Meta>>;
type Node = readonly unknown[];
function nodesOf(users: Users): Node[] {
  const nodes = [(users as Users & { root: Node }).root];
  for (const node of nodes) nodes.push(...node.filter((child): child is Node => Array.isArray(child)));
  return nodes;
}

const CROWD = 10_000;
const crowd: Room<Meta> = reduce(emptyRoom<Meta>(), snapshot(CROWD, Array.from({ length: CROWD }, (_, i) => connection(`c${String(i)}`, `user-${String(i)}`, i + 1, { tag: i + 1 }))));

/** The same room, of which each user may be asked for, but which nobody may look through. */
function closed(room: Room<Meta>): Room<Meta> {
  const no = (): never => {
    throw new Error("looked through the room");
  };
  const { users } = room;
  const map: Users = { size: users.size, get: (id) => users.get(id), has: (id) => users.has(id), keys: no, values: no, entries: no, forEach: no, [Symbol.iterator]: no };
  return { ...room, users: map };
}

describe("one event in a room of 10,000", () => {
  const next = CROWD + 1;
  const events: [string, RoomEvent<Meta>][] = [
    ["a join", on(next, "x1", "xi")],
    ["another tab", on(next, "x1", "user-77")],
    ["an update", on(next, "c77", "user-77", { meta: { s: "away" } })],
    ["a leave", off(next, "c77", "user-77")],
    ["a delta of three", delta(CROWD, CROWD + 3, undefined, [on(next, "x1", "xi"), off(next + 1, "c5", "user-5"), on(next + 2, "c9", "user-9", { meta: { s: "away" } })])],
  ];

  it.each(events)("[R12] %s copies a few nodes and looks through nothing", (_, event) => {
    const before = new Set(nodesOf(crowd.users));
    expect(before.size).toBeGreaterThan(500);
    const prototype = Object.getPrototypeOf(emptyMap()) as Users;
    for (const reader of ["keys", "values", "entries", "forEach", Symbol.iterator] as const) {
      vi.spyOn(prototype, reader as "keys").mockImplementation(() => { throw new Error("looked through the room"); });
    }
    expect(() => usersOf(crowd)).toThrow("looked through");
    const after = reduce(crowd, event);
    vi.restoreAllMocks();
    const made = nodesOf(after.users).filter((node) => !before.has(node));
    expect(made.length).toBeGreaterThan(0);
    expect(made.length).toBeLessThanOrEqual(event.type === "delta" ? 15 : 5);
    expect(made.reduce((slots, node) => slots + node.length, 0)).toBeLessThanOrEqual(made.length * 19);
  });

  it.each(events)("[R12] [R14] of %s its changes are found without a look through the room", (_, event) => {
    const after = reduce(crowd, event);
    expect(changes(closed(crowd), event, closed(after), { connections: true })).toEqual(changes(crowd, event, after, { connections: true }));
    expect(changes(closed(crowd), event, closed(after), { connections: true })).not.toEqual([]);
  });

  it("[R12] [R14] a snapshot that is ignored, and a heartbeat, cost no look through it", () => {
    const still = closed(crowd);
    expect(changes(still, snapshot(5, []), still)).toEqual([]);
    expect(changes(still, heartbeat(next, 5), { ...still, behind: undefined })).toEqual([]);
  });

  it("[R12] a heartbeat, a doubt, a repeat and what is held leave its people untouched", () => {
    for (const room of [doubt(crowd), reduce(crowd, heartbeat(next + 5, 5)), reduce(crowd, on(next + 3, "x1", "xi")), reduce(crowd, on(3, "c2", "user-2"))]) {
      expect(room.users).toBe(crowd.users);
    }
  });
});

describe("memory", () => {
  it("[R12] [pain P17] nothing of the departed stays", () => {
    let room = roomOf(snapshot(0, []));
    const empty = JSON.stringify(nodesOf(room.users).map((node) => node.slice(1)));
    let seq = 0;
    for (let i = 0; i < 100; i++) room = reduce(room, on(++seq, `c${String(i)}`, `user-${String(i % 40)}`));
    for (let i = 0; i < 100; i++) room = reduce(room, off(++seq, `c${String(i)}`, `user-${String(i % 40)}`));
    expect(JSON.stringify(nodesOf(room.users).map((node) => node.slice(1)))).toBe(empty);
    expect(room).toMatchObject({ digest: 0, connectionCount: 0, behind: undefined });
  });
});
