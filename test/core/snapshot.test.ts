import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Snapshot } from "../../src/core/event.js";
import { doubt, reduce } from "../../src/core/reduce.js";
import { emptyRoom } from "../../src/core/room.js";
import { toSnapshot } from "../../src/core/snapshot.js";
import { histories, snapshotAt } from "../../src/testing/arbitraries.js";
import { connection, heartbeat, roomOf, snapshot } from "../support/events.js";
import "../support/seed.js";

describe("toSnapshot", () => {
  it("[R4] [R10] [R11] is plain JSON, and a room made of it gives it again", () => {
    fc.assert(
      fc.property(histories(9), (history) => {
        const told = snapshotAt(history, history.facts.length);
        const once = toSnapshot(reduce(emptyRoom<unknown>(), told));
        expect(once).toEqual(told);
        expect(toSnapshot(reduce(emptyRoom<unknown>(), JSON.parse(JSON.stringify(once)) as Snapshot<unknown>))).toEqual(once);
      }),
      { numRuns: 40 },
    );
  });

  it("[R11] rooms that came to the same by other ways give the same, to the letter", () => {
    const list = [connection("a1", "ann", 1), connection("b1", "bob", 2)];
    const one = roomOf(snapshot(2, list));
    const other = roomOf(snapshot(1, [connection("x", "xi", 1)]), snapshot(2, list.toReversed()));
    expect(JSON.stringify(toSnapshot(one))).toBe(JSON.stringify(toSnapshot(other)));
  });

  it("[R5] is stamped as it is told, and tells nothing of what the room is behind by", () => {
    const room = roomOf(snapshot(2, [connection("a1", "ann", 1)]));
    expect(toSnapshot(room)).toMatchObject({ type: "snapshot", epoch: 9, seq: 2, at: 0, digest: 1001 });
    expect(toSnapshot(room, 77).at).toBe(77);
    expect(toSnapshot(doubt(reduce(room, heartbeat(5, 5))))).toEqual(toSnapshot(room));
  });
});
