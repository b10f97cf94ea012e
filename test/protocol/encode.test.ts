import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Connection, Delta, Fact } from "../../src/core/event.js";
import { decodeServer } from "../../src/protocol/decode-server.js";
import { encodeCount, encodeDelta, encodeSnapshot, fromPos, toPos } from "../../src/protocol/encode.js";
import { encodeFrame } from "../../src/protocol/frame.js";
import { utf8Length } from "../../src/protocol/size.js";
import { mintWith } from "../../src/server/system.js";
import { id, position, snapshot, travel } from "./arbitrary.js";

describe("pages", () => {
  it("[P7] joined in their order are the snapshot, whatever their size", () => {
    fc.assert(fc.property(id, snapshot, fc.integer({ min: 1, max: 2_000 }), (room, event, maxBytes) => {
      const pages = encodeSnapshot(room, event, maxBytes);
      const joined: Connection<unknown>[] = [];
      pages.forEach((message, i) => {
        const decoded = decodeServer(travel(message));
        if (decoded?.type !== "state" || decoded.event.type !== "snapshot") throw new Error("no snapshot");
        expect(decoded.room).toBe(room);
        expect(decoded.page).toEqual(pages.length > 1 ? [i, pages.length] : undefined);
        expect({ ...decoded.event, connections: [] }).toEqual({ ...event, connections: [] });
        joined.push(...decoded.event.connections);
      });
      expect(joined).toStrictEqual(event.connections);
    }), { numRuns: 150 });
  });

  it("[P7] are at most as large as asked for, but for one connection that is too large by itself", () => {
    fc.assert(fc.property(id, snapshot, fc.integer({ min: 300, max: 2_000 }), (room, event, maxBytes) => {
      const pages = encodeSnapshot(room, event, maxBytes);
      for (const message of pages) {
        if (message.type === "snapshot" && message.connections.length > 1) expect(utf8Length(JSON.stringify(message))).toBeLessThanOrEqual(maxBytes);
      }
    }), { numRuns: 150 });
  });

  it("[P7] are few: what fits into one message goes in one", () => {
    const connections = Array.from({ length: 100 }, (_, i) => ({ conn: `c${i}`, user: "u", tag: 1, first: 1, since: 0, meta: {} }));
    const event = { type: "snapshot", epoch: 1, seq: 1, at: 0, digest: 100, connections } as const;
    const [whole] = encodeSnapshot("r", event, Infinity);
    const bytes = utf8Length(JSON.stringify(whole));
    expect(encodeSnapshot("r", event, bytes + 20)).toEqual([whole]);
    expect(encodeSnapshot("r", event, bytes - 1)).toHaveLength(2);
    expect(encodeSnapshot("r", { ...event, connections: [] }, 1)).toHaveLength(1);
  });
});

describe("encode", () => {
  it("[P4] refuses a delta that names no digest: its followers could not check themselves", () => {
    expect(() => encodeDelta("r", { type: "delta", epoch: 1, from: 0, to: 1, at: 0, digest: undefined, facts: [] })).toThrow(new TypeError("A delta that is sent names its digest."));
  });

  it("[P4] takes facts in any order, and they arrive by seq", () => {
    const fact = (seq: number): Fact<null> => ({ type: "disconnect", epoch: 1, seq, at: 0, conn: `c${seq}`, user: "u", reason: "leave" });
    const event: Delta<null> = { type: "delta", epoch: 1, from: 0, to: 3, at: 0, digest: 0, facts: [fact(3), fact(1), fact(2)] };
    expect(decodeServer(travel(encodeDelta("r", event)))).toEqual({ type: "state", room: "r", event: { ...event, facts: [fact(1), fact(2), fact(3)] } });
  });

  it("[P6] says `limited` only where it is so", () => {
    const where = { epoch: 1, seq: 2, digest: 3 };
    expect(encodeCount("r", where, 4, 5, false)).toEqual({ type: "count", room: "r", pos: [1, 2, 3], users: 4, connections: 5 });
    expect(encodeCount("r", where, 4, 5, true)).toEqual({ type: "count", room: "r", pos: [1, 2, 3], users: 4, connections: 5, limited: true });
  });

  it("[P1] a position and its tuple are one another", () => {
    fc.assert(fc.property(position, (where) => { expect(fromPos(toPos({ ...where }))).toEqual(where); }), { numRuns: 20 });
  });
});

describe("size", () => {
  /** 20 people who came within one flush, in a room that is old enough to have numbers of some length. */
  function arrivals(meta: (i: number) => object): Delta<object> {
    let seed = 1;
    const random = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
    const mint = mintWith(random);
    const at = 1_767_225_600_000;
    const facts = Array.from({ length: 20 }, (_, i): Fact<object> => ({
      type: "connect", epoch: at - 500_000_000, seq: 1_235 + i, at, ...mint(), user: `user-${1_000 + i}`, first: 1_235 + i, since: at - 2 * (19 - i), meta: meta(i),
    }));
    return { type: "delta", epoch: at - 500_000_000, from: 1_234, to: 1_254, at, digest: 123_456_789_012_345, facts };
  }

  /** The same people as version 2 of the Phoenix serializer sends them. */
  function phoenixDiff({ facts }: Delta<object>): string {
    const metas = facts.map((fact, i) => [fact.user, { metas: [{ phx_ref: `F9yR0H6ekrgV${String(1_000 + i)}`, ...(fact as { meta: object }).meta }] }] as const);
    return JSON.stringify([null, null, "room:lobby", "presence_diff", { joins: Object.fromEntries(metas), leaves: {} }]);
  }

  it("[P1] of a delta of 20 connects is below Phoenix's presence_diff, also one that leaves out since when somebody is here", () => {
    const event = arrivals((i) => ({ name: `Person ${i}` }));
    // headcount says of each since when they are here; Phoenix's guide has apps put that into the meta.
    const told = arrivals((i) => ({ online_at: 1_767_225_600, name: `Person ${i}` }));
    const ours = utf8Length(encodeFrame([encodeDelta("room:lobby", event)]));
    const bare = utf8Length(phoenixDiff(event));
    const theirs = utf8Length(phoenixDiff(told));
    console.log(`20 connects: headcount ${ours} bytes; Phoenix ${theirs} bytes, ${bare} bytes without since when`);
    expect(ours).toBeLessThan(bare);
    expect(ours).toBeLessThan(theirs);
  });
});
