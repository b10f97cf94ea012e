import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Log } from "../../src/ports.js";
import { memoryLog } from "../../src/server/memory-log.js";
import { replay } from "../../src/testing/replay.js";
import { fakeClock } from "../support/fake-clock.js";
import { agrees, settled, world, type FakeClient, type Meta, type World } from "../support/server.js";
import type * as HostModule from "../../src/server/host.js";
import type * as LogModule from "../../src/server/log.js";
import type * as DraftModule from "../../src/core/draft.js";
import type * as ChangeModule from "../../src/core/change.js";
import type * as EncodeModule from "../../src/protocol/encode.js";

const planted = vi.hoisted(() => ({ where: "", left: 0, strike(here: string): void {
  if (planted.where !== here || planted.left <= 0) return;
  planted.left--;
  throw new Error(`planted in ${here}`);
} }));

/** Every function of a module that is named throws when it is its turn. */
function trapped<T extends object>(module: T, names: readonly (keyof T & string)[]): T {
  const traps = names.map((name) => [name, (...args: unknown[]): unknown => {
    planted.strike(name);
    return (module[name] as (...args: unknown[]) => unknown)(...args);
  }]);
  return { ...module, ...Object.fromEntries(traps) as Partial<T> };
}

vi.mock("../../src/server/host.js", async (original) => {
  const module = await original<typeof HostModule>();
  return { ...trapped(module, ["step"]), step: (host: never, input: never) => {
    planted.strike("step");
    planted.strike(`step ${(input as { type: string }).type}`);
    return module.step(host, input);
  } };
});
vi.mock("../../src/server/log.js", async (original) => trapped(await original<typeof LogModule>(), ["append", "since"]));
vi.mock("../../src/core/draft.js", async (original) => trapped(await original<typeof DraftModule>(), ["applyFact"]));
vi.mock("../../src/core/change.js", async (original) => trapped(await original<typeof ChangeModule>(), ["changes"]));
vi.mock("../../src/protocol/encode.js", async (original) => trapped(await original<typeof EncodeModule>(), ["encodeDelta", "encodeSnapshot", "encodeHeartbeat", "encodeCount", "toPos"]));

beforeEach(() => { Object.assign(planted, { where: "", left: 0 }); });

function plant(where: string, times = 1): void {
  Object.assign(planted, { where, left: times });
}

/** Ann, bob and a counter in `r`, ann and cid in `s`; all that was said is read. */
function busy(): World & { ann: FakeClient; bob: FakeClient; counter: FakeClient; cid: FakeClient } {
  const w = world();
  const [ann, bob, counter, cid] = [w.client("ann"), w.client("bob"), w.client("x"), w.client("cid")];
  ann.join("r", { meta: { i: 1 } });
  bob.join("r");
  counter.join("r", { watch: "count", present: false });
  ann.join("s");
  cid.join("s");
  // The log has settled.
  w.clock.advance(20_000);
  for (const client of [ann, bob, counter, cid]) client.news();
  w.changes();
  return { ...w, ann, bob, counter, cid };
}

/** Works in `r` until the defect struck: an update, a third one who joins, a count that is asked for, a heartbeat. */
async function work(w: ReturnType<typeof busy>): Promise<FakeClient> {
  w.ann.say({ type: "update", room: "r", meta: { i: 2 } });
  const dan = w.client("dan");
  dan.join("r");
  w.clock.advance(60);
  w.counter.say({ type: "sync", room: "r" });
  w.bob.say({ type: "sync", room: "r", full: true });
  for (let i = 0; i < 5; i++) {
    for (const { link } of [w.ann, w.bob, w.counter, w.cid, dan]) link.heard();
    w.clock.advance(12_000);
  }
  await settled();
  // A client whose request was lost asks again; one that was told `internal` comes again then.
  w.bob.say({ type: "sync", room: "r", full: true });
  w.counter.say({ type: "sync", room: "r" });
  if (!dan.last("joined") || dan.last("ended")) dan.join("r");
  w.clock.advance(1_100);
  return dan;
}

describe("a defect of ours", () => {
  it.each(["append", "applyFact", "changes", "encodeDelta", "encodeSnapshot", "encodeCount", "step join", "step update", "step log"])(
    "[H11] in %s: the room starts again in a new epoch, nobody comes or goes, and other rooms notice nothing", async (where) => {
      const w = busy();
      const { epoch } = w.registry.snapshot("r");
      const other = w.registry.snapshot("s");
      plant(where);
      const dan = await work(w);
      expect(planted.left).toBe(0);
      expect(w.errors).toMatchObject([{ code: "internal", room: "r", cause: { message: expect.stringContaining("planted") as string } }]);
      expect(w.registry.snapshot("r").epoch).toBeGreaterThan(epoch);
      expect(w.registry.users("r").map(({ id, meta }) => [id, meta])).toEqual(expect.arrayContaining([["ann", { i: where === "step update" ? 1 : 2 }], ["bob", {}], ["dan", {}]]) as unknown);
      expect([w.registry.userCount("r"), w.registry.connectionCount("r")]).toEqual([3, 3]);
      expect(w.changes().filter((change) => !change.startsWith("updated"))).toEqual(["joined dan"]);
      for (const client of [w.ann, w.bob, dan]) expect([client.peer, agrees(w, client, "r")]).toEqual([client.peer, true]);
      expect(w.counter.last("count")).toMatchObject({ users: 3, connections: 3 });
      expect({ ...w.registry.snapshot("s"), at: other.at }).toEqual(other);
      expect([agrees(w, w.cid, "s"), w.cid.states().filter(({ type }) => type !== "heartbeat")]).toEqual([true, []]);
      // Whoever was announced again is told under which connection.
      const conn = w.registry.users("r").find(({ id }) => id === "bob")?.connections[0]?.conn;
      expect(w.bob.last("joined")).toMatchObject({ room: "r", conn });
    });

  it("[H11] in an answer to one who becomes ready, in a heartbeat, or in what a log is asked: the same", async () => {
    for (const where of ["encodeDelta", "encodeHeartbeat", "since"]) {
      const w = busy();
      const { epoch } = w.registry.snapshot("r");
      w.wire.slow.add(w.bob.peer);
      w.ann.say({ type: "update", room: "r", meta: { i: 2 } });
      w.clock.advance(60);
      w.wire.slow.clear();
      plant(where);
      w.bob.link.ready();
      w.clock.advance(26_000);
      await settled();
      expect([where, w.codes(), w.changes()]).toEqual([where, ["internal"], ["updated ann"]]);
      if (w.errors[0]?.room === "r") expect(w.registry.snapshot("r").epoch).toBeGreaterThan(epoch);
      w.clock.advance(60);
      for (const client of [w.ann, w.bob]) expect([where, agrees(w, client, "r")]).toEqual([where, true]);
    }
  });

  it("[H11] who joins when it strikes is in the room all the same, and told where", () => {
    const w = busy();
    plant("append");
    const dan = w.client("dan", { context: "dan's" });
    const re = dan.join("r");
    const conn = w.registry.users("r").find(({ id }) => id === "dan")?.connections[0]?.conn;
    expect(dan.all().filter(({ type }) => type === "joined")).toMatchObject([{ conn }, { re, conn, user: "dan" }]);
    expect(w.told.filter(([name, event]) => name === "connected" && (event as { user: string }).user === "dan")).toMatchObject([["connected", { context: "dan's" }]]);
    w.clock.advance(60);
    expect(agrees(w, dan, "r")).toBe(true);
  });

  it("[H11] one that strikes again and again starts the room once a tick, not for ever in one turn", () => {
    const w = busy();
    plant("append", 1_000);
    const dan = w.client("dan");
    dan.join("r");
    const struck = 1_000 - planted.left;
    expect(struck).toBeLessThan(10);
    expect(dan.last("ended")).toMatchObject({ room: "r", reason: "error", code: "internal", retry: 10_000 });
    w.clock.advance(1_000);
    expect(1_000 - planted.left).toBeLessThan(2 * struck);
    // Once it is over, all who are there are in the room again.
    plant("");
    w.clock.advance(1_100);
    expect(w.registry.users("r").map(({ id }) => id).sort()).toEqual(["ann", "bob"]);
    for (const client of [w.ann, w.bob]) expect(agrees(w, client, "r")).toBe(true);
    expect(w.registry.userCount("s")).toBe(2);
  });

  it("[H11] a kick that it strikes is done", () => {
    const w = busy();
    plant("append");
    w.registry.kick("ann", "r");
    w.clock.advance(60);
    expect([w.registry.users("r").map(({ id }) => id), w.ann.last("ended")?.code]).toEqual([["bob"], "kicked"]);
    expect(agrees(w, w.bob, "r")).toBe(true);
  });

  it.each(["step close", "step tick", "step open", "step identify"])("[H11] in %s, which names no room: reported, and what was lost is mended by the next audit", (where) => {
    const w = busy();
    plant(where);
    if (where === "step close") w.bob.link.closed("leave");
    const dan = where === "step close" ? undefined : w.client("dan");
    dan?.join("r");
    w.clock.advance(1_000);
    expect([planted.left, w.codes()[0], w.errors[0]?.room]).toEqual([0, "internal", undefined]);
    w.registry.audit();
    // Told `internal`, its client comes again.
    if (dan?.last("ended")) dan.join("r");
    w.clock.advance(where === "step close" ? 12_000 : 60);
    expect(w.registry.users("r").map(({ id }) => id).sort()).toEqual(where === "step close" ? ["ann"] : ["ann", "bob", "dan"]);
    expect(w.registry.audit()).toBe(0);
  });

  it("[H11] in the acknowledgement of a change of user: it is told, and the promise keeps", async () => {
    const w = busy();
    plant("toPos");
    await w.ann.link.identify({ user: "eve" });
    expect(w.codes()).toEqual(["internal"]);
    plant("toPos");
    expect(await w.bob.link.join("r")).toBe(false);
    expect(w.codes()).toEqual(["internal", "internal"]);
    // In a client's own message: the room starts again.
    const { epoch } = w.registry.snapshot("r");
    plant("toPos");
    w.bob.join("r");
    expect(w.registry.snapshot("r").epoch).toBeGreaterThan(epoch);
    expect(w.registry.userCount("s")).toBeGreaterThan(0);
  });

  it("[H11] in the acknowledgement of a join that was just appended: the joiner is in the room that starts again", () => {
    const w = busy();
    plant("toPos");
    const dan = w.client("dan");
    dan.join("r");
    w.clock.advance(60);
    expect([w.codes(), w.registry.userCount("r"), agrees(w, w.bob, "r")]).toEqual([["internal"], 3, true]);
    expect(dan.last("joined")).toMatchObject({ room: "r", user: "dan" });
  });

  it("[H11] in an answer that a log elsewhere gave later: the same", async () => {
    const clock = fakeClock();
    const inner = memoryLog<Meta>({ clock });
    const w = world({ clock, log: { ...inner, since: (room, ask) => Promise.resolve(inner.since(room, ask)) } });
    const ann = w.client("ann");
    ann.join("r");
    const { epoch } = w.registry.snapshot("r");
    plant("encodeSnapshot");
    await settled();
    expect([planted.left, w.codes(), w.registry.snapshot("r").epoch > epoch]).toEqual([0, ["internal"], true]);
    for (let i = 0; i < 3; i++) {
      w.clock.advance(60);
      await settled();
    }
    expect([agrees(w, ann, "r"), w.changes()]).toEqual([true, ["joined ann"]]);
  });

  it.each(["throws", "rejects"])("[H11] a log whose restart %s is started again after a tick", async (how) => {
    const clock = fakeClock();
    const inner = memoryLog<Meta>({ clock });
    let broken = 0;
    const log: Log<Meta> = { ...inner, restart(room) {
      if (broken-- <= 0) { inner.restart(room); return; }
      if (how === "throws") throw new Error("no");
      return Promise.reject(new Error("no"));
    } };
    const w = world({ clock, log });
    const [ann, bob] = [w.client("ann"), w.client("bob")];
    ann.join("r");
    bob.join("r");
    const { epoch } = w.registry.snapshot("r");
    broken = 1;
    plant("append");
    ann.say({ type: "update", room: "r", meta: { i: 1 } });
    await settled();
    expect([w.codes(), w.registry.snapshot("r").epoch]).toEqual([["internal", "internal"], epoch]);
    w.clock.advance(1_000);
    expect([w.codes().length, w.registry.snapshot("r").epoch > epoch, w.registry.users("r").map(({ meta }) => meta)]).toEqual([2, true, [{ i: 1 }, {}]]);
    expect(w.changes()).toEqual(["joined ann", "joined bob", "updated ann"]);
    w.registry.close();
    expect(w.clock.pending).toBe(0);
  });

  it("[H11] a chance that fails, too", async () => {
    let broken = false;
    const w = world({ random: () => { if (broken) throw new Error("no entropy"); return Math.random(); } });
    const ann = w.client("ann");
    ann.join("r");
    broken = true;
    ann.join("s");
    expect([await ann.link.join("t"), w.codes()]).toEqual([false, ["internal", "internal"]]);
    broken = false;
    ann.join("s");
    expect([...w.registry.roomsOfHere("ann")].sort()).toEqual(["r", "s"]);
  });

  it.each(["append", "changes"])("[H13] a recording of a room that started again, after a throw in %s, replays", (where) => {
    const w = busy();
    const lines: string[] = [];
    const stop = w.registry.record((line) => lines.push(line));
    const before = w.registry.snapshot("r").epoch;
    plant(where);
    w.bob.say({ type: "leave", room: "r" });
    w.clock.advance(2_000);
    w.ann.say({ type: "update", room: "r", meta: { i: 2 } });
    w.bob.join("r");
    w.clock.advance(2_000);
    expect(w.registry.snapshot("r").epoch).toBeGreaterThan(before);
    stop();
    const { differences, rooms, story } = replay(lines);
    expect([differences, rooms.get("r")?.digest]).toEqual([[], w.registry.snapshot("r").digest]);
    expect(story.join("\n")).toMatch(/"r" starts again, in epoch \d+\n/);
  });
});
