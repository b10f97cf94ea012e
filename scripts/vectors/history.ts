import type { Delta, Fact, Heartbeat, Reason, Snapshot } from "../../src/core/event.js";
import type { Op } from "../../src/ports.js";
import { append, emptyLog } from "../../src/server/log.js";
import { deltaOf, heartbeatAt, snapshotAt, type History } from "../../src/testing/arbitraries.js";
import { rowsAfter, type Rows } from "../../src/testing/rows.js";

/** A room's log that is told what happens, and what a server says of it. Fact n happens at 1000 × n and has the tag that its op names. */
export type Scripted = {
  readonly facts: readonly Fact<unknown>[];
  join(user: string, conn: string, tag: number, meta?: unknown): void;
  update(conn: string, tag: number, meta: unknown): void;
  leave(conn: string, reason?: Reason): void;
  readonly fact: (seq: number) => Fact<unknown>;
  readonly delta: (from: number, to: number) => Delta<unknown>;
  readonly snapshot: (seq: number) => Snapshot<unknown>;
  readonly heartbeat: (seq: number) => Heartbeat;
};

export function scripted(epoch: number): Scripted {
  let log = emptyLog<unknown>(epoch, 0, { window: Infinity, windowAge: Infinity, settle: 0 });
  const facts: Fact<unknown>[] = [];
  const rows: Rows[] = [[]];
  const history = (): History => ({ epoch, facts, rows, log });
  const take = (op: Op<unknown>): void => {
    const appended = append(log, [op], 1_000 * (facts.length + 1));
    if (!appended.delta) throw new Error(`refused: ${JSON.stringify([op, appended.refused])}`);
    log = appended.log;
    facts.push(...appended.delta.facts);
    rows.push(rowsAfter(rows.at(-1)!, facts.at(-1)!));
  };
  return {
    facts,
    join(user, conn, tag, meta = {}) { take({ type: "connect", conn, user, tag, meta }); },
    update(conn, tag, meta) { take({ type: "update", conn, user: rows.at(-1)!.find((row) => row.conn === conn)!.user, tag, meta }); },
    leave(conn, reason = "leave") { take({ type: "disconnect", conn, reason }); },
    fact: (seq) => facts[seq - 1]!,
    delta: (from, to) => deltaOf(history(), from, to),
    snapshot: (seq) => snapshotAt(history(), seq),
    heartbeat: (seq) => heartbeatAt(history(), seq),
  };
}

/** Epoch 7: ann with two tabs, bob, cid who comes and goes, updates of an old tab: nine facts. */
export function nineFacts(epoch = 7): Scripted {
  const log = scripted(epoch);
  log.join("ann", "a1", 101, { s: "old tab" });
  log.join("bob", "b1", 102, { s: "on" });
  log.join("ann", "a2", 103, { s: "new tab" });
  log.update("a1", 104, { s: "old tab, edited" });
  log.join("cid", "c1", 105, { s: "on" });
  log.leave("c1");
  log.update("b1", 106, { s: "away" });
  log.leave("a2", "vanished");
  log.join("dan", "d1", 107, { s: "on" });
  return log;
}
