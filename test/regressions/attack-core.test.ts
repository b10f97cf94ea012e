import { describe, expect, it } from "vitest";
import { changes } from "../../src/core/change.js";
import { addTag, dropTag } from "../../src/core/digest.js";
import type { Delta } from "../../src/core/event.js";
import { doubt, reduce, reduceAll } from "../../src/core/reduce.js";
import { emptyRoom, type Room } from "../../src/core/room.js";
import { askOf, usersOf } from "../../src/core/select.js";
import { toSnapshot } from "../../src/core/snapshot.js";
import { append, emptyLog, since } from "../../src/server/log.js";
import { connection, delta, EPOCH, heartbeat, off, on, permutations, roomOf, snapshot, type Meta } from "../support/events.js";
import { freeze } from "../../src/testing/freeze.js";

/**
 * Histories that broke earlier readings of the rules in simulation, each under the name that it had there, in the words of today's rules.
 */
const where = ({ epoch, seq, behind }: Room<unknown>): string => `${String(epoch)}/${String(seq)} ${behind?.reason ?? "in step"}`;
const order = (room: Room<Meta>): string[] => usersOf(room).map(({ id, since }) => `${id}@${String(since)}`);
const OPTIONS = { window: 512, windowAge: Infinity, settle: 0 };

describe("A1: compaction lost the first connect", () => {
  it("[R4] attack A1: U1, the update of an old tab in a compacted delta is not its birth", () => {
    const facts = [
      on(1, "a1", "ann", { tag: 1, meta: { s: "old tab" } }),
      on(2, "a2", "ann", { tag: 2, since: 1000, meta: { s: "new tab" } }),
      on(3, "b", "bob", { tag: 3 }),
      on(4, "a1", "ann", { tag: 9, first: 1, since: 1000, meta: { s: "old tab edited" } }),
    ];
    const start = roomOf(snapshot(0, []));
    const one = reduceAll(start, facts);
    const compacted = reduce(start, delta(0, 4, 14, facts.slice(1)));
    expect(toSnapshot(compacted)).toEqual(toSnapshot(one));
    expect(compacted.users.get("ann")?.meta).toEqual({ s: "new tab" });
    expect(compacted.users.get("ann")?.connections.map((c) => c.conn)).toEqual(["a1", "a2"]);
    expect(where(compacted)).toBe("9/4 in step");
  });
});

describe("A2: what cancels out within a window was not sent", () => {
  it("[R4] attack A2: seed 12, who was told the middle of a window hears of a goodbye to one that came within it", () => {
    const member = roomOf(snapshot(2, [connection("a", "ann", 1), connection("b", "bob", 2)]));
    const late = roomOf(snapshot(3, [connection("a", "ann", 1), connection("b", "bob", 2), connection("x", "xi", 3)]));
    const flushed = delta(2, 4, 2003, [off(4, "x", "xi")]);
    for (const room of [member, late]) {
      expect(toSnapshot(reduce(room, flushed))).toEqual({ ...toSnapshot(member), seq: 4 });
      expect(reduce(room, flushed).behind).toBeUndefined();
    }
    // Left out, it would be found by the digest, and only by it.
    expect(where(reduce(late, delta(2, 4, 2003, [])))).toBe("9/4 drift");
  });
});

describe("A3: an epoch that goes down", () => {
  const old = 1_700_000_000_000;
  const now = 1_699_996_413_665;
  const inStep = roomOf(snapshot(5, [connection("a", "ann", 1)], { epoch: old }));
  const answer = snapshot(2, [connection("a2", "ann", 2)], { epoch: now });

  it("[R5] [R6] attack A3: a server that comes back with its clock an hour behind is heard", () => {
    expect(reduce(inStep, answer)).toBe(inStep);
    const warned = reduce(inStep, heartbeat(2, 1002, now));
    expect(where(warned)).toBe(`${String(old)}/5 epoch`);
    expect(askOf(warned)?.full).toBe(true);
    expect(where(reduce(warned, answer))).toBe(`${String(now)}/2 in step`);
    expect(where(reduce(doubt(inStep), answer))).toBe(`${String(now)}/2 in step`);
  });

  it("[R3] [R5] attack A3: what is held of the dead, higher epoch keeps nobody behind", () => {
    const holding = reduceAll(inStep, [delta(8, 9, 5, [], old), heartbeat(20, 5, old), heartbeat(2, 1002, now)]);
    expect(holding.behind?.held).toHaveLength(1);
    const after = reduce(holding, answer);
    expect(where(after)).toBe(`${String(now)}/2 in step`);
    expect(askOf(after)).toBeUndefined();
  });

  it("[R5] attack A3: T6, a room behind by gap does not adopt a late snapshot of a dead epoch", () => {
    const gap = roomOf(snapshot(5, [connection("a", "ann", 1)]), heartbeat(7, 5));
    const late = snapshot(71, [connection("z", "zoe", 1)], { epoch: 8 });
    expect(reduce(gap, late)).toBe(gap);
  });

  it("[R5] attack A3: U2, a room without users is not empty: it does not adopt a dead epoch either", () => {
    const deserted = roomOf(snapshot(5, []));
    expect(reduce(deserted, snapshot(71, [connection("z", "zoe", 1)], { epoch: 8 }))).toBe(deserted);
  });
});

describe("A4: heartbeats between flushes", () => {
  it("[R6] attack A4: one that names what was flushed last asks nothing, one that names the log's head makes everybody ask", () => {
    const flushed = roomOf(snapshot(5, [connection("a", "ann", 1)]));
    expect(reduce(flushed, heartbeat(5, 1001))).toBe(flushed);
    expect(askOf(reduce(flushed, heartbeat(6, 2007)))).toEqual({ pos: { epoch: EPOCH, seq: 5, digest: 1001 }, full: false });
  });
});

describe("A6: a position ahead of whoever answers", () => {
  it("[R5] [R7] [R13] attack A6: U3, a log that lost its end is followed back once the link has come up again", () => {
    let log = append(emptyLog<Meta>(EPOCH, 0, OPTIONS), Array.from({ length: 8 }, (_, i) => ({ type: "connect" as const, conn: `c${String(i)}`, user: `u${String(i)}`, tag: i + 1, meta: { s: "" } })), 1).log;
    const ahead = reduceAll(roomOf(toSnapshot(log.room)), [on(9, "lost", "lo"), on(10, "lost2", "lo")]);
    const asked = doubt(ahead);
    const answer = since(log, askOf(asked)!, 1);
    expect(answer).toEqual(toSnapshot(log.room, 1));
    expect(toSnapshot(reduce(asked, answer as typeof answer & { type: "snapshot" }))).toEqual(toSnapshot(log.room));
    // And when it went on past the client's place, the digest tells.
    log = append(log, [10, 11, 12].map((tag) => ({ type: "connect" as const, conn: `d${String(tag)}`, user: "dan", tag, meta: { s: "" } })), 1).log;
    const later = since(log, askOf(asked)!, 1);
    expect(later.type).toBe("snapshot");
    expect(where(reduce(asked, later as typeof later & { type: "snapshot" }))).toBe("9/11 in step");
  });
});

describe("A7: the answer \"nothing\"", () => {
  it("[R7] [R13] attack A7: U4, a room behind by epoch or drift asks for a snapshot, for no heartbeat ends that", () => {
    const room = roomOf(snapshot(5, [connection("a", "ann", 1)]));
    for (const behind of [reduce(room, heartbeat(9, 5, EPOCH - 1)), reduce(room, heartbeat(5, 5))]) {
      expect(askOf(behind)?.full).toBe(true);
      expect(reduce(behind, heartbeat(5, 1001))).toBe(behind);
      expect(where(reduce(behind, snapshot(5, [connection("a", "ann", 1)])))).toBe("9/5 in step");
    }
  });

  it("[R7] [R13] attack A7: a room behind by gap or link asks with its position, and the heartbeat that agrees ends it", () => {
    const room = doubt(roomOf(snapshot(5, [connection("a", "ann", 1)])));
    expect(askOf(room)).toEqual({ pos: { epoch: EPOCH, seq: 5, digest: 1001 }, full: false });
    expect(where(reduce(room, heartbeat(5, 1001)))).toBe("9/5 in step");
  });
});

describe("A16: deltas of a later epoch", () => {
  it("[R3] [pain P07] attack A16: all 120 orders of {snapshot 5, 4, 5, 6, 7} end at 7", () => {
    const facts = [on(4, "d", "dan"), on(5, "e", "eve"), off(6, "d", "dan"), on(7, "f", "fay")];
    const deltas = facts.map((fact, i) => delta(fact.seq - 1, fact.seq, [1004, 2009, 1005, 2012][i], [fact]));
    const orders = permutations([snapshot(5, [connection("d", "dan", 4), connection("e", "eve", 5)]), ...deltas]);
    expect(orders).toHaveLength(120);
    for (const events of orders) {
      const room = roomOf(...events);
      expect(where(room)).toBe("9/7 in step");
      expect(order(room)).toEqual(["eve@5000", "fay@7000"]);
    }
  });

  it("[R3] [pain P18] attack A16: the first delta of a new epoch waits for its snapshot, and the last of the old is ignored", () => {
    const room = roomOf(snapshot(900, [connection("a", "ann", 1)]), on(2, "b", "bob", { epoch: EPOCH + 1 }));
    expect(where(room)).toBe("9/900 epoch");
    const after = reduce(room, snapshot(1, [connection("c", "cid", 1)], { epoch: EPOCH + 1 }));
    expect(where(after)).toBe("10/2 in step");
    expect(order(after)).toEqual(["cid@1000", "bob@2000"]);
    expect(reduce(after, on(901, "z", "zoe"))).toBe(after);
  });
});

describe("A18: causes", () => {
  it("[R14] attack A18: T7, two messages that changed places are live, however the room was behind in between", () => {
    const start = roomOf(snapshot(0, []));
    const early = on(2, "b", "bob");
    const middle = freeze(reduce(start, early));
    expect(changes(start, early, middle)).toEqual([]);
    const first = on(1, "a", "ann");
    expect(changes(middle, first, reduce(middle, first)).map((c) => [c.type, c.user, c.cause])).toEqual([["joined", "ann", "live"], ["joined", "bob", "live"]]);
  });

  it("[R14] [pain P08] attack A18: a delta that catches up after a reconnect is no live news", () => {
    const room = doubt(roomOf(snapshot(5, [connection("a", "ann", 1), connection("b", "bob", 2)])));
    const missed = delta(5, 6, 1001, [off(6, "b", "bob", "timeout")]);
    expect(changes(room, missed, reduce(room, missed))).toEqual([{ type: "left", user: "bob", meta: { s: "b" }, reason: "timeout", cause: "resync" }]);
  });
});

describe("A19: the order of who refreshes", () => {
  it("[R4] [R11] attack A19: T3, who refreshes within grace keeps the place and the time", () => {
    const room = roomOf(snapshot(2, [connection("a1", "ann", 1), connection("b1", "bob", 2)]));
    expect(order(room)).toEqual(["ann@1000", "bob@2000"]);
    const refreshed = reduceAll(room, [on(3, "a2", "ann", { since: 1000 }), off(4, "a1", "ann", "vanished")]);
    expect(order(refreshed)).toEqual(["ann@1000", "bob@2000"]);
    expect(order(reduce(room, delta(2, 4, undefined, [on(3, "a2", "ann", { since: 1000 }), off(4, "a1", "ann", "vanished")])))).toEqual(order(refreshed));
  });
});

describe("A22: wordings", () => {
  it("[R8] attack A22: an update changes the tag too, or the digest would be wrong", () => {
    const room = roomOf(snapshot(5, [connection("a", "ann", 1)]));
    expect(where(reduce(room, delta(5, 6, 77, [on(6, "a", "ann", { tag: 77, first: 1 })])))).toBe("9/6 in step");
    expect(where(reduce(room, delta(5, 6, 1001, [on(6, "a", "ann", { tag: 77, first: 1 })])))).toBe("9/6 drift");
  });

  it("[R6] attack A22: U7, the digest is reduced at each step: a sum of 100 large tags stays exact", () => {
    const tags = Array.from({ length: 100 }, (_, i) => 2 ** 48 - 1 - i * 3);
    const exact = Number(tags.reduce((sum, tag) => sum + BigInt(tag), 0n) % 2n ** 48n);
    expect(tags.reduce(addTag, 0)).toBe(exact);
    expect(tags.reduce(dropTag, exact)).toBe(0);
    expect(addTag(2 ** 48 - 1, 1)).toBe(0);
    expect(dropTag(0, 1)).toBe(2 ** 48 - 1);
    // Reduced at the end only, it is not.
    expect(tags.reduce((sum, tag) => sum + tag, 0) % 2 ** 48).not.toBe(exact);
    const room = reduceAll(roomOf(snapshot(0, [])), tags.map((tag, i) => on(i + 1, `c${String(i)}`, "ann", { tag })));
    expect(where(reduce(room, heartbeat(100, exact)))).toBe("9/100 in step");
  });

  it("[R9] [L2] attack A22: U12, a connection under another user: the log refuses the op, so no room holds it twice", () => {
    const log = append(emptyLog<Meta>(EPOCH, 0, OPTIONS), [{ type: "connect", conn: "c", user: "ann", tag: 1, meta: { s: "" } }], 1).log;
    const { delta: made, refused } = append(log, [{ type: "connect", conn: "c", user: "bob", tag: 2, meta: { s: "" } }], 1);
    expect(made).toBeUndefined();
    expect(refused).toEqual([{ op: 0, code: "user" }]);
    expect(where(roomOf(snapshot(5, [connection("c", "ann", 1), connection("c", "bob", 1)], { digest: 1001 })))).toBe("9/5 drift");
  });

  it("[R5] attack A22: a snapshot that does not sum to its digest hides no drift", () => {
    const room = roomOf(snapshot(5, [connection("a", "ann", 1)], { digest: 1002 }));
    expect(where(room)).toBe("9/5 drift");
    expect(askOf(room)?.full).toBe(true);
  });

  it("[R6] attack A22: after a drift deltas apply, and no digest that agrees again ends it", () => {
    const room = roomOf(snapshot(5, [connection("a", "ann", 1)]), heartbeat(5, 5));
    const after = reduce(room, delta(5, 6, 2007, [on(6, "b", "bob")]));
    expect(where(after)).toBe("9/6 drift");
    expect(after.users.has("bob")).toBe(true);
  });

  it("[R1] attack A22: U13, a frozen Map can be written to; the rooms of these tests can't", () => {
    expect(Object.freeze(new Map()).set("a", 1).size).toBe(1);
    const list = Array.from({ length: 40 }, (_, i) => connection(`c${String(i)}`, `u${String(i)}`, i + 1));
    for (const connections of [list.slice(0, 3), list]) {
      const room = roomOf(snapshot(50, connections));
      const { root } = room.users as unknown as { root: unknown[] };
      expect(() => root.push(1)).toThrow(TypeError);
      expect(() => { (room.users as { size: number }).size = 0; }).toThrow(TypeError);
      const text = JSON.stringify(toSnapshot(room));
      // A room frozen to the last node still takes events.
      expect(reduceAll(room, [on(51, "x", "xi"), off(52, "c0", "u0"), on(53, "c1", "u1")]).connectionCount).toBe(connections.length);
      expect(JSON.stringify(toSnapshot(room))).toBe(text);
    }
  });
});

describe("A14: a flush of more than 512 facts", () => {
  it("[R3] [R12] attack A14: U11, a delta of any size applies whole; only what is held is bounded", () => {
    const facts = Array.from({ length: 1000 }, (_, i) => on(i + 1, `c${String(i)}`, `u${String(i)}`, { tag: 1 }));
    const whole: Delta<Meta> = delta(0, 1000, 1000, facts);
    expect(where(reduce(roomOf(snapshot(0, [])), whole))).toBe("9/1000 in step");
    const early = reduce(emptyRoom<Meta>(), whole);
    expect(where(early)).toBe("0/0 epoch");
    expect(where(reduce(early, snapshot(0, [])))).toBe("9/0 gap");
    expect(askOf(reduce(early, snapshot(0, [])))).toEqual({ pos: { epoch: EPOCH, seq: 0, digest: 0 }, full: false });
  });
});
