import { describe, expect, it } from "vitest";
import type { RoomEvent } from "../../src/core/event.js";
import { doubt, reduce, reduceAll } from "../../src/core/reduce.js";
import { emptyRoom, type Room } from "../../src/core/room.js";
import { usersOf } from "../../src/core/select.js";
import { toSnapshot } from "../../src/core/snapshot.js";
import { connection, delta, EPOCH, heartbeat, off, on, roomOf, snapshot, type Meta } from "../support/events.js";
import { freeze } from "../../src/testing/freeze.js";

/** ann alone, at 9/12, with the digest 1001. */
const ann = connection("a1", "ann", 1);
const at12 = roomOf(snapshot(12, [ann]));
const bob13 = on(13, "b1", "bob");
const cid14 = on(14, "c1", "cid");
const AT13 = 1001 + 1013;
const AT14 = AT13 + 1014;

const behindBy = {
  nothing: at12,
  gap: reduce(at12, heartbeat(14, AT14)),
  link: doubt(at12),
  epoch: reduce(at12, heartbeat(90, 5, EPOCH - 1)),
  drift: reduce(at12, heartbeat(12, 5)),
} as const;
type State = keyof typeof behindBy;

const where = ({ epoch, seq, behind }: Room<Meta>): string => `${String(epoch)}/${String(seq)} ${behind?.reason ?? "in step"}`;
const heardOf = ({ behind }: Room<Meta>): string => (behind ? `${String(behind.to.epoch)}/${String(behind.to.seq)}` : "-");
const held = ({ behind }: Room<Meta>): string[] => (behind?.held ?? []).map((d) => `${String(d.epoch)}:${String(d.from)}-${String(d.to)}`);
const ids = (room: Room<Meta>): string[] => usersOf(room).map((user) => user.id);

describe("an empty room", () => {
  it("[R5] knows nothing: epoch 0, seq 0, digest 0, and is not behind", () => {
    expect(emptyRoom()).toMatchObject({ epoch: 0, seq: 0, digest: 0, connectionCount: 0, behind: undefined });
    expect(emptyRoom().users.size).toBe(0);
  });
});

describe("a delta", () => {
  it.each<[string, RoomEvent<Meta>, string, string[]]>([
    ["(12, 13] applies", delta(12, 13, AT13, [bob13]), "9/13 in step", []],
    ["(9, 13] applies, though it begins earlier", delta(9, 13, AT13, [bob13]), "9/13 in step", []],
    ["(13, 14] is early: held", delta(13, 14, AT14, [cid14]), "9/12 gap", ["9:13-14"]],
    ["of a later epoch is held", delta(0, 3, 5, [], EPOCH + 1), "9/12 epoch", ["10:0-3"]],
    ["of a later epoch is held, though it would fit", delta(12, 13, AT13, [bob13], EPOCH + 1), "9/12 epoch", ["10:12-13"]],
    ["whose outcome sums to something else makes it drift", delta(12, 13, 7, [bob13]), "9/13 drift", []],
    ["that names no digest is not compared", delta(12, 13, undefined, [bob13]), "9/13 in step", []],
    ["(8, 12] with another digest makes it drift", delta(8, 12, 7, []), "9/12 drift", []],
    ["of a lone fact applies", bob13, "9/13 in step", []],
    ["of a lone goodbye applies", off(13, "a1", "ann"), "9/13 in step", []],
    ["of a lone fact that is early is held", cid14, "9/12 gap", ["9:13-14"]],
    ["of a lone fact of a later epoch is held", { ...bob13, epoch: EPOCH + 1 }, "9/12 epoch", ["10:12-13"]],
  ])("[R3] [R6] at 9/12: %s", (_, event, expected, waiting) => {
    const after = reduce(at12, event);
    expect(where(after)).toBe(expected);
    expect(held(after)).toEqual(waiting);
  });

  it.each<[string, RoomEvent<Meta>]>([
    ["(8, 11], a repeat", delta(8, 11, 7, [on(10, "x", "xi")])],
    ["(8, 12], a repeat that agrees", delta(8, 12, 1001, [on(10, "x", "xi")])],
    ["(8, 12], a repeat that names no digest", delta(8, 12, undefined, [])],
    ["of a lower epoch that would fit", delta(12, 13, AT13, [bob13], EPOCH - 1)],
    ["of a lower epoch that is early", delta(40, 41, 5, [], EPOCH - 1)],
    ["a lone fact heard before", on(12, "x", "xi")],
    ["a lone fact of a lower epoch", { ...bob13, epoch: EPOCH - 1 }],
  ])("[R2] [R3] at 9/12 %s changes nothing", (_, event) => {
    expect(reduce(at12, event)).toBe(at12);
  });

  it("[R3] applies only what lies after the room", () => {
    const after = reduce(at12, delta(9, 14, 1001 + 1014, [on(11, "x", "xi"), on(12, "a1", "ann", { meta: { s: "old" } }), cid14]));
    expect(ids(after)).toEqual(["ann", "cid"]);
    expect(after.users.get("ann")?.meta).toEqual({ s: "a1" });
  });

  it("[R3] what is held applies in order of from once what lies before it has come, also what overlaps", () => {
    const room = [delta(15, 16, undefined, [off(16, "b1", "bob")]), delta(13, 15, undefined, [cid14, on(15, "d1", "dan")]), delta(14, 15, undefined, [on(15, "d1", "dan")])]
      .reduce(reduce<Meta>, at12);
    expect(held(room)).toEqual(["9:13-15", "9:14-15", "9:15-16"]);
    const after = reduce(room, bob13);
    expect(where(after)).toBe("9/16 in step");
    expect(ids(after)).toEqual(["ann", "cid", "dan"]);
    expect(after.digest).toBe(1001 + 1014 + 1015);
  });

  it("[R3] what can't follow on yet goes on waiting", () => {
    const room = reduce(reduce(at12, delta(15, 16, undefined, [on(16, "e1", "eve")])), cid14);
    const after = reduce(room, bob13);
    expect(where(after)).toBe("9/14 gap");
    expect(held(after)).toEqual(["9:15-16"]);
    expect(heardOf(after)).toBe("9/16");
  });

  it("[R6] one that was held and sums to something else makes it drift when it applies", () => {
    const room = reduce(at12, delta(13, 14, 7, [cid14]));
    expect(where(reduce(room, bob13))).toBe("9/14 drift");
    const mended = reduce(reduce(room, delta(14, 15, AT14, [])), bob13);
    expect(where(mended)).toBe("9/15 drift");
  });

  it("[R3] a single fact with seq n is the delta (n − 1, n] that names no digest, also while it is held", () => {
    expect(reduce(at12, cid14).behind?.held).toEqual([{ type: "delta", epoch: EPOCH, from: 13, to: 14, at: cid14.at, digest: undefined, facts: [cid14] }]);
  });

  it("[R2] [R3] the same one is held once", () => {
    const room = reduce(at12, cid14);
    expect(reduce(room, cid14)).toBe(room);
    expect(held(reduce(room, delta(13, 15, undefined, [cid14])))).toEqual(["9:13-14", "9:13-15"]);
    expect(held(reduce(room, delta(12, 14, undefined, [], EPOCH + 1)))).toEqual(["9:13-14", "10:12-14"]);
  });

  it("[R3] [R12] at most 512 facts are held; the one with the least end goes, and what was heard of stays", () => {
    const early = (from: number, count: number, epoch = EPOCH) => {
      const facts = Array.from({ length: count }, (_, i) => on(from + 1 + i, `x${String(from + i)}`, "xi", { epoch }));
      return delta(from, from + count, undefined, facts, epoch);
    };
    const full = [early(300, 256), early(20, 256)].reduce(reduce<Meta>, at12);
    expect(held(full)).toEqual(["9:20-276", "9:300-556"]);
    const over = reduce(full, early(600, 1));
    expect(held(over)).toEqual(["9:300-556", "9:600-601"]);
    // Itself the least, it goes; nothing changed.
    expect(reduce(full, early(15, 2))).toBe(full);
    // Of another epoch: that of the lower epoch has the least end.
    expect(held(reduce(full, early(0, 1, EPOCH + 1)))).toEqual(["9:300-556", "10:0-1"]);
    const flooded = reduce(full, early(1000, 513));
    expect(held(flooded)).toEqual([]);
    expect(heardOf(flooded)).toBe("9/1513");
    expect(where(flooded)).toBe("9/12 gap");
    // Two of the same end: one goes.
    expect(held(reduce(full, delta(400, 556, undefined, [on(500, "y", "yu")])))).toEqual(["9:300-556", "9:400-556"]);
  });

  it("[R3] [R12] deltas without facts are not held without end", () => {
    let room: Room<Meta> = at12;
    for (let from = 13; from < 600; from++) room = reduce(room, delta(from, from + 1, undefined, []));
    expect(room.behind?.held).toHaveLength(512);
    expect(heardOf(room)).toBe("9/600");
  });
});

describe("a snapshot", () => {
  const later = snapshot(13, [ann, connection("b1", "bob", 13)]);
  const same = snapshot(12, [connection("z1", "zoe", 12)]);
  const earlier = snapshot(11, [connection("z1", "zoe", 11)]);
  const laterEpoch = snapshot(2, [connection("z1", "zoe", 2)], { epoch: EPOCH + 1 });
  const lowerEpoch = snapshot(71, [connection("z1", "zoe", 7)], { epoch: EPOCH - 1 });
  const events = { later, same, earlier, laterEpoch, lowerEpoch };

  it.each<[State, keyof typeof events, boolean]>([
    ["nothing", "later", true], ["nothing", "same", false], ["nothing", "earlier", false], ["nothing", "laterEpoch", true], ["nothing", "lowerEpoch", false],
    ["gap", "later", true], ["gap", "same", true], ["gap", "earlier", false], ["gap", "laterEpoch", true], ["gap", "lowerEpoch", false],
    ["link", "later", true], ["link", "same", true], ["link", "earlier", true], ["link", "laterEpoch", true], ["link", "lowerEpoch", true],
    ["epoch", "later", true], ["epoch", "same", true], ["epoch", "earlier", false], ["epoch", "laterEpoch", true], ["epoch", "lowerEpoch", true],
    ["drift", "later", true], ["drift", "same", true], ["drift", "earlier", false], ["drift", "laterEpoch", true], ["drift", "lowerEpoch", true],
  ])("[R5] a room at 9/12 that is behind by %s, and one %s: adopted %s", (state, which, isAdopted) => {
    const after = reduce(behindBy[state], events[which]);
    if (isAdopted) expect(toSnapshot(after, events[which].at)).toEqual(events[which]);
    else expect(after).toBe(behindBy[state]);
  });

  it.each<[string, "link" | "drift", RoomEvent<Meta>[], boolean]>([
    ["nothing was heard since", "link", [], true],
    ["a heartbeat of its own place was heard since", "drift", [heartbeat(12, 1001)], false],
    ["a repeat that ends at its own place was heard since", "drift", [delta(8, 12, 1001, [])], false],
    ["a lone repeat of its last fact was heard since", "drift", [on(12, "a1", "ann")], false],
    ["an earlier heartbeat was heard since", "drift", [heartbeat(11, 5)], true],
    ["a later heartbeat was heard since", "link", [heartbeat(13, 5)], false],
    ["a later delta is held since", "link", [delta(20, 21, 5, [])], false],
  ])("[R5] [R7] an earlier one of the room's epoch after a doubt: %s", (_, state, since, isAdopted) => {
    const room = reduceAll(doubt(behindBy[state]), since);
    expect(room.behind).toBeDefined();
    expect(reduce(room, earlier) !== room).toBe(isAdopted);
  });

  it("[R5] any is adopted at epoch 0, also when behind", () => {
    for (const room of [roomOf(), roomOf("doubt"), roomOf(heartbeat(14, 5, EPOCH + 4)), roomOf(delta(40, 41, undefined, []))]) {
      expect(reduce(room, lowerEpoch)).toMatchObject({ epoch: EPOCH - 1, seq: 71 });
      expect(toSnapshot(reduce(room, later), 13_000)).toEqual(later);
    }
  });

  it("[R5] replaces: nobody of before stays, and what is there again is there as the snapshot says", () => {
    const room = reduceAll(at12, [bob13, cid14]);
    const after = reduce(room, snapshot(15, [connection("b1", "bob", 13, { meta: { s: "new" } }), connection("d1", "dan", 15)]));
    expect(ids(after)).toEqual(["bob", "dan"]);
    expect(after.users.get("bob")?.meta).toEqual({ s: "new" });
    expect(after.connectionCount).toBe(2);
  });

  it("[R5] a room without users is not empty in this sense", () => {
    const deserted = roomOf(snapshot(12, []));
    expect(reduce(deserted, lowerEpoch)).toBe(deserted);
    expect(reduce(deserted, snapshot(11, [ann]))).toBe(deserted);
  });

  it("[R5] [R7] one below the highest heard of leaves gap, whatever it was", () => {
    const claims: Record<string, Room<Meta>> = {
      gap: behindBy.gap,
      link: reduce(behindBy.link, heartbeat(14, AT14)),
      epoch: reduce(behindBy.epoch, heartbeat(14, AT14)),
      drift: reduce(behindBy.drift, heartbeat(14, AT14)),
    };
    for (const [reason, room] of Object.entries(claims)) {
      expect(room.behind?.reason).toBe(reason);
      expect(where(reduce(room, later))).toBe("9/13 gap");
      expect(heardOf(reduce(room, later))).toBe("9/14");
      expect(where(reduce(room, snapshot(14, [])))).toBe("9/14 in step");
      expect(where(reduce(room, snapshot(15, [])))).toBe("9/15 in step");
    }
  });

  it("[R3] what is held of its epoch applies in order of from, the rest of it waits or goes", () => {
    const room = roomOf(delta(7, 8, undefined, [off(8, "a1", "ann")]), delta(4, 6, undefined, [on(6, "b1", "bob", { first: 4 })]), delta(5, 7, undefined, [on(7, "c1", "cid")]), delta(9, 10, undefined, []));
    expect(where(room)).toBe("0/0 epoch");
    const after = reduce(room, snapshot(5, [ann, connection("b1", "bob", 4)]));
    expect(where(after)).toBe("9/8 gap");
    expect(held(after)).toEqual(["9:9-10"]);
    expect(ids(after)).toEqual(["bob", "cid"]);
    expect(where(reduce(room, snapshot(6, [])))).toBe("9/8 gap");
    expect(where(reduce(room, snapshot(10, [])))).toBe("9/10 in step");
  });

  it("[R3] what is held or was heard of other epochs is forgotten", () => {
    const room = roomOf(delta(0, 3, 5, [], EPOCH + 1), delta(5, 6, undefined, [], EPOCH), heartbeat(40, 5, EPOCH + 1), heartbeat(90, 5, EPOCH + 2));
    const after = reduce(room, snapshot(6, [ann]));
    expect(where(after)).toBe("9/6 in step");
    expect(where(reduce(room, snapshot(3, [], { epoch: EPOCH + 1 })))).toBe("10/3 in step");
    const ahead = reduce(room, snapshot(5, []));
    expect(where(ahead)).toBe("9/6 in step");
    expect(where(reduce(roomOf(delta(5, 6, undefined, []), delta(7, 8, undefined, []), heartbeat(90, 5, EPOCH + 2)), snapshot(5, [])))).toBe("9/6 gap");
  });

  it.each([
    ["names another digest", snapshot(13, [ann], { digest: 1002 })],
    ["lists a connection twice, and sums to it once", snapshot(13, [ann, ann], { digest: 1001 })],
    ["lists a connection twice, and sums to both", snapshot(13, [ann, ann], { digest: 2002 })],
    ["lists a connection twice with two tags", snapshot(13, [ann, { ...ann, tag: 5 }], { digest: 5 })],
    ["lists a connection under two users", snapshot(13, [ann, { ...ann, user: "bob" }], { digest: 1001 })],
  ])("[R5] one that %s leaves the room behind by drift", (_, event) => {
    for (const room of [roomOf(), at12, behindBy.gap]) expect(reduce(room, event).behind?.reason).toBe("drift");
  });

  it("[R5] the digest is that of what is listed, not the one that is named", () => {
    expect(reduce(at12, snapshot(13, [ann], { digest: 1002 })).digest).toBe(1001);
  });

  it("[R2] one that says what a room knows, and leaves it as much behind, changes nothing", () => {
    const gap = reduce(at12, heartbeat(14, AT14));
    expect(reduce(gap, snapshot(12, [ann]))).toBe(gap);
    expect(reduce(gap, snapshot(12, [{ ...ann, meta: { s: "else" } }]))).not.toBe(gap);
    const drift = roomOf(snapshot(12, [ann], { digest: 5 }));
    expect(reduce(drift, snapshot(12, [ann], { digest: 5 }))).toBe(drift);
    expect(where(reduce(drift, snapshot(12, [ann])))).toBe("9/12 in step");
    const empty = roomOf();
    expect(reduce(empty, toSnapshot(empty))).toBe(empty);
  });

  it("[R5] [R9] the order of its list does not matter", () => {
    const list = [connection("a2", "ann", 3), connection("b1", "bob", 2), connection("a1", "ann", 1)];
    expect(toSnapshot(reduce(roomOf(), snapshot(5, list)))).toEqual(toSnapshot(reduce(roomOf(), snapshot(5, list.toReversed()))));
    expect(reduce(roomOf(), snapshot(5, list)).users.get("ann")).toMatchObject({ since: 1000, meta: { s: "a2" }, connections: [{ conn: "a1" }, { conn: "a2" }] });
  });
});

describe("a heartbeat", () => {
  it.each([
    ["of a later seq: gap", heartbeat(15, 5), "9/12 gap", "9/15"],
    ["of a later epoch: epoch", heartbeat(3, 5, EPOCH + 1), "9/12 epoch", "10/3"],
    ["of a lower epoch: epoch, which is not later", heartbeat(90, 5, EPOCH - 1), "9/12 epoch", "9/12"],
    ["of the same seq with another digest: drift", heartbeat(12, 5), "9/12 drift", "9/12"],
  ])("[R6] at 9/12 one %s", (_, event, expected, heard) => {
    const after = reduce(at12, event);
    expect(where(after)).toBe(expected);
    expect(heardOf(after)).toBe(heard);
    expect(after.users).toBe(at12.users);
    expect(reduce(after, event)).toBe(after);
  });

  it("[R2] [R6] [R7] one that agrees, and an earlier one of the epoch, say nothing", () => {
    expect(reduce(at12, heartbeat(12, 1001))).toBe(at12);
    expect(reduce(at12, heartbeat(11, 5))).toBe(at12);
    expect(reduce(behindBy.link, heartbeat(11, 5))).toBe(behindBy.link);
  });

  it("[R6] a stronger reason replaces a weaker, never the other way round", () => {
    const order = ["gap", "link", "epoch", "drift"] as const;
    const make = {
      gap: (room: Room<Meta>) => reduce(room, heartbeat(15, 5)),
      link: (room: Room<Meta>) => doubt(room),
      epoch: (room: Room<Meta>) => reduce(room, heartbeat(1, 5, EPOCH - 1)),
      drift: (room: Room<Meta>) => reduce(room, heartbeat(12, 5)),
    };
    for (const [i, first] of order.entries()) {
      for (const [j, second] of order.entries()) {
        expect(make[second](make[first](at12)).behind?.reason, `${first}, then ${second}`).toBe(order[Math.max(i, j)]);
      }
    }
  });

  it("[R6] the highest position heard of never goes down, but by a doubt", () => {
    const room = reduceAll(at12, [heartbeat(15, 5), heartbeat(14, 5)]);
    expect(heardOf(room)).toBe("9/15");
    expect(heardOf(reduce(room, heartbeat(99, 5, EPOCH - 1)))).toBe("9/15");
    expect(heardOf(reduce(room, heartbeat(1, 5, EPOCH + 1)))).toBe("10/1");
    expect(heardOf(doubt(room))).toBe("0/0");
  });

  it("[R6] a room that knows nothing is behind by epoch after any of a real epoch", () => {
    expect(where(roomOf(heartbeat(14, 5)))).toBe("0/0 epoch");
    expect(where(roomOf(heartbeat(0, 0)))).toBe("0/0 epoch");
  });
});

describe("behind", () => {
  it.each(["gap", "link", "epoch", "drift"] as const)("[R6] by %s, deltas of the room's epoch go on applying", (state) => {
    expect(reduce(behindBy[state], bob13)).toMatchObject({ epoch: EPOCH, seq: 13, connectionCount: 2 });
  });

  it.each<[State, string, RoomEvent<Meta>[], string]>([
    ["gap", "a delta to the highest seq heard of", [delta(12, 14, AT14, [bob13, cid14])], "9/14 in step"],
    ["gap", "a delta past it", [delta(12, 15, AT14, [bob13, cid14])], "9/15 in step"],
    ["gap", "lone facts to it", [bob13, cid14], "9/14 in step"],
    ["gap", "a delta not as far", [delta(12, 13, AT13, [bob13])], "9/13 gap"],
    ["gap", "a delta to it that sums to something else", [delta(12, 14, 5, [bob13, cid14])], "9/14 drift"],
    ["gap", "a heartbeat of where the room stands", [heartbeat(12, 1001)], "9/12 gap"],
    ["link", "an agreeing heartbeat", [heartbeat(12, 1001)], "9/12 in step"],
    ["link", "a repeat that ends where it stands, and agrees", [delta(8, 12, 1001, [])], "9/12 in step"],
    ["link", "a repeat of its last fact: none is named, none compared", [on(12, "a1", "ann")], "9/12 in step"],
    ["link", "a repeat that ends where it stands, and disagrees", [delta(8, 12, 5, [])], "9/12 drift"],
    ["link", "a repeat that ends earlier", [delta(8, 11, 1001, [])], "9/12 link"],
    ["link", "a delta whose outcome agrees", [delta(12, 13, AT13, [bob13])], "9/13 in step"],
    ["link", "a lone fact", [bob13], "9/13 in step"],
    ["link", "a heartbeat that is ahead, then one that is not", [heartbeat(13, AT13), heartbeat(12, 1001)], "9/12 link"],
    ["link", "a heartbeat that is ahead, then the delta to it", [heartbeat(13, AT13), delta(12, 13, AT13, [bob13])], "9/13 in step"],
    ["link", "a heartbeat that is ahead, then a snapshot below it", [heartbeat(14, AT14), snapshot(13, [ann])], "9/13 gap"],
    ["epoch", "an agreeing heartbeat", [heartbeat(12, 1001)], "9/12 epoch"],
    ["epoch", "a delta whose outcome agrees", [delta(12, 13, AT13, [bob13])], "9/13 epoch"],
    ["epoch", "a snapshot where it stands", [snapshot(12, [ann])], "9/12 in step"],
    ["drift", "an agreeing heartbeat", [heartbeat(12, 1001)], "9/12 drift"],
    ["drift", "a delta whose outcome agrees again", [delta(12, 13, AT13, [bob13])], "9/13 drift"],
    ["drift", "a snapshot where it stands", [snapshot(12, [ann])], "9/12 in step"],
    ["drift", "a snapshot of another epoch", [snapshot(3, [ann], { epoch: EPOCH - 1 })], "8/3 in step"],
  ])("[R7] by %s: what becomes of it by %s", (state, _, events, expected) => {
    expect(where(reduceAll(behindBy[state], events))).toBe(expected);
  });

  it("[R7] what applies after a doubt counts as heard of", () => {
    const room = reduce(doubt(behindBy.drift), bob13);
    expect(heardOf(room)).toBe("9/13");
    expect(reduce(room, snapshot(12, [ann]))).toBe(room);
  });

  it("[R7] nothing is held any more once a room is in step", () => {
    const room = reduceAll(at12, [delta(13, 14, AT14, [cid14]), delta(12, 14, AT14, [bob13, cid14])]);
    expect(where(room)).toBe("9/14 in step");
    expect(held(room)).toEqual([]);
  });
});

describe("doubt", () => {
  it("[R7] makes a room behind by link, forgets what was heard of and drops what is held", () => {
    const room = doubt(reduce(behindBy.gap, cid14));
    expect(room.behind).toEqual({ reason: "link", to: { epoch: 0, seq: 0 }, held: [] });
    expect(room.users).toBe(at12.users);
  });

  it("[R7] a stronger reason stays", () => {
    expect(doubt(behindBy.epoch).behind).toEqual({ reason: "epoch", to: { epoch: 0, seq: 0 }, held: [] });
    expect(doubt(behindBy.drift).behind).toEqual({ reason: "drift", to: { epoch: 0, seq: 0 }, held: [] });
  });

  it("[R1] [R2] is pure, and a second one changes nothing", () => {
    const room = freeze(doubt(at12));
    expect(doubt(room)).toBe(room);
    expect(at12.behind).toBeUndefined();
    const heard = reduce(room, heartbeat(14, 5));
    expect(doubt(heard)).not.toBe(heard);
    const holding = freeze({ ...room, behind: { reason: "link" as const, to: { epoch: 0, seq: 0 }, held: [delta(20, 21, 5, [])] } });
    expect(doubt(holding).behind?.held).toEqual([]);
  });
});

describe("a connection", () => {
  it("[R8] known already: its connect updates meta and tag; user, first and since stay", () => {
    const room = roomOf(snapshot(12, [ann, connection("a2", "ann", 2)]));
    const after = reduce(room, on(13, "a1", "ann", { tag: 50, first: 13, since: 13_000, meta: { s: "away" } }));
    expect(after.users.get("ann")).toEqual({
      id: "ann", since: 1000, meta: { s: "a2" },
      connections: [{ ...ann, tag: 50, meta: { s: "away" } }, connection("a2", "ann", 2)],
    });
    expect(after).toMatchObject({ seq: 13, digest: 50 + 1002, connectionCount: 2 });
  });

  it("[R8] unknown: its disconnect moves the position and nothing else", () => {
    for (const event of [off(13, "a9", "ann"), off(13, "x", "nobody")]) {
      const after = reduce(at12, event);
      expect(after).toMatchObject({ seq: 13, digest: 1001, connectionCount: 1, behind: undefined });
      expect(after.users).toBe(at12.users);
    }
  });

  it("[R9] of several of a user, the last to go takes the user along", () => {
    const room = reduceAll(at12, [on(13, "a2", "ann"), off(14, "a1", "ann")]);
    expect(room).toMatchObject({ connectionCount: 1, digest: 1013 });
    expect(room.users.get("ann")).toMatchObject({ since: 13_000, meta: { s: "a2" } });
    const after = reduce(room, off(15, "a2", "ann"));
    expect(after).toMatchObject({ connectionCount: 0, digest: 0 });
    expect(after.users.size).toBe(0);
  });

  it("[R11] comes by first, also when a delta brings an older one later", () => {
    const late = reduce(roomOf(snapshot(12, [connection("a2", "ann", 2), connection("a4", "ann", 4)])), on(13, "a3", "ann", { first: 3, meta: { s: "a3" } }));
    expect(late.users.get("ann")?.connections.map((c) => c.conn)).toEqual(["a2", "a3", "a4"]);
    expect(late.users.get("ann")?.meta).toEqual({ s: "a4" });
  });
});
