import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Delta, Fact, Position, Snapshot } from "../../src/core/event.js";
import { reduce } from "../../src/core/reduce.js";
import { emptyRoom, type Room } from "../../src/core/room.js";
import { toSnapshot } from "../../src/core/snapshot.js";
import type { Op } from "../../src/ports.js";
import { append, emptyLog, since, type LogState } from "../../src/server/log.js";

type Meta = { readonly name: string };
const EPOCH = 9;
const OPTIONS = { window: 512, windowAge: 120_000, settle: 12_000 };

const connect = (conn: string, user: string, tag: number, name = conn, since?: number): Op<Meta> => ({
  type: "connect", conn, user, tag, meta: { name }, ...(since === undefined ? {} : { since }),
});
const update = (conn: string, user: string, tag: number, name: string): Op<Meta> => ({ type: "update", conn, user, tag, meta: { name } });
const bye = (conn: string): Op<Meta> => ({ type: "disconnect", conn, reason: "leave" });
const block = (user: string, until: number): Op<Meta> => ({ type: "block", user, until });

/** Anything that edits its input throws from now on. */
function freeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const member of Object.values(value)) freeze(member);
  return value;
}

const logWith = (ops: readonly Op<Meta>[], now = 1000, options = OPTIONS): LogState<Meta> => freeze(append(freeze(emptyLog<Meta>(EPOCH, 0, options)), ops, now).log);
const at = (room: Room<Meta>): Position => ({ epoch: room.epoch, seq: room.seq, digest: room.digest });
const codes = (log: LogState<Meta>, ops: readonly Op<Meta>[], now = 1000): string[] => append(log, ops, now).refused.map((r) => r.code);
const shown = (room: Room<Meta>): Snapshot<Meta> => toSnapshot(room);

/** The room after each seq, made of lone facts: what a log says is checked against these. */
function roomsBySeq(facts: readonly Fact<Meta>[]): Room<Meta>[] {
  const rooms = [{ ...emptyRoom<Meta>(), epoch: EPOCH }];
  for (const fact of facts) rooms.push(reduce(rooms[rooms.length - 1]!, fact));
  return rooms;
}

describe("append", () => {
  it("[L1] numbers facts from 1 without a hole, over batches, and says where they lead", () => {
    const one = append(emptyLog<Meta>(EPOCH, 0, OPTIONS), [connect("a", "ann", 7), bye("nobody"), connect("b", "bob", 8)], 1000);
    expect(one.delta).toMatchObject({ type: "delta", epoch: EPOCH, from: 0, to: 2, at: 1000, digest: 15 });
    expect(one.delta?.facts.map((f) => [f.seq, f.conn])).toEqual([[1, "a"], [2, "b"]]);
    const two = append(one.log, [bye("a")], 1001);
    expect(two.delta).toMatchObject({ from: 2, to: 3, digest: 8 });
    expect(two.log.room).toMatchObject({ epoch: EPOCH, seq: 3, digest: 8, connectionCount: 1, behind: undefined });
  });

  it("[L1] [R2] what changes nothing leaves the same log, and names no delta", () => {
    const log = logWith([connect("a", "ann", 7)]);
    const none = append(log, [connect("a", "ann", 7), bye("b")], 1000);
    expect(none.log).toBe(log);
    expect(none.delta).toBeUndefined();
    expect(none.turns).toEqual([]);
  });

  it("[L2] gives seq, at, first, since, and a goodbye's user", () => {
    const { delta } = append(emptyLog<Meta>(EPOCH, 0, OPTIONS), [connect("a", "ann", 7)], 1000);
    expect(delta?.facts).toEqual([{ type: "connect", epoch: EPOCH, seq: 1, at: 1000, conn: "a", user: "ann", tag: 7, first: 1, since: 1000, meta: { name: "a" } }]);
    const gone = append(logWith([connect("a", "ann", 7)]), [{ type: "disconnect", conn: "a", reason: "timeout" }], 1200);
    expect(gone.delta?.facts).toEqual([{ type: "disconnect", epoch: EPOCH, seq: 2, at: 1200, conn: "a", user: "ann", reason: "timeout" }]);
  });

  it("[L2] since is the present user's; else what a host that announces again says, never later than now", () => {
    const log = logWith([connect("a", "ann", 7)], 1000);
    const { delta } = append(log, [connect("a2", "ann", 8, "", 10), connect("b", "bob", 9, "", 500), connect("c", "cy", 10, "", 99_999), connect("d", "di", 11)], 2000);
    expect(delta?.facts.map((f) => (f.type === "connect" ? f.since : 0))).toEqual([1000, 500, 2000, 2000]);
  });

  it("[L2] [R8] a connect of a conn that is there, of the same user and with a new tag, is its update", () => {
    const log = logWith([connect("a", "ann", 7), connect("b", "bob", 8)], 1000);
    const { delta, log: next, turns } = append(log, [connect("a", "ann", 9, "new", 5)], 2000);
    expect(delta?.facts).toMatchObject([{ type: "connect", seq: 3, first: 1, since: 1000, tag: 9, meta: { name: "new" } }]);
    expect(next.room).toMatchObject({ connectionCount: 2, digest: 17 });
    expect(turns).toEqual([]);
  });

  it("[L2] refuses with a code, names the op, and uses no seq", () => {
    const log = logWith([connect("a", "ann", 7), connect("gone", "guy", 8), bye("gone"), block("bad", 5000)]);
    const ops = [
      connect("a", "ann", 7), update("a", "ann", 7, "again"), connect("x", "xi", 8), connect("gone", "guy", 20), update("gone", "guy", 21, ""), bye("gone"),
      bye("who"), update("who", "ann", 22, ""), connect("a", "bob", 23), update("a", "bob", 24, ""), connect("c", "bad", 25), connect("ok", "oz", 26),
    ];
    const { refused, delta } = append(log, ops, 1000);
    expect(refused.map((r) => r.code)).toEqual(["repeat", "repeat", "repeat", "gone", "gone", "gone", "unknown", "unknown", "user", "user", "blocked"]);
    expect(refused.map((r) => r.op)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(delta?.facts.map((f) => [f.seq, f.conn])).toEqual([[4, "ok"]]);
  });

  it("[L2] the retry of an older op is a repeat, though its connection carries another tag by now (attack A12, U8)", () => {
    const log = logWith([connect("a", "ann", 1, "A"), update("a", "ann", 2, "B")]);
    expect(codes(log, [connect("a", "ann", 1, "A")])).toEqual(["repeat"]);
  });

  it("[L2] the tag that a connection carries is a repeat, however long ago it came", () => {
    const log = append(logWith([connect("a", "ann", 1)]), [], 1_000_000).log;
    expect(log.window).toEqual([]);
    expect(codes(log, [connect("a", "ann", 1)], 1_000_000)).toEqual(["repeat"]);
  });

  it("[L2] who has said goodbye does not come back while the goodbye is in the window (attack A12, U9; A11)", () => {
    let log = logWith([connect("c", "cy", 1), bye("c")], 1000, { ...OPTIONS, window: 4 });
    expect(codes(log, [connect("c", "cy", 2)])).toEqual(["gone"]);
    log = append(log, [connect("c2", "cy", 3)], 1000).log;
    expect(log.room.users.has("cy")).toBe(true);
  });

  it("[L2] a connection can't pass to another user (attack U12)", () => {
    const log = logWith([connect("c", "ann", 1)]);
    const next = append(log, [connect("c", "bob", 2), update("c", "bob", 3, "")], 1000);
    expect(next.refused.map((r) => r.code)).toEqual(["user", "user"]);
    expect(shown(next.log.room)).toEqual(shown(log.room));
  });

  it("[L2] [pain P17] a second goodbye, and an update after it, are refused: nothing goes negative", () => {
    const { refused, log } = append(emptyLog<Meta>(EPOCH, 0, OPTIONS), [connect("a", "ann", 1), bye("a"), bye("a"), update("a", "ann", 2, "")], 1000);
    expect(refused).toEqual([{ op: 2, code: "gone" }, { op: 3, code: "gone" }]);
    expect(log.room).toMatchObject({ seq: 2, digest: 0, connectionCount: 0 });
  });

  it("[L2] a block keeps a user out until it ends, keeps nobody else out, and is forgotten afterwards", () => {
    const log = logWith([block("bad", 5000), block("worse", 9000)], 1000);
    expect(codes(log, [connect("a", "bad", 1), connect("b", "bob", 2)], 4999)).toEqual(["blocked"]);
    expect(codes(log, [connect("a", "bad", 1)], 5000)).toEqual([]);
    const swept = append(log, [], 5000).log;
    expect([...swept.blocked.keys()]).toEqual(["worse"]);
    expect(append(swept, [], 9000).log).toMatchObject({ blocked: { size: 0 }, unblock: undefined });
    const many = append(emptyLog<Meta>(EPOCH, 0, OPTIONS), [3000, 1000, 2000, 4000, 1500].map((until) => block(String(until), until)), 0).log;
    for (const [i, now] of [1000, 1500, 2000, 3000, 4000].entries()) expect(append(append(many, [], now - 1).log, [], now).log.blocked.size).toBe(4 - i);
    expect(codes(append(log, [block("bad", 0)], 1500).log, [connect("a", "bad", 1)], 1600)).toEqual([]);
  });

  it("[L1] turns say who turned from absent to present or back, net of the batch, each once", () => {
    const log = logWith([connect("a", "ann", 1), connect("b", "bob", 2)]);
    const { turns } = append(log, [bye("a"), connect("a2", "ann", 3), bye("b"), connect("c", "cy", 4), bye("c"), connect("d", "di", 5), connect("d2", "di", 6)], 1000);
    expect(turns).toEqual([{ user: "bob", seq: 5, present: false }, { user: "di", seq: 8, present: true }]);
  });

  it("[R4] a delta carries what a compacted fact lost: order, meta and age stay those of fact by fact (attack A1, U1)", () => {
    const ops = [connect("a1", "ann", 1, "old tab"), connect("a2", "ann", 2, "new tab"), connect("b", "bob", 3), update("a1", "ann", 8, "old tab edited")];
    const { delta, log } = append(emptyLog<Meta>(EPOCH, 0, OPTIONS), ops, 1000);
    expect(delta?.facts.map((f) => [f.seq, f.conn])).toEqual([[2, "a2"], [3, "b"], [4, "a1"]]);
    const late = reduce({ ...emptyRoom<Meta>(), epoch: EPOCH }, delta as Delta<Meta>);
    expect(shown(late)).toEqual(shown(log.room));
    expect(late.users.get("ann")?.meta).toEqual({ name: "new tab" });
    expect(late.users.get("ann")?.connections.map((c) => c.conn)).toEqual(["a1", "a2"]);
  });

  it("[R4] a delta keeps the goodbye of who came within it: someone may stand in its middle (attack A2)", () => {
    const log = logWith([connect("a", "ann", 1), connect("x", "xi", 2)]);
    const middle = reduce(emptyRoom<Meta>(), toSnapshot(log.room));
    const from = { epoch: EPOCH, seq: 1, digest: 1 };
    const now = append(log, [bye("x")], 1000).log;
    const delta = since(now, { pos: from, full: false }, 1000) as Delta<Meta>;
    expect(delta.facts.map((f) => f.type)).toEqual(["disconnect"]);
    expect(shown(reduce(middle, delta))).toEqual(shown(now.room));
  });

  it("[P3] a batch larger than the window is told whole (attack A14, U11)", () => {
    const ops = Array.from({ length: 1000 }, (_, i) => connect(`c${i}`, `u${i}`, i + 1));
    const { delta, log } = append(emptyLog<Meta>(EPOCH, 0, OPTIONS), ops, 1000);
    expect(delta?.facts.length).toBe(1000);
    expect(log.window.length).toBe(512);
  });

  it("[L2] digests stay exact with the largest of tags (attack A22, U7)", () => {
    const tags = Array.from({ length: 100 }, (_, i) => 2 ** 48 - 1 - i);
    const log = logWith(tags.map((tag, i) => connect(`c${i}`, "ann", tag)));
    expect(log.room.digest).toBe(Number(tags.reduce((sum, tag) => sum + BigInt(tag), 0n) % 2n ** 48n));
  });

  it("[R10] any string is a conn, a user and a key of the window", () => {
    const ids = ["__proto__", "constructor", "", "10", "2", "\ud800", "\udc00"];
    const log = logWith(ids.map((id, i) => connect(id, id, i + 1)));
    expect(log.room.connectionCount).toBe(ids.length);
    expect(append(log, ids.map(bye), 1000)).toMatchObject({ refused: [], log: { room: { digest: 0, connectionCount: 0 } } });
  });
});

describe("since", () => {
  const log = logWith([connect("a", "ann", 1), connect("b", "bob", 2), bye("a"), connect("c", "cy", 4)]);

  it("[L3] [L6] answers an ask without a position with a snapshot, at once, at any age", () => {
    expect(since(log, { full: false }, 1)).toEqual(toSnapshot(log.room, 1));
    expect(since(log, { pos: { epoch: 0, seq: 0, digest: 0 }, full: false }, 1)).toEqual(toSnapshot(log.room, 1));
  });

  it("[L3] answers \"nothing\" with a heartbeat, which is a message like any (attack A7)", () => {
    expect(since(log, { pos: at(log.room), full: false }, 77)).toEqual({ type: "heartbeat", epoch: EPOCH, seq: 4, at: 77, digest: 6 });
  });

  it("[L3] answers who must not be told by a heartbeat or delta (`full`) with a snapshot (attack A7, U4)", () => {
    expect(since(log, { pos: at(log.room), full: true }, 77)).toEqual(toSnapshot(log.room, 77));
    expect(since(log, { pos: { epoch: EPOCH, seq: 1, digest: 1 }, full: true }, 77).type).toBe("snapshot");
  });

  it("[L3] answers a true position of the past with a delta from there", () => {
    expect(since(log, { pos: { epoch: EPOCH, seq: 1, digest: 1 }, full: false }, 77)).toMatchObject({ type: "delta", epoch: EPOCH, from: 1, to: 4, digest: 6, at: 1000 });
    expect(since(log, { pos: { epoch: EPOCH, seq: 0, digest: 0 }, full: false }, 77)).toMatchObject({ type: "delta", from: 0 });
  });

  it.each([
    ["ahead of the log (attack A6, U3)", { epoch: EPOCH, seq: 10, digest: 6 }],
    ["at its end with another digest", { epoch: EPOCH, seq: 4, digest: 7 }],
    ["in the window with another digest", { epoch: EPOCH, seq: 2, digest: 99 }],
    ["at the window's start with another digest", { epoch: EPOCH, seq: 0, digest: 1 }],
    ["before the first fact", { epoch: EPOCH, seq: -1, digest: 0 }],
    ["between two numbers", { epoch: EPOCH, seq: 1.5, digest: 1 }],
    ["not a number", { epoch: EPOCH, seq: NaN, digest: NaN }],
  ])("[L3] a position that is %s is a wrong claim: a snapshot, and nothing else happens", (_, pos) => {
    expect(since(log, { pos, full: false }, 77)).toEqual(toSnapshot(log.room, 77));
  });

  it("[L3] [L4] a position before the window gets a snapshot, the one at its start a delta", () => {
    const short = logWith([connect("a", "ann", 1), connect("b", "bob", 2), bye("a"), connect("c", "cy", 4)], 1000, { ...OPTIONS, window: 2 });
    expect(since(short, { pos: { epoch: EPOCH, seq: 1, digest: 1 }, full: false }, 1000).type).toBe("snapshot");
    expect(since(short, { pos: { epoch: EPOCH, seq: 2, digest: 3 }, full: false }, 1000)).toMatchObject({ type: "delta", from: 2, to: 4 });
    expect(since(short, { pos: { epoch: EPOCH, seq: 2, digest: 4 }, full: false }, 1000).type).toBe("snapshot");
  });

  it("[L6] a young log tells who names another epoch when to ask again; a settled one answers (attack A5)", () => {
    const young = logWith([connect("a", "ann", 1)]);
    const ask = { pos: { epoch: 4, seq: 3, digest: 1 }, full: false };
    expect(since(young, ask, 5000)).toEqual({ type: "later", ms: 7000 });
    expect(since(young, { ...ask, full: true }, 11_999)).toEqual({ type: "later", ms: 1 });
    expect(since(young, ask, 12_000)).toEqual(toSnapshot(young.room, 12_000));
    expect(since(young, { ...ask, pos: { epoch: EPOCH + 1, seq: 0, digest: 0 } }, 5000).type).toBe("later");
    expect(since(young, { pos: at(young.room), full: false }, 5000).type).toBe("heartbeat");
  });

  it("[L6] who names a former epoch of the same process has nothing to wait for", () => {
    const young = logWith([connect("a", "ann", 1)]);
    const ask = (epoch: number) => since(young, { pos: { epoch, seq: 3, digest: 1 }, full: false }, 5000, new Set([2, 4]));
    expect([ask(2), ask(4)]).toEqual([toSnapshot(young.room, 5000), toSnapshot(young.room, 5000)]);
    expect([ask(3).type, ask(5).type]).toEqual(["later", "later"]);
  });

  it("[L6] nobody waits longer than `settle`, though the clock was put back", () => {
    const young = emptyLog<Meta>(EPOCH, 1_000_000, OPTIONS);
    expect(since(young, { pos: { epoch: 4, seq: 0, digest: 0 }, full: false }, 10)).toEqual({ type: "later", ms: 12_000 });
  });
});

describe("a random history", () => {
  const conns = fc.constantFrom("a", "b", "c", "d", "__proto__");
  const users = fc.constantFrom("ann", "bob", "");
  const tags = fc.oneof({ weight: 1, arbitrary: fc.integer({ min: 1, max: 12 }) }, { weight: 3, arbitrary: fc.integer({ min: 13, max: 2 ** 48 - 1 }) });
  const op: fc.Arbitrary<Op<Meta>> = fc.oneof(
    { weight: 4, arbitrary: fc.tuple(conns, users, tags, fc.option(fc.nat(9000), { nil: undefined })).map(([c, u, t, s]) => connect(c + String(t % 7), u, t, String(t), s)) },
    { weight: 2, arbitrary: fc.tuple(conns, users, tags, fc.nat(6)).map(([c, u, t, n]) => update(c + String(n), u, t, "u" + String(t))) },
    { weight: 3, arbitrary: fc.tuple(conns, fc.nat(6)).map(([c, n]) => bye(c + String(n))) },
    { weight: 1, arbitrary: fc.tuple(users, fc.nat(9000)).map(([u, until]) => block(u, until)) },
  );
  const batches = fc.array(fc.record({ ops: fc.array(op, { minLength: 1, maxLength: 8 }), ms: fc.integer({ min: -200, max: 900 }) }), { minLength: 1, maxLength: 14 });

  it("[L3] [R4] the answer to any position of the past, applied to the room there, gives the room of now", () => {
    fc.assert(
      fc.property(batches, fc.constantFrom(3, 10, 512), (history, window) => {
        // The same history in a log that forgets nothing gives the facts one by one.
        let whole = emptyLog<Meta>(EPOCH, 0, { ...OPTIONS, windowAge: Infinity, window: Infinity });
        let log = freeze(emptyLog<Meta>(EPOCH, 0, { ...OPTIONS, window }));
        let now = 1000;
        for (const { ops, ms } of history) {
          now += ms;
          const before = log.room;
          const appended = append(log, freeze(ops), now);
          log = freeze(appended.log);
          expect(shown(appended.delta ? reduce(before, appended.delta) : before)).toEqual(shown(log.room));
          // Refusals may differ, as a short window forgets; then the histories part and there is nothing to compare.
          const other = append(whole, ops, now);
          if (JSON.stringify(other.refused) !== JSON.stringify(appended.refused)) return;
          whole = other.log;
        }
        const rooms = roomsBySeq(whole.window.map((entry) => entry.fact));
        expect(shown(rooms[rooms.length - 1]!)).toEqual(shown(log.room));
        for (const room of rooms) {
          const answer = since(log, { pos: at(room), full: false }, now);
          if (room.seq === log.room.seq) expect(answer.type).toBe("heartbeat");
          else expect(answer.type).toBe(room.seq >= log.room.seq - log.window.length ? "delta" : "snapshot");
          if (answer.type === "later") throw new Error("a known epoch waits for nothing");
          // A delta takes the rooms after its start there too.
          for (const from of answer.type === "delta" ? rooms.slice(room.seq) : [room]) {
            const after = reduce(from, answer);
            expect(after.behind).toBeUndefined();
            expect(shown(after)).toEqual(shown(log.room));
          }
        }
      }),
      { numRuns: 150 },
    );
  });

  it("[L4] [L2] the window keeps its bounds, and what is kept of it by key is exactly what is in it", () => {
    fc.assert(
      fc.property(batches, fc.constantFrom(0, 1, 5, 20), fc.constantFrom(0, 500, 120_000), (history, window, windowAge) => {
        let log = freeze(emptyLog<Meta>(EPOCH, 0, { ...OPTIONS, window, windowAge }));
        let now = 1000;
        for (const { ops, ms } of history) {
          now += Math.abs(ms);
          log = freeze(append(log, ops, now).log);
          expect(log.window.length).toBeLessThanOrEqual(window);
          for (const { fact } of log.window) expect(now - fact.at).toBeLessThanOrEqual(windowAge);
          const facts = log.window.map((entry) => entry.fact);
          expect(facts.map((f) => f.seq)).toEqual(facts.map((_, i) => log.room.seq - facts.length + 1 + i));
          expect(new Set(log.tags.keys())).toEqual(new Set(facts.flatMap((f) => (f.type === "connect" ? [String(f.tag)] : []))));
          expect(new Set(log.goodbyes.keys())).toEqual(new Set(facts.flatMap((f) => (f.type === "disconnect" ? [f.conn] : []))));
          const live = shown(log.room).connections.map((c) => [c.conn, c.user]).sort();
          expect([...log.owners.values()].map((o) => [o.id, o.user]).sort()).toEqual(live);
          for (const { until } of log.blocked.values()) expect(until).toBeGreaterThan(now);
        }
      }),
      { numRuns: 150 },
    );
  });
});
