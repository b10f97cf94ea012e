import type { Connection, Fact, Snapshot } from "../core/event.js";
import type { User } from "../core/room.js";

/** A room's content as plain rows, one a connection, in the order in which they came. Written to be obviously right, not fast. */
export type Rows = readonly Connection<unknown>[];

/** The rows after a fact. */
export function rowsAfter(rows: Rows, fact: Fact<unknown>): Rows {
  if (fact.type === "disconnect") return rows.filter((row) => row.conn !== fact.conn);
  const { conn, user, tag, first, since, meta } = fact;
  if (rows.some((row) => row.conn === conn)) return rows.map((row) => (row.conn === conn ? { ...row, tag, meta } : row));
  return [...rows, { conn, user, tag, first, since, meta }];
}

/** The sum of the rows' tags modulo 2^48. */
export function digestOf(rows: Rows): number {
  return Number(rows.reduce((sum, row) => sum + BigInt(row.tag), 0n) % 2n ** 48n);
}

/** The people in the order in which they are shown. */
export function peopleOf(rows: Rows): User<unknown>[] {
  return [...new Set(rows.map((row) => row.user))]
    .map((id) => {
      const connections = rows.filter((row) => row.user === id).sort((a, b) => a.first - b.first);
      return { id, since: Math.min(...connections.map((c) => c.since)), meta: connections.at(-1)?.meta, connections };
    })
    .sort((a, b) => a.since - b.since || (a.id < b.id ? -1 : 1));
}

/** The rows as a snapshot at that position, stamped with time 0. */
export function snapshotOf(rows: Rows, epoch: number, seq: number): Snapshot<unknown> {
  return { type: "snapshot", epoch, seq, at: 0, digest: digestOf(rows), connections: peopleOf(rows).flatMap((user) => user.connections) };
}

/** The last fact of each connection. */
export function lastOfEach(facts: readonly Fact<unknown>[]): Fact<unknown>[] {
  return facts.filter((fact, i) => !facts.slice(i + 1).some((later) => later.conn === fact.conn));
}
