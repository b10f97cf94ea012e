import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeServer, type ServerEvent } from "../../src/protocol/decode-server.js";
import { encodeCount, encodeDelta, encodeHeartbeat, encodeSnapshot } from "../../src/protocol/encode.js";
import type { Position } from "../../src/core/event.js";
import { anything, delta, heartbeat, hostileValues, id, mutated, notice, position, serverMessage, snapshot, travel, whole } from "./arbitrary.js";

describe("what was encoded is what is decoded", () => {
  it("[P1, R10] a delta, with any ids and metas", () => {
    fc.assert(fc.property(id, delta, (room, event) => {
      expect(decodeServer(travel(encodeDelta(room, event)))).toStrictEqual({ type: "state", room, event });
    }), { numRuns: 150 });
  });

  it("[P1, R10] a snapshot", () => {
    fc.assert(fc.property(id, snapshot, (room, event) => {
      const [message, ...more] = encodeSnapshot(room, event, Infinity);
      expect(more).toEqual([]);
      expect(decodeServer(travel(message))).toStrictEqual({ type: "state", room, event });
    }), { numRuns: 150 });
  });

  it("[P1] a heartbeat", () => {
    fc.assert(fc.property(id, heartbeat, (room, event) => {
      expect(decodeServer(travel(encodeHeartbeat(room, event.at, event)))).toStrictEqual({ type: "state", room, event });
    }), { numRuns: 50 });
  });

  it("[P6] a count, limited or not", () => {
    fc.assert(fc.property(id, position, whole, whole, fc.boolean(), (room, where, users, connections, limited) => {
      expect(decodeServer(travel(encodeCount(room, where, users, connections, limited)))).toStrictEqual({ type: "count", room, position: where, users, connections, limited });
    }), { numRuns: 50 });
  });

  it("[P1] a notice, as it was sent", () => {
    fc.assert(fc.property(notice, (message) => {
      expect(decodeServer(travel(message))).toStrictEqual(message);
    }), { numRuns: 100 });
  });

  it("[R10] a meta keeps a key `__proto__` as its own, and it is nobody's prototype", () => {
    const wire: unknown = JSON.parse('{"type":"snapshot","room":"r","pos":[1,1,5],"at":0,"connections":[["c","u",5,{"__proto__":{"admin":true}}]]}');
    const decoded = decodeServer<{ admin?: boolean }>(wire);
    const meta = decoded?.type === "state" && decoded.event.type === "snapshot" ? decoded.event.connections[0]?.meta : undefined;
    expect(meta && Object.hasOwn(meta, "__proto__")).toBe(true);
    expect(meta?.admin).toBeUndefined();
  });

  it("[P2] fields of a state that are not known here are left behind", () => {
    expect(decodeServer({ type: "heartbeat", room: "r", pos: [1, 2, 3], at: 5, page: [0, 2], extra: {} })).toEqual({
      type: "state", room: "r", event: { type: "heartbeat", epoch: 1, seq: 2, at: 5, digest: 3 }, page: [0, 2],
    });
  });
});

describe("decoding is total", () => {
  it("[P2] over anything, and over whatever throws when looked at", () => {
    for (const value of hostileValues()) expect(decodeServer(value)).toBeUndefined();
    fc.assert(fc.property(anything, (value) => { decodeServer(value); }), { numRuns: 300 });
  });

  it("[P2] a message with something wrong in it is dropped, or what comes of it is sound", () => {
    let dropped = 0;
    fc.assert(fc.property(mutated(serverMessage), (value) => {
      const decoded = decodeServer(value);
      if (decoded) mustBeSound(decoded);
      else dropped++;
    }), { numRuns: 1_000 });
    expect(dropped).toBeGreaterThan(200);
  });

  it("[P2] types that are inherited, unknown or no strings are no messages", () => {
    for (const type of ["constructor", "toString", "__proto__", "presence_diff", "", 7, null, undefined, ["pong"]]) {
      expect(decodeServer({ type, re: 1, room: "r", pos: [1, 2, 3], at: 0, from: 0, on: [], off: [], connections: [] })).toBeUndefined();
    }
  });
});

describe("what is malformed", () => {
  const on = [1, "c", "u", 9, {}, 0, 0];
  const off = [2, "d", "u", "leave"];
  const good = { type: "delta", room: "r", from: 4, pos: [1, 6, 9], at: 100, on: [on], off: [off] };
  const snapshot = { type: "snapshot", room: "r", pos: [1, 6, 9], at: 100, connections: [["c", "u", 9, {}, 0, 0]] };

  it("[P2] the messages that the others differ from are not", () => {
    expect(decodeServer(good)?.type).toBe("state");
    expect(decodeServer(snapshot)?.type).toBe("state");
  });

  it.each([
    ["a seq at from", { on: [[0, ...on.slice(1)]] }],
    ["a seq beyond to", { on: [[3, ...on.slice(1)]] }],
    ["a goodbye's seq beyond to", { off: [[3, "d", "u", "leave"]] }],
    ["a seq that is no whole number", { on: [[0.5, ...on.slice(1)]] }],
    ["a seq twice", { off: [[1, "d", "u", "leave"]] }],
    ["a connection twice", { off: [[2, "c", "u", "leave"]] }],
    ["from at to", { from: 6, on: [], off: [] }],
    ["from beyond to", { from: 7, on: [], off: [] }],
    ["a negative from", { from: -1, on: [], off: [] }],
    ["no from", { from: undefined }],
    ["no on", { on: undefined }],
    ["no off", { off: undefined }],
    ["on that is no list", { on: "" }],
    ["a tuple that is no list", { on: [{}] }],
    ["a tuple that is a string", { off: ["1234"] }],
    ["a tag of 0", { on: [[1, "c", "u", 0, {}, 0, 0]] }],
    ["a tag of 2^48", { on: [[1, "c", "u", 2 ** 48, {}, 0, 0]] }],
    ["a tag that is no whole number", { on: [[1, "c", "u", 1.5, {}, 0, 0]] }],
    ["a connection older than the epoch", { on: [[1, "c", "u", 9, {}, 0, 5]] }],
    ["an age below 0", { on: [[1, "c", "u", 9, {}, 0, -1]] }],
    ["a stay that is no number", { on: [[1, "c", "u", 9, {}, null, 0]] }],
    ["a conn that is no string", { on: [[1, 7, "u", 9, {}, 0, 0]] }],
    ["a user that is no string", { on: [[1, "c", null, 9, {}, 0, 0]] }],
    ["a goodbye without a reason", { off: [[2, "d", "u"]] }],
    ["no room", { room: undefined }],
    ["no time", { at: "100" }],
    ["a digest of 2^48", { pos: [1, 6, 2 ** 48] }],
    ["a position of two", { pos: [1, 6] }],
    ["a position of four", { pos: [1, 6, 9, 0] }],
    ["a position below 0", { pos: [-1, 6, 9] }],
    ["a position that is not exact", { pos: [2 ** 53, 6, 9] }],
    ["a position that is no list", { pos: { 0: 1, 1: 6, 2: 9, length: 3 } }],
  ])("[P2] a delta with %s", (_, change) => {
    expect(decodeServer({ ...good, ...change })).toBeUndefined();
  });

  it.each([
    ["a connection twice", { connections: [["c", "u", 9, {}, 0, 0], ["c", "v", 8, {}, 0, 1]] }],
    ["a connection from beyond its position", { connections: [["c", "u", 9, {}, 0, -1]] }],
    ["connections that are no list", { connections: "" }],
    ["a page beyond the last", { page: [2, 2] }],
    ["a page that is no pair", { page: 0 }],
    ["a page of null", { page: null }],
    ["a page that is no number", { page: ["0", 2] }],
  ])("[P7] a snapshot with %s", (_, change) => {
    expect(decodeServer({ ...snapshot, ...change })).toBeUndefined();
  });

  it.each([
    { type: "welcome", v: 1, lease: "75s", every: 25_000, jitter: 1_000, limits: {} },
    { type: "welcome", v: 1, lease: 75_000, every: 25_000, limits: {} },
    { type: "welcome", v: 1, lease: 75_000, every: Infinity, jitter: 1_000, limits: {} },
    { type: "joined", re: 1 },
    { type: "synced", re: 1, room: 1 },
    { type: "ended", reason: "kicked", code: "kicked", message: "", retry: false },
    { type: "count", room: "r", pos: [1, 2, 3], users: -1, connections: 0 },
    { type: "count", room: "r", pos: [1, 2, 3], users: 1 },
    { type: "heartbeat", room: "r", pos: [1, 2, 3] },
  ])("[P2] $type, as in %j", (message) => {
    expect(decodeServer(message)).toBeUndefined();
  });

  it("[P2] a reason that is not known here is passed on: newer servers may have more", () => {
    expect(decodeServer({ ...good, off: [[2, "d", "u", "moved"]] })).toMatchObject({ event: { facts: [{ type: "connect" }, { reason: "moved" }] } });
  });
});

/** Says again, by its own means, what the decoder promises. */
function mustBeSound(decoded: ServerEvent<unknown>): void {
  if (decoded.type === "count") expect(sound(decoded.position)).toBe(true);
  if (decoded.type !== "state") return;
  const { event, page } = decoded;
  if (page) expect(page[0] >= 0 && page[0] < page[1]).toBe(true);
  expect(typeof decoded.room).toBe("string");
  expect(Number.isFinite(event.at)).toBe(true);
  expect(sound({ epoch: event.epoch, seq: event.type === "delta" ? event.to : event.seq, digest: event.digest! })).toBe(true);
  const connections = event.type === "snapshot" ? event.connections : event.type === "delta" ? event.facts.filter((fact) => fact.type === "connect") : [];
  for (const { conn, user, tag, first, since } of connections) {
    expect(typeof conn === "string" && typeof user === "string" && tag >= 1 && tag < 2 ** 48 && Number.isSafeInteger(tag) && first >= 1 && Number.isFinite(since)).toBe(true);
  }
  if (event.type === "snapshot") expect(new Set(event.connections.map(({ conn }) => conn)).size).toBe(event.connections.length);
  if (event.type !== "delta") return;
  let last = event.from;
  for (const fact of event.facts) {
    expect(fact.seq).toBeGreaterThan(last);
    last = fact.seq;
  }
  expect(last).toBeLessThanOrEqual(event.to);
  expect(event.from).toBeLessThan(event.to);
  expect(new Set(event.facts.map(({ conn }) => conn)).size).toBe(event.facts.length);
}

function sound({ epoch, seq, digest }: Position): boolean {
  return [epoch, seq, digest].every((part) => Number.isSafeInteger(part) && part >= 0) && digest < 2 ** 48;
}
