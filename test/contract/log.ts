import { describe, expect, it, onTestFinished } from "vitest";
import type { Answer, RoomEvent, Snapshot } from "../../src/core/event.js";
import { reduce } from "../../src/core/reduce.js";
import type { Room } from "../../src/core/room.js";
import { toSnapshot } from "../../src/core/snapshot.js";
import type { Log, Op } from "../../src/ports.js";
import type { LogOptions } from "../../src/server/log.js";

type Meta = { readonly name: string };

/** A log under test, and the time that it lives in. */
export type LogUnderTest = {
  readonly log: Log<Meta>;
  /** Its first link opens: from now on it has an age. */
  begin(): void | Promise<void>;
  /** Lets so many ms of the log's time go by. */
  pass(ms: number): void | Promise<void>;
  /** Resolves once followers have heard all that was appended. */
  quiet(): void | Promise<void>;
  close?(): void | Promise<void>;
};

const connect = (conn: string, user: string, tag: number, name = "", since?: number): Op<Meta> => ({
  type: "connect", conn, user, tag, meta: { name }, ...(since === undefined ? {} : { since }),
});
const update = (conn: string, user: string, tag: number, name: string): Op<Meta> => ({ type: "update", conn, user, tag, meta: { name } });
const bye = (conn: string): Op<Meta> => ({ type: "disconnect", conn, reason: "leave" });
const shown = (room: Room<Meta> | undefined): Snapshot<Meta> | undefined => room && toSnapshot(room);
const position = ({ epoch, seq, digest }: { readonly epoch: number; readonly seq: number; readonly digest: number }) => ({ epoch, seq, digest });

/** What any log promises, whether it lives in memory or is shared by several processes. `make` gives a fresh one, not yet begun. */
export function logContract(name: string, make: (options: LogOptions) => LogUnderTest | Promise<LogUnderTest>): void {
  const start = async (options: Partial<LogOptions> = {}): Promise<LogUnderTest> => {
    const made = await make({ window: 512, windowAge: 120_000, settle: 12_000, ...options });
    onTestFinished(async () => { await made.close?.(); });
    return made;
  };
  /** Follows a room, and keeps what was heard of it. */
  const follow = ({ log }: LogUnderTest, room: string) => {
    const heard: { event: RoomEvent<Meta>; before: Room<Meta>; after: Room<Meta> }[] = [];
    const stop = log.follow(room, (event, before, after) => heard.push({ event, before, after }));
    return { heard, stop };
  };
  const snapshotOf = async ({ log }: LogUnderTest, room: string): Promise<Snapshot<Meta>> => {
    const answer = await log.since(room, { full: false });
    if (answer.type !== "snapshot") throw new Error(`an ask without a position was answered with "${answer.type}"`);
    return answer;
  };

  describe(`the log contract: ${name}`, () => {
    it("[L1, L5] numbers the facts of a room from 1 without a hole, each room its own", async () => {
      const test = await start();
      follow(test, "r");
      follow(test, "s");
      const one = await test.log.append("r", [connect("a", "ann", 1), bye("nobody"), connect("b", "bob", 2)]);
      const other = await test.log.append("s", [connect("a", "ann", 4)]);
      const two = await test.log.append("r", [bye("a")]);
      expect(one.delta).toMatchObject({ from: 0, to: 2, digest: 3, facts: [{ seq: 1, conn: "a", first: 1 }, { seq: 2, conn: "b", first: 2 }] });
      expect(two.delta).toMatchObject({ from: 2, to: 3, digest: 2, epoch: one.delta!.epoch, facts: [{ seq: 3, conn: "a", user: "ann", reason: "leave" }] });
      expect(other.delta).toMatchObject({ from: 0, to: 1, digest: 4 });
      expect(one.delta!.epoch).toBeGreaterThan(0);
    });

    it("[L1, L5] tells each follower of a room every event once, in order, with the room before and after it", async () => {
      const test = await start();
      const followers = [follow(test, "r"), follow(test, "r")];
      const elsewhere = follow(test, "s");
      await test.log.append("r", [connect("a", "ann", 1), update("a", "ann", 2, "x")]);
      await test.log.append("r", [connect("a", "ann", 2)]);
      await test.log.append("r", [connect("b", "bob", 3)]);
      await test.log.append("r", [bye("a"), bye("b")]);
      await test.quiet();
      for (const { heard } of followers) {
        expect(heard.map(({ after }) => after.seq)).toEqual([2, 3, 5]);
        heard.forEach(({ event, before, after }, i) => {
          expect(shown(reduce(before, event))).toEqual(shown(after));
          if (i > 0) expect(shown(before)).toEqual(shown(heard[i - 1]!.after));
        });
        expect(shown(test.log.room("r"))).toEqual(shown(heard.at(-1)?.after));
      }
      expect(elsewhere.heard).toEqual([]);
    });

    it("[L5] a stop is final, may be called twice, and ends nobody else's following", async () => {
      const test = await start();
      const hear = follow(test, "r");
      const stay = follow(test, "r");
      await test.log.append("r", [connect("a", "ann", 1)]);
      await test.quiet();
      hear.stop();
      hear.stop();
      await test.log.append("r", [bye("a")]);
      await test.quiet();
      expect([hear.heard.length, stay.heard.length]).toEqual([1, 2]);
    });

    it("[L2, L5] gives seq, at, first and since, and takes an age only from who announces again", async () => {
      const test = await start();
      follow(test, "r");
      const born = await test.log.append("r", [connect("a", "ann", 1)]);
      const [first] = born.delta!.facts;
      await test.pass(50);
      const { delta } = await test.log.append("r", [connect("a2", "ann", 2), connect("b", "bob", 3, "", first!.at - 7), connect("c", "cy", 4, "", first!.at + 1e9), update("a", "ann", 5, "x")]);
      const facts = delta!.facts.map((fact) => (fact.type === "connect" ? [fact.seq, fact.first, fact.since] : []));
      expect(facts).toEqual([[2, 2, first!.at], [3, 3, first!.at - 7], [4, 4, delta!.at], [5, 1, first!.at]]);
      expect(first).toMatchObject({ at: born.delta!.at, since: born.delta!.at });
      expect(delta!.at).toBeGreaterThanOrEqual(born.delta!.at);
    });

    it("[L2, L5] refuses by code and index, and uses no seq for it", async () => {
      const test = await start();
      follow(test, "r");
      await test.log.append("r", [connect("a", "ann", 1), connect("g", "guy", 2), bye("g"), { type: "block", user: "bad", until: Number.MAX_SAFE_INTEGER }]);
      const { refused, delta } = await test.log.append("r", [
        connect("a", "ann", 1), connect("x", "xi", 2), connect("g", "guy", 9), bye("g"), bye("who"), update("who", "ann", 10, ""), connect("a", "bob", 11), connect("b", "bad", 12), connect("ok", "oz", 13),
      ]);
      expect(refused).toEqual(["repeat", "repeat", "gone", "gone", "unknown", "unknown", "user", "blocked"].map((code, op) => ({ op, code })));
      expect(delta).toMatchObject({ from: 3, to: 4, facts: [{ conn: "ok" }] });
      const none = await test.log.append("r", [connect("ok", "oz", 13)]);
      expect(none).toEqual({ delta: undefined, refused: [{ op: 0, code: "repeat" }], turns: [] });
    });

    it("[L2, L5] a block ends", async () => {
      const test = await start();
      follow(test, "r");
      const { delta } = await test.log.append("r", [connect("a", "ann", 1)]);
      await test.log.append("r", [{ type: "block", user: "bad", until: delta!.at + 1000 }]);
      expect((await test.log.append("r", [connect("b", "bad", 2)])).refused).toEqual([{ op: 0, code: "blocked" }]);
      await test.pass(1000);
      expect((await test.log.append("r", [connect("b", "bad", 2)])).refused).toEqual([]);
    });

    it("[L1, L5] says who turned present or absent, net of the batch", async () => {
      const test = await start();
      follow(test, "r");
      const came = await test.log.append("r", [connect("a", "ann", 1), connect("a2", "ann", 2), connect("b", "bob", 3), bye("b")]);
      const went = await test.log.append("r", [bye("a"), bye("a2")]);
      expect(came.turns).toEqual([{ user: "ann", seq: 1, present: true }]);
      expect(went.turns).toEqual([{ user: "ann", seq: 6, present: false }]);
    });

    it("[L3, L5] answers by epoch, window and digest, and changes nothing by answering", async () => {
      const test = await start({ window: 4 });
      follow(test, "r");
      const told = [{ ...toSnapshot((test.log.room("r"))!) }];
      for (let i = 1; i <= 8; i++) {
        await test.log.append("r", [connect(`c${i}`, `u${i}`, i)]);
        told.push(await snapshotOf(test, "r"));
      }
      const last = told[8]!;
      const ask = (pos: { epoch: number; seq: number; digest: number }, full = false): Answer<Meta> | Promise<Answer<Meta>> => test.log.since("r", { pos, full });
      expect(await ask(position(last))).toMatchObject({ type: "heartbeat", ...position(last) });
      expect(await ask(position(told[4]!))).toMatchObject({ type: "delta", from: 4, to: 8, digest: last.digest });
      expect(await ask(position(told[7]!))).toMatchObject({ type: "delta", from: 7, to: 8 });
      const whole = { type: "snapshot", ...position(last), connections: last.connections };
      for (const pos of [
        position(told[3]!), { ...position(last), seq: 9 }, { ...position(last), digest: 1 }, { ...position(told[6]!), digest: 1 }, { ...position(told[4]!), digest: 1 },
      ]) expect(await ask(pos)).toMatchObject(whole);
      expect(await ask(position(told[7]!), true)).toMatchObject(whole);
      expect(position(await snapshotOf(test, "r"))).toEqual(position(last));
    });

    it("[L3, L5, R4] what it answers takes a follower to the room of now, goodbyes of strangers included", async () => {
      const test = await start();
      const { heard } = follow(test, "r");
      await test.log.append("r", [connect("a1", "ann", 1, "old tab"), connect("a2", "ann", 2, "new tab")]);
      await test.log.append("r", [connect("x", "xi", 3), update("a1", "ann", 4, "old tab edited")]);
      await test.log.append("r", [bye("x"), connect("b", "bob", 5), bye("a2")]);
      await test.quiet();
      for (const { before } of heard) {
        const answer = await test.log.since("r", { pos: position(before), full: false });
        if (answer.type !== "delta") throw new Error(answer.type);
        expect(shown(reduce(before, answer))).toEqual(shown(test.log.room("r")));
      }
      const answer = await test.log.since("r", { pos: position(heard[1]!.before), full: false });
      expect(answer.type === "delta" && answer.facts.map((fact) => [fact.type, fact.conn])).toEqual([["connect", "a1"], ["disconnect", "x"], ["connect", "b"], ["disconnect", "a2"]]);
    });

    it("[L4, L5] forgets facts by number and by age", async () => {
      const test = await start({ window: 2, windowAge: 5000 });
      follow(test, "r");
      await test.log.append("r", [connect("g", "guy", 1), bye("g")]);
      const empty = await snapshotOf(test, "r");
      expect((await test.log.append("r", [connect("g", "guy", 2)])).refused).toMatchObject([{ code: "gone" }]);
      await test.log.append("r", [connect("a", "ann", 3), connect("b", "bob", 4)]);
      // Where the window starts, a position can still be checked.
      expect((await test.log.since("r", { pos: position(empty), full: false })).type).toBe("delta");
      await test.pass(5001);
      await test.log.append("r", [connect("c", "cy", 5)]);
      expect((await test.log.since("r", { pos: position(empty), full: false })).type).toBe("snapshot");
    });

    it("[L6, L5] while it is young, who names another epoch is told when to ask again, and nobody else", async () => {
      const test = await start();
      follow(test, "r");
      await test.begin();
      await test.pass(2000);
      await test.log.append("r", [connect("a", "ann", 1)]);
      const here = await snapshotOf(test, "r");
      const stranger = { pos: { epoch: here.epoch - 5, seq: 3, digest: 8 }, full: false };
      const later = await test.log.since("r", stranger);
      if (later.type !== "later") throw new Error(later.type);
      expect(later.ms).toBeGreaterThan(0);
      expect(later.ms).toBeLessThanOrEqual(10_000);
      expect((await test.log.since("r", { ...stranger, full: true })).type).toBe("later");
      expect((await test.log.since("r", { pos: position(here), full: false })).type).toBe("heartbeat");
      await test.begin();
      await test.pass(later.ms);
      expect(await test.log.since("r", stranger)).toMatchObject({ type: "snapshot", ...position(here) });
    });

    it("[L1, L5] a restart is a later epoch, empty, and its followers hear a snapshot", async () => {
      const test = await start();
      const { heard } = follow(test, "r");
      await test.log.append("r", [connect("a", "ann", 1)]);
      const old = await snapshotOf(test, "r");
      await test.log.restart("r");
      await test.quiet();
      const { event, before, after } = heard.at(-1)!;
      expect(event).toMatchObject({ type: "snapshot", seq: 0, digest: 0, connections: [] });
      expect(position(before)).toEqual(position(old));
      expect(after.epoch).toBeGreaterThan(old.epoch);
      expect(shown(reduce(before, event))).toEqual(shown(after));
      const again = await test.log.append("r", [connect("a", "ann", 1)]);
      expect(again.delta).toMatchObject({ epoch: after.epoch, from: 0, to: 1 });
      await test.begin();
      await test.pass(12_000);
      expect(await test.log.since("r", { pos: position(old), full: false })).toMatchObject({ type: "snapshot", epoch: after.epoch, seq: 1 });
    });

    it("[R10, L5] any string is a room, a conn and a user", async () => {
      const test = await start();
      const ids = ["__proto__", "constructor", "", "10", "2", "a b", "\u0000", "ä"];
      for (const room of ids) {
        follow(test, room);
        await test.log.append(room, ids.map((id, i) => connect(id, id, i + 1)));
      }
      for (const room of ids) expect((await snapshotOf(test, room)).connections.map((c) => [c.conn, c.user])).toEqual([...ids].sort().map((id) => [id, id]));
    });
  });
}
