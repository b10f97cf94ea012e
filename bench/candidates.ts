import type { Delta, Fact } from "../src/core/event.js";
import { reduce } from "../src/core/reduce.js";
import { emptyRoom, type Room } from "../src/core/room.js";
import { emptyImmerRoom, immerReduce, type ImmerRoom } from "./immer-reduce.js";
import { MutableRegistry } from "./mutable-registry.js";

/** One way to keep rooms; all of them find a room by its name in a Map. */
export type Candidate = {
  readonly name: string;
  fact(room: string, fact: Fact<unknown>): void;
  delta(room: string, delta: Delta<unknown>): void;
  /** Everything that a room holds and counts, in one order. */
  content(room: string): unknown;
  /** How many connections are in all rooms. */
  total(): number;
};

type Row = readonly [user: string, conn: string, meta: unknown];

function content(rows: readonly Row[], users: number, connections: number): unknown {
  return { users, connections, rows: [...rows].sort((a, b) => (a[0] + a[1] < b[0] + b[1] ? -1 : 1)) };
}

export function mutable(): Candidate {
  const registry = new MutableRegistry();
  return {
    name: "mutable",
    fact: (name, fact) => {
      registry.apply(name, fact);
    },
    delta: (name, delta) => {
      for (const fact of delta.facts) registry.apply(name, fact);
    },
    content: (name) => {
      const rows = [...(registry.rooms.get(name) ?? [])].flatMap(([user, connections]) => [...connections].map(([conn, meta]): Row => [user, conn, meta]));
      return content(rows, registry.userCount(name), registry.connectionCount(name));
    },
    total: () => [...registry.rooms.keys()].reduce((sum, name) => sum + registry.connectionCount(name), 0),
  };
}

/** Rooms that are folded: `reduce` gives a new one for each event. */
function folded<R extends Room<unknown> | ImmerRoom>(name: string, empty: R, fold: (room: R, event: Fact<unknown> | Delta<unknown>) => R): Candidate {
  const rooms = new Map<string, R>();
  const apply = (room: string, event: Fact<unknown> | Delta<unknown>) => {
    rooms.set(room, fold(rooms.get(room) ?? empty, event));
  };
  return {
    name,
    fact: apply,
    delta: apply,
    content: (room) => {
      const { users, connectionCount } = rooms.get(room) ?? empty;
      const rows = [...users.values()].flatMap((user) => user.connections.map((c): Row => [c.user, c.conn, c.meta]));
      return content(rows, users.size, connectionCount);
    },
    total: () => {
      let sum = 0;
      for (const room of rooms.values()) sum += room.connectionCount;
      return sum;
    },
  };
}

export function headcount(): Candidate {
  return folded<Room<unknown>>("headcount", { ...emptyRoom<unknown>(), epoch: 1 }, (room, event) => {
    const next = reduce(room, event);
    if (next.behind || next === room) throw new Error(`headcount fell behind at seq ${String(next.seq)}`);
    return next;
  });
}

export function immer(): Candidate {
  return folded("immer", emptyImmerRoom, immerReduce);
}
