import { describe, expect, it } from "vitest";
import { changes, type Change } from "../../src/core/change.js";
import type { RoomEvent } from "../../src/core/event.js";
import { doubt, reduce } from "../../src/core/reduce.js";
import type { Room } from "../../src/core/room.js";
import { toSnapshot } from "../../src/core/snapshot.js";
import { connection, delta, EPOCH, heartbeat, off, on, permutations, roomOf, snapshot, type Meta } from "../support/events.js";
import { freeze } from "../../src/testing/freeze.js";

const said = (before: Room<Meta>, event: RoomEvent<Meta>, connections = false): Change<Meta>[] =>
  changes(before, event, reduce(before, event), { connections });

/** All that is said on the way. */
const saidOnTheWay = (start: Room<Meta>, events: readonly RoomEvent<Meta>[], connections = false): Change<Meta>[] => {
  let room = start;
  return events.flatMap((event) => {
    const before = room;
    room = freeze(reduce(room, event));
    return changes(before, event, room, { connections });
  });
};

const live = { cause: "live" };
const resync = { cause: "resync" };
const here = roomOf(snapshot(12, [connection("a1", "ann", 1), connection("b1", "bob", 2)]));

describe("what is said", () => {
  it("[R14] of who came, who went, and whose meta is another", () => {
    expect(said(here, on(13, "c1", "cid"))).toEqual([{ type: "joined", user: "cid", meta: { s: "c1" }, ...live }]);
    expect(said(here, off(13, "b1", "bob", "timeout"))).toEqual([{ type: "left", user: "bob", meta: { s: "b1" }, reason: "timeout", ...live }]);
    expect(said(here, on(13, "b1", "bob", { meta: { s: "away" } }))).toEqual([
      { type: "updated", user: "bob", meta: { s: "away" }, previous: { s: "b1" }, ...live },
    ]);
  });

  it("[R14] [pain P10] an update is never a leave and a join, and its user is never absent", () => {
    const update = on(13, "a1", "ann", { meta: { s: "away" } });
    const back = on(14, "a1", "ann", { meta: { s: "on" } });
    const room = reduce(here, update);
    expect(room.users.has("ann")).toBe(true);
    expect(saidOnTheWay(here, [update, back], true).map((c) => c.type)).toEqual(["updated", "updated"]);
  });

  it("[R14] [pain P10] a goodbye and a connect of one user in a delta say the same in either order", () => {
    const leaveFirst = [off(13, "a1", "ann"), on(14, "a2", "ann", { meta: { s: "a1" } })];
    const joinFirst = [on(13, "a2", "ann", { meta: { s: "a1" } }), off(14, "a1", "ann")];
    for (const facts of [leaveFirst, joinFirst]) expect(said(here, delta(12, 14, undefined, facts))).toEqual([]);
  });

  it("[R14] net of the event: who came and went within it is not mentioned", () => {
    expect(said(here, delta(12, 14, undefined, [off(14, "c1", "cid")]), true)).toEqual([]);
    expect(said(here, delta(12, 14, undefined, [on(13, "c1", "cid"), on(14, "d1", "dan")])).map((c) => c.user)).toEqual(["cid", "dan"]);
  });

  it("[R14] only what lies after the room counts", () => {
    const event = delta(9, 13, undefined, [on(10, "x1", "xi"), off(11, "b1", "bob", "kicked"), on(13, "c1", "cid")]);
    expect(said(here, event).map((c) => [c.type, c.user])).toEqual([["joined", "cid"]]);
  });

  it("[R14] [pain P02] of several tabs only the first and the last count", () => {
    const events = [on(13, "c1", "cid"), on(14, "c2", "cid", { meta: { s: "c1" } }), off(15, "c1", "cid"), off(16, "c2", "cid")];
    expect(saidOnTheWay(here, events).map((c) => [c.type, c.user])).toEqual([["joined", "cid"], ["left", "cid"]]);
  });

  it("[R14] [pain P03] the late goodbye of an old socket is no news, nor is one of nobody", () => {
    const events = [on(13, "a2", "ann", { meta: { s: "a1" } }), off(14, "a1", "ann", "timeout"), off(15, "gone", "ann"), off(16, "x", "nobody")];
    expect(saidOnTheWay(here, events)).toEqual([]);
    expect(events.reduce<Room<Meta>>(reduce, here).users.get("ann")?.connections.map((c) => c.conn)).toEqual(["a2"]);
  });

  it("[R14] metas are compared as JSON; a fall back to an older tab's other meta is an update", () => {
    const room = roomOf(snapshot(12, [connection("a1", "ann", 1, { meta: { s: "phone" } }), connection("a2", "ann", 2, { meta: { s: "desk" } })]));
    expect(said(room, on(13, "a3", "ann", { meta: { s: "desk" } }))).toEqual([]);
    expect(said(room, off(13, "a2", "ann"))).toEqual([{ type: "updated", user: "ann", meta: { s: "phone" }, previous: { s: "desk" }, ...live }]);
    // The older tab's is not what is shown.
    expect(said(room, on(13, "a1", "ann", { meta: { s: "else" } }))).toEqual([]);
    expect(said(room, off(13, "a1", "ann"))).toEqual([]);
  });

  it("[R14] nothing of what changes no people", () => {
    for (const event of [heartbeat(12, 2003), heartbeat(40, 5), heartbeat(12, 5), on(40, "x", "xi"), delta(8, 11, 5, []), snapshot(11, [])]) {
      expect(said(here, event, true)).toEqual([]);
    }
  });
});

describe("causes", () => {
  it("[R14] what applies while behind by link is resync, also a delta and a lone fact", () => {
    expect(said(doubt(here), delta(12, 13, 2003 + 1013, [on(13, "c1", "cid")]))).toMatchObject([{ type: "joined", ...resync }]);
    expect(said(doubt(here), off(13, "b1", "bob", "leave"))).toMatchObject([{ type: "left", reason: "leave", ...resync }]);
    const afterwards = reduce(doubt(here), heartbeat(12, 2003));
    expect(said(afterwards, off(13, "b1", "bob"))).toMatchObject([{ type: "left", ...live }]);
  });

  it.each<[string, RoomEvent<Meta>]>([
    ["gap", heartbeat(14, 5)],
    ["epoch", heartbeat(1, 5, EPOCH - 1)],
    ["drift", heartbeat(12, 5)],
  ])("[R14] what applies while behind by %s is live", (reason, event) => {
    const room = reduce(here, event);
    expect(room.behind?.reason).toBe(reason);
    expect(said(room, on(13, "c1", "cid"))).toMatchObject([{ type: "joined", ...live }]);
  });

  it("[R14] a snapshot is resync, also the first, which says joined for each, the oldest first", () => {
    const first = snapshot(5, [connection("b1", "bob", 2), connection("a1", "ann", 1)]);
    expect(said(roomOf(), first)).toEqual([
      { type: "joined", user: "ann", meta: { s: "a1" }, ...resync },
      { type: "joined", user: "bob", meta: { s: "b1" }, ...resync },
    ]);
    expect(said(reduce(here, heartbeat(14, 5)), snapshot(14, []))).toMatchObject([{ type: "left", user: "ann", ...resync }, { type: "left", user: "bob", ...resync }]);
  });
});

describe("a snapshot", () => {
  const abc = roomOf(snapshot(5, [connection("a1", "ann", 1), connection("b1", "bob", 2), connection("c1", "cid", 3)]));

  it("[R14] [R5] [pain P08] says who left and who came meanwhile, each once, as resync, and of who stayed nothing", () => {
    const event = snapshot(9, [connection("a1", "ann", 1), connection("d1", "dan", 8)]);
    expect(said(doubt(abc), event)).toEqual([
      { type: "left", user: "bob", meta: { s: "b1" }, reason: undefined, ...resync },
      { type: "left", user: "cid", meta: { s: "c1" }, reason: undefined, ...resync },
      { type: "joined", user: "dan", meta: { s: "d1" }, ...resync },
    ]);
  });

  it("[R14] of who stayed: that the meta is another, if it is", () => {
    const event = snapshot(9, [connection("a9", "ann", 7, { meta: { s: "a1" } }), connection("b9", "bob", 8, { meta: { s: "new" } })]);
    expect(said(doubt(abc), event).map((c) => [c.type, c.user])).toEqual([["left", "cid"], ["updated", "bob"]]);
  });

  it("[R14] facts that were held count when they apply, with their reasons", () => {
    const room = [off(6, "a1", "ann", "kicked"), on(7, "e1", "eve"), off(9, "b1", "bob", "kicked")].reduce<Room<Meta>>(reduce, roomOf());
    const event = snapshot(5, [connection("a1", "ann", 1), connection("b1", "bob", 2)]);
    expect(said(room, event)).toEqual([
      { type: "joined", user: "bob", meta: { s: "b1" }, ...resync },
      { type: "joined", user: "eve", meta: { s: "e1" }, ...resync },
    ]);
    const known = [off(6, "a1", "ann", "kicked"), off(9, "b1", "bob", "kicked")].reduce<Room<Meta>>(reduce, doubt(roomOf(snapshot(4, [connection("a1", "ann", 1), connection("b1", "bob", 2), connection("c1", "cid", 3)]))));
    expect(said(known, event)).toEqual([
      { type: "left", user: "ann", meta: { s: "a1" }, reason: "kicked", ...resync },
      { type: "left", user: "cid", meta: { s: "c1" }, reason: undefined, ...resync },
    ]);
  });
});

describe("what was held", () => {
  it("[R14] is said when it applies, as live: filling a gap is no resync", () => {
    const early = [off(14, "b1", "bob", "timeout"), on(15, "d1", "dan")];
    expect(saidOnTheWay(here, early)).toEqual([]);
    const gap = early.reduce<Room<Meta>>(reduce, here);
    expect(said(gap, on(13, "c1", "cid"))).toEqual([
      { type: "joined", user: "cid", meta: { s: "c1" }, ...live },
      { type: "left", user: "bob", meta: { s: "b1" }, reason: "timeout", ...live },
      { type: "joined", user: "dan", meta: { s: "d1" }, ...live },
    ]);
  });

  it("[R14] what still waits, and what is of another epoch, is not said", () => {
    const room = [on(15, "d1", "dan"), on(13, "e1", "eve", { epoch: EPOCH + 1 })].reduce<Room<Meta>>(reduce, here);
    expect(said(room, on(13, "c1", "cid")).map((c) => c.user)).toEqual(["cid"]);
  });

  it("[R14] a goodbye that still waits gives no reason", () => {
    const waiting = reduce(here, delta(14, 15, undefined, [off(15, "b2", "bob", "kicked")]));
    expect(said(waiting, off(13, "b1", "bob", "leave"))).toMatchObject([{ type: "left", user: "bob", reason: "leave" }]);
  });

  it("[R14] a goodbye of another epoch gives no reason, nor one that a snapshot made unnecessary", () => {
    const other = EPOCH + 1;
    const waiting = [delta(13, 14, undefined, [off(14, "b1", "bob", "kicked")]), delta(12, 15, undefined, [], other)].reduce<Room<Meta>>(reduce, here);
    const restarted = snapshot(12, [connection("a3", "ann", 1)], { epoch: other });
    expect(reduce(waiting, restarted)).toMatchObject({ epoch: other, seq: 15 });
    expect(said(waiting, restarted)).toMatchObject([{ type: "left", user: "bob", reason: undefined, ...resync }, { type: "updated", user: "ann" }]);
    expect(said(waiting, snapshot(14, [connection("a1", "ann", 1)]))).toEqual([{ type: "left", user: "bob", meta: { s: "b1" }, reason: undefined, ...resync }]);
  });

  it("[R14] the reason is that of the last goodbye, in the order of seq, wherever it came from", () => {
    const two = roomOf(snapshot(12, [connection("a1", "ann", 1), connection("a2", "ann", 2), connection("a3", "ann", 3)]));
    const middle = reduce(two, delta(13, 14, undefined, [off(14, "a2", "ann", "kicked")]));
    const whole = delta(12, 15, undefined, [off(13, "a1", "ann", "leave"), off(14, "a2", "ann", "kicked"), off(15, "a3", "ann", "timeout")]);
    expect(said(middle, whole, true)).toMatchObject([
      { type: "disconnected", conn: "a1", reason: "leave" },
      { type: "disconnected", conn: "a2", reason: "kicked" },
      { type: "disconnected", conn: "a3", reason: "timeout" },
      { type: "left", reason: "timeout" },
    ]);
  });
});

describe("connections: true", () => {
  it("[R14] says each connection that came or went, joined before it and left after it", () => {
    const events = [on(13, "c1", "cid"), on(14, "c2", "cid"), off(15, "c1", "cid", "vanished"), off(16, "c2", "cid", "leave")];
    expect(saidOnTheWay(here, events, true)).toEqual([
      { type: "joined", user: "cid", meta: { s: "c1" }, ...live },
      { type: "connected", user: "cid", conn: "c1", meta: { s: "c1" }, ...live },
      { type: "connected", user: "cid", conn: "c2", meta: { s: "c2" }, ...live },
      { type: "updated", user: "cid", meta: { s: "c2" }, previous: { s: "c1" }, ...live },
      { type: "disconnected", user: "cid", conn: "c1", meta: { s: "c1" }, reason: "vanished", ...live },
      { type: "disconnected", user: "cid", conn: "c2", meta: { s: "c2" }, reason: "leave", ...live },
      { type: "left", user: "cid", meta: { s: "c2" }, reason: "leave", ...live },
    ]);
  });

  it("[R14] learned from a snapshot: without a reason", () => {
    const event = snapshot(20, [connection("a2", "ann", 15, { meta: { s: "a1" } })]);
    expect(said(here, event, true)).toEqual([
      { type: "disconnected", user: "bob", conn: "b1", meta: { s: "b1" }, reason: undefined, ...resync },
      { type: "left", user: "bob", meta: { s: "b1" }, reason: undefined, ...resync },
      { type: "connected", user: "ann", conn: "a2", meta: { s: "a1" }, ...resync },
      { type: "disconnected", user: "ann", conn: "a1", meta: { s: "a1" }, reason: undefined, ...resync },
    ]);
  });

  it("[R14] without the option they are not said", () => {
    expect(changes(here, on(13, "a2", "ann", { meta: { s: "a1" } }), reduce(here, on(13, "a2", "ann", { meta: { s: "a1" } })))).toEqual([]);
    expect(changes(here, on(13, "a2", "ann"), reduce(here, on(13, "a2", "ann")), {})).toMatchObject([{ type: "updated" }]);
  });
});

describe("pains", () => {
  it("[R3] [R5] [R14] [pain P07] {snapshot 5, 4, 5, 6, 7} in any order, with any of them twice, ends at 7, and each is said once", () => {
    const facts = [on(4, "d1", "dan"), on(5, "e1", "eve"), on(6, "f1", "fay"), off(7, "e1", "eve", "leave")];
    const five = snapshot(5, [connection("d1", "dan", 4), connection("e1", "eve", 5)]);
    const digests = [1004, 2009, 3015, 2010];
    const grouped = facts.map((fact, i) => delta(fact.seq - 1, fact.seq, digests[i], [fact]));
    const expected = toSnapshot(roomOf(snapshot(7, [connection("d1", "dan", 4), connection("f1", "fay", 6)])));
    for (const told of [facts, grouped]) {
      for (const twice of [undefined, five, ...told]) {
        for (const order of permutations([five, ...told, ...(twice ? [twice] : [])])) {
          const room = roomOf(...order);
          expect(room.behind).toBeUndefined();
          expect(toSnapshot(room)).toEqual(expected);
          const people = new Set<string>();
          for (const { type, user } of saidOnTheWay(roomOf(), order)) {
            expect(people.has(user)).toBe(type === "left");
            if (type === "joined") people.add(user);
            else people.delete(user);
          }
          expect([...people].sort()).toEqual(["dan", "fay"]);
        }
      }
    }
  });

  it("[R1] [R14] [pain P19] whoever edits what was said changes nothing of what will be", () => {
    const events = [on(13, "c1", "cid"), on(14, "c2", "cid"), on(15, "c1", "cid", { meta: { s: "away" } }), off(16, "c2", "cid", "kicked"), off(17, "b1", "bob")];
    const untouched = saidOnTheWay(here, events, true);
    let room = here;
    const heard: Change<Meta>[] = [];
    for (const event of events) {
      const after = freeze(reduce(room, event));
      const told = changes(room, event, after, { connections: true });
      heard.push(...structuredClone(told));
      // A hostile listener; metas are shared, and frozen where events are.
      for (const change of told as { meta?: { s?: string }; user?: string }[]) {
        expect(() => delete change.meta!.s).toThrow(TypeError);
        change.user = "mallory";
        delete change.meta;
      }
      told.length = 0;
      room = after;
    }
    expect(heard).toEqual(untouched);
    // A payload is a value of its own: it does not change with later events.
    const first = changes(here, events[0]!, reduce(here, events[0]!));
    const copy = structuredClone(first);
    saidOnTheWay(here, events);
    expect(first).toEqual(copy);
  });
});
