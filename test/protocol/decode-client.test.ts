import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeClient } from "../../src/protocol/decode-client.js";
import { anything, clientMessage, hostileIds, hostileValues, mutated, travel } from "./arbitrary.js";

const limits = { id: 256 };
const join = { type: "join", n: 7, room: "r", watch: "users", present: true };

describe("decodeClient", () => {
  it("[P1] takes every message as it was sent", () => {
    fc.assert(fc.property(clientMessage, (message) => {
      expect(decodeClient(travel(message), limits)).toStrictEqual({ ok: true, message });
    }), { numRuns: 200 });
  });

  it("[R10] takes any string as a room's name, a lone surrogate too", () => {
    for (const room of hostileIds) expect(decodeClient(travel({ type: "leave", n: 1, room }), limits)).toEqual({ ok: true, message: { type: "leave", n: 1, room } });
  });

  it("[S1] leaves behind what it does not know, a user above all", () => {
    expect(decodeClient({ ...join, user: "admin", extra: {}, conn: "c" }, limits)).toEqual({ ok: true, message: join });
    expect(decodeClient(JSON.parse('{"type":"ping","n":1,"__proto__":{"n":2}}'), limits)).toStrictEqual({ ok: true, message: { type: "ping", n: 1 } });
  });

  it("[S4] refuses a name that is too long, by UTF-16 units, and does not send it back", () => {
    const room = "😀".repeat(129);
    expect(decodeClient({ ...join, room }, limits)).toEqual({ ok: false, code: "bad_room", re: 7, message: expect.stringContaining("at most 256") as string });
    expect(decodeClient({ ...join, room: "😀".repeat(128) }, limits).ok).toBe(true);
    expect(decodeClient({ ...join, room: "a".repeat(257) }, limits).ok).toBe(false);
  });

  it("[P2] is total over anything and over whatever throws when looked at", () => {
    // The cycle is an update: its meta is passed on as it came.
    const [passed, ...refused] = hostileValues().map((value) => decodeClient(value, limits)).sort((a, b) => Number(b.ok) - Number(a.ok));
    expect(passed).toMatchObject({ ok: true, message: { type: "update" } });
    for (const answer of refused) expect(answer).toMatchObject({ ok: false, code: expect.stringMatching(/^(bad_message|bad_room|unknown_type)$/) as string, message: expect.stringMatching(/\.$/) as string });
    fc.assert(fc.property(anything, (value) => { decodeClient(value, limits); }), { numRuns: 300 });
  });

  it("[P2] gives a message that fits its type, or a code with a sentence", () => {
    let refused = 0;
    fc.assert(fc.property(mutated(clientMessage), (value) => {
      const decoded = decodeClient(value, limits);
      if (decoded.ok) {
        // Once more, as the other side of the wire would have it: nothing unknown, nothing half right is left.
        if (isJson(decoded.message)) expect(decodeClient(travel(decoded.message), limits)).toEqual({ ok: true, message: travel(decoded.message) });
        if ("room" in decoded.message) expect(decoded.message.room.length).toBeLessThanOrEqual(256);
      } else {
        refused++;
        expect(["bad_message", "bad_room", "unknown_type"]).toContain(decoded.code);
        expect(decoded.message).toMatch(/\.$/);
      }
    }), { numRuns: 500 });
    expect(refused).toBeGreaterThan(100);
  });

  it("[P2] calls types of the future unknown, not wrong: they are ignored", () => {
    for (const type of ["top", "constructor", "__proto__", "toString", ""]) expect(decodeClient({ type, n: 1 }, limits)).toMatchObject({ ok: false, code: "unknown_type" });
  });

  it.each([
    [null, {}], ["text", {}], [[], {}], [{}, {}], [{ type: 7 }, {}],
    [{ type: "hello", v: 1, features: [] }, {}],
    [{ type: "hello", v: [1.5], features: [] }, {}],
    [{ type: "hello", v: [1], features: [1] }, {}],
    [{ type: "hello", v: [1] }, {}],
    [{ type: "ping" }, {}], [{ type: "ping", n: -1 }, {}], [{ type: "ping", n: 1.5 }, {}], [{ type: "ping", n: 2 ** 53 }, {}], [{ type: "ping", n: "1" }, {}],
    [{ ...join, n: undefined }, { room: "r" }],
    [{ ...join, watch: { top: 20 } }, { re: 7, room: "r" }],
    [{ ...join, present: 1 }, { re: 7, room: "r" }],
    [{ ...join, pos: null }, { re: 7, room: "r" }],
    [{ ...join, pos: [1, 2] }, { re: 7, room: "r" }],
    [{ ...join, pos: [1, 2, 2 ** 48] }, { re: 7, room: "r" }],
    [{ ...join, pos: [1, -2, 3] }, { re: 7, room: "r" }],
    [{ ...join, full: "yes" }, { re: 7, room: "r" }],
    [{ type: "update", n: 3, room: "r" }, { re: 3, room: "r" }],
    [{ type: "sync", n: 3, room: "r", pos: "1" }, { re: 3, room: "r" }],
  ])("[P2] answers %j with bad_message, and with the number and the room where it has them", (value, about) => {
    expect(decodeClient(value, limits)).toEqual({ ok: false, code: "bad_message", message: expect.any(String) as string, ...about });
  });

  it.each([{ ...join, room: 7 }, { type: "leave", n: 7 }, { type: "sync", n: 7, room: null }, { type: "update", n: 7, room: ["r"], meta: {} }])("[P2] answers %j with bad_room", (value) => {
    expect(decodeClient(value, limits)).toMatchObject({ ok: false, code: "bad_room", re: 7 });
  });

  it("[P2] names the field that is wrong, and what it should be", () => {
    for (const value of ["text", null, 7, undefined]) expect(decodeClient(value, limits)).toMatchObject({ message: "A message is a JSON object." });
    expect(decodeClient({ ...join, watch: "all" }, limits)).toMatchObject({ message: 'join: `watch` must be "users", "count" or "none".' });
  });
});

function isJson(value: unknown): boolean {
  try {
    return JSON.stringify(travel(value)) === JSON.stringify(value) && !JSON.stringify(value).includes("null");
  } catch {
    return false;
  }
}
