import { describe, expect, it } from "vitest";
import { doubt, reduce } from "../../src/core/reduce.js";
import type { Room } from "../../src/core/room.js";
import { anyOf, askOf, connectionCount, latest, userCount, usersOf } from "../../src/core/select.js";
import { toSnapshot } from "../../src/core/snapshot.js";
import { hostileIds } from "../../src/testing/arbitraries.js";
import { connection, delta, EPOCH, heartbeat, off, on, roomOf, snapshot, type Meta } from "../support/events.js";

const at12 = roomOf(snapshot(12, [connection("a1", "ann", 1)]));

describe("counts", () => {
  it("[R9] [pain P04] people are not connections, and the list has as many as the number says", () => {
    const events = [on(1, "a1", "ann"), on(2, "a2", "ann"), on(3, "b1", "bob"), off(4, "a1", "ann"), off(5, "a2", "ann"), off(6, "a2", "ann"), off(7, "b1", "bob")];
    let room: Room<Meta> = roomOf(snapshot(0, []));
    const counted = events.map((event) => {
      room = reduce(room, event);
      expect(userCount(room)).toBe(usersOf(room).length);
      return [userCount(room), connectionCount(room)];
    });
    expect(counted).toEqual([[1, 1], [1, 2], [2, 3], [2, 2], [1, 1], [1, 1], [0, 0]]);
  });

  it("[R9] [pain P17] goodbyes told twice, or of nobody, never make a count negative", () => {
    const room = roomOf(snapshot(12, [connection("a1", "ann", 1)]), off(13, "a1", "ann"), off(14, "a1", "ann"), off(15, "x", "xi"), off(15, "x", "xi"));
    expect([userCount(room), connectionCount(room), room.digest]).toEqual([0, 0, 0]);
  });
});

describe("ids", () => {
  it("[R10] any string is a user and a connection like any other", () => {
    let room: Room<Meta> = roomOf(snapshot(0, []));
    hostileIds.forEach((id, i) => (room = reduce(room, on(i + 1, id, id))));
    expect(userCount(room)).toBe(hostileIds.length);
    expect(usersOf(room).map((user) => user.id)).toEqual(hostileIds);
    const told = JSON.parse(JSON.stringify(toSnapshot(room))) as ReturnType<typeof toSnapshot<Meta>>;
    expect(toSnapshot(roomOf(told))).toEqual(toSnapshot(room));
    for (const [i, id] of hostileIds.entries()) {
      room = reduce(room, off(hostileIds.length + 1 + i, id, id));
      expect(room.users.has(id)).toBe(false);
      expect(userCount(room)).toBe(hostileIds.length - 1 - i);
    }
    expect(room.digest).toBe(0);
  });

  it("[R10] a user who is not there is not there, whatever the name", () => {
    for (const id of hostileIds) expect(at12.users.get(id)).toBeUndefined();
  });
});

describe("order", () => {
  it("[R11] people by since, of the same moment by id as UTF-16 code units; connections by first", () => {
    // By code points U+FF5E would come before U+1F600, by locale "a" before "B".
    const ids = ["10", "2", "B", "a", "\ud83d\ude00", "\uff5e"];
    const list = ids.toReversed().map((id, i) => connection(`c${String(i)}`, id, 10 + i, { since: 5 }));
    const room = roomOf(snapshot(40, [...list, connection("y", "young", 30), connection("o", "old", 39, { since: 1 }), connection("c", "10", 2, { since: 5 })]));
    const order = ["old", "10", "2", "B", "a", "\ud83d\ude00", "\uff5e", "young"];
    expect(usersOf(room).map((user) => user.id)).toEqual(order);
    expect(toSnapshot(room).connections.map((c) => c.user)).toEqual(["old", "10", ...order.slice(1)]);
    expect(toSnapshot(room).connections.filter((c) => c.user === "10").map((c) => c.first)).toEqual([2, 15]);
  });

  it("[R11] a user's since is the least of their connections', and what is asked for is a new list each time", () => {
    const room = roomOf(snapshot(40, [connection("a2", "ann", 2, { since: 700 }), connection("a1", "ann", 1, { since: 900 }), connection("b1", "bob", 3, { since: 800 })]));
    expect(usersOf(room).map((user) => [user.id, user.since])).toEqual([["ann", 700], ["bob", 800]]);
    expect(usersOf(room)).not.toBe(usersOf(room));
  });
});

describe("askOf", () => {
  const pos = { epoch: EPOCH, seq: 12, digest: 1001 };
  it.each([
    ["nothing: no request", at12, undefined],
    ["gap: its position", reduce(at12, heartbeat(14, 5)), { pos, full: false }],
    ["link: its position", doubt(at12), { pos, full: false }],
    ["epoch: in full", reduce(at12, heartbeat(1, 5, EPOCH + 1)), { pos, full: true }],
    ["drift: in full", reduce(at12, heartbeat(12, 5)), { pos, full: true }],
    ["nothing, knowing nothing", roomOf(), undefined],
    ["link, knowing nothing: no position", roomOf("doubt"), { full: false }],
    ["epoch, knowing nothing: no position", roomOf(heartbeat(1, 5)), { full: true }],
    ["epoch, holding what came first: no position", roomOf(delta(4, 5, 5, [])), { full: true }],
  ])("[R13] of a room behind by %s", (_, room, ask) => {
    expect(askOf(room)).toEqual(ask);
    expect(Object.keys(askOf(room) ?? {})).toEqual(Object.keys(ask ?? {}));
  });
});

describe("a user's meta", () => {
  const ann = roomOf(snapshot(40, [connection("a2", "ann", 2, { meta: { s: "desk" } }), connection("a1", "ann", 1, { meta: { s: "phone" } })])).users.get("ann")!;

  it("[R4] [R8] is that of the youngest connection, whatever was updated last", () => {
    expect(latest(ann)).toEqual({ s: "desk" });
    const room = reduce(roomOf(snapshot(40, ann.connections)), on(41, "a1", "ann", { first: 1, meta: { s: "edited" } }));
    expect(latest(room.users.get("ann")!)).toEqual({ s: "desk" });
  });

  it("[R9] of any of their connections can be asked for", () => {
    expect(anyOf(ann, (meta) => meta.s === "phone")).toBe(true);
    expect(anyOf(ann, (meta) => meta.s === "tablet")).toBe(false);
  });
});
