import { describe, expect, it } from "vitest";
import type { Op } from "../../src/ports.js";
import { memoryLog, type MemoryLog } from "../../src/server/memory-log.js";
import { createRegistry } from "../../src/server/registry.js";
import { fakeClock } from "../support/fake-clock.js";
import { agrees, heldLog, settled, world, type FakeClient, type HeldLog, type Meta, type World } from "../support/server.js";

/** A registry whose log is elsewhere: it answers when the test says so. */
function remote(options = {}): World & { log: HeldLog<Meta>; inner: MemoryLog<Meta> } {
  const clock = fakeClock();
  const inner = memoryLog<Meta>({ clock });
  const log = heldLog(inner);
  return { ...world({ clock, log, grace: 0, ...options }), log, inner };
}

const types = (client: FakeClient): string[] => client.news().map(({ type }) => type);
const ops = (batch: readonly unknown[]): string[] => (batch as readonly Op<Meta>[]).map((op) => `${op.type} ${"user" in op ? op.user : op.reason}`);

/** Ann in `r`, at rest. */
async function inRoom(options = {}): Promise<ReturnType<typeof remote> & { ann: FakeClient }> {
  const w = remote(options);
  const ann = w.client("ann");
  ann.join("r");
  await w.log.answer();
  w.clock.advance(200);
  await settled();
  w.clock.advance(200);
  ann.news();
  w.changes();
  return { ...w, ann };
}

describe("a log that is elsewhere", () => {
  it("[L2] has one append of a room in flight, in order, and what comes meanwhile is the next batch", async () => {
    const w = remote();
    const ann = w.client("ann");
    ann.join("r");
    ann.join("s");
    ann.say({ type: "leave", room: "r" });
    const bob = w.client("bob");
    bob.join("r");
    void bob.link.update("r", { i: 1 });
    bob.link.closed("leave");
    expect(w.log.waiting.map(ops)).toEqual([["connect ann"], ["connect ann"]]);
    expect(w.registry.health().busy).toBe(2);
    await w.log.answer();
    await w.log.answer();
    // Of bob nothing comes after the goodbye.
    expect(w.log.waiting.map(ops)).toEqual([["disconnect leave", "connect bob", "update bob", "disconnect leave"]]);
    await w.log.answer();
    expect([w.registry.health().busy, w.registry.userCount("r")]).toEqual([0, undefined]);
    expect(w.changes()).toEqual(["joined ann", "joined ann", "left ann"]);
    expect(w.registry.health().connections).toBe(1);
  });

  it("[P3] [V4] a present join is acknowledged, and told, when the log has it; one that is said again waits for it too", async () => {
    const w = remote();
    const ann = w.client("ann");
    const joined = ann.link.join("r");
    const n = ann.join("r");
    await settled();
    expect(types(ann)).toEqual(["welcome"]);
    await w.log.answer();
    expect(await joined).toBe(true);
    const acknowledged = ann.news();
    expect(acknowledged.slice(0, 2)).toMatchObject([{ type: "joined", pos: [expect.any(Number), 1, expect.any(Number)] }, { type: "joined", re: n, pos: [expect.any(Number), 1, expect.any(Number)] }]);
    w.clock.advance(60);
    expect(agrees(w, ann, "r")).toBe(true);
  });

  it("[P3] an answer that comes between two boundaries waits for the next, and is shared", async () => {
    const w = await inRoom();
    w.log.asks = "later";
    const watchers = [w.client("x"), w.client("y")];
    for (const watcher of watchers) watcher.join("r", { present: false });
    w.clock.advance(60);
    await w.log.answerAsks();
    expect(watchers.map(types)).toEqual([["welcome", "joined"], ["welcome", "joined"]]);
    w.clock.advance(60);
    w.clock.advance(60);
    await w.log.answerAsks();
    w.clock.advance(60);
    expect(watchers.map(types)).toEqual([["snapshot"], ["snapshot"]]);
    for (const watcher of watchers) expect(agrees(w, watcher, "r")).toBe(true);
    // One that is out is not asked again meanwhile, and one that is replaced is not heard.
    const { asked } = w.log;
    watchers[0]!.say({ type: "sync", room: "r" });
    w.ann.say({ type: "update", room: "r", meta: { i: 1 } });
    await w.log.answer();
    w.clock.advance(120);
    expect(w.log.asked).toBe(asked + 1);
    watchers[0]!.join("r", { watch: "count", present: false });
    await w.log.answerAsks();
    w.clock.advance(120);
    expect(types(watchers[0]!)).toEqual(["synced", "joined", "count"]);
  });

  it("[P3] a log that can't be asked is reported, and asked again after a tick", async () => {
    const w = await inRoom();
    w.log.asks = "never";
    const bob = w.client("bob");
    bob.join("r", { present: false });
    await settled();
    expect([w.codes(), types(bob)]).toEqual([["unavailable"], ["welcome", "joined"]]);
    w.log.asks = "now";
    w.clock.advance(1_000);
    await settled();
    w.clock.advance(60);
    expect([w.codes(), types(bob)]).toEqual([["unavailable"], ["snapshot"]]);
  });

  it("[L6] it may be young", async () => {
    const w = remote();
    w.inner.begin();
    const ann = w.client("ann");
    ann.join("r", { present: false, pos: [5, 9, 77] });
    await settled();
    expect(ann.news()).toMatchObject([{ type: "welcome" }, { type: "joined" }, { type: "error", code: "settling", room: "r" }]);
  });

  it("[L2] what it may have missed goes again after a tick, and counts once", async () => {
    for (const reached of [true, false]) {
      const w = remote();
      const ann = w.client("ann");
      ann.join("r");
      await (reached ? w.log.answer(false) : w.log.fail());
      const bob = w.client("bob");
      bob.join("r");
      expect([w.codes(), w.log.waiting]).toEqual([["unavailable"], []]);
      w.clock.advance(1_000);
      expect(w.log.waiting.map(ops)).toEqual([["connect ann", "connect bob"]]);
      await w.log.answer();
      expect([w.registry.userCount("r"), w.registry.connectionCount("r"), w.changes()]).toEqual([2, 2, ["joined ann", "joined bob"]]);
      expect(ann.last("joined")).toMatchObject({ room: "r", user: "ann" });
      // So does a goodbye, which by then may be gone.
      ann.say({ type: "leave", room: "r" });
      const left = bob.link.leave("r");
      bob.say({ type: "leave", room: "r" });
      await (reached ? w.log.answer(false) : w.log.fail());
      w.clock.advance(1_000);
      await w.log.answer();
      expect([await left, [...w.changes()].sort(), w.registry.rooms()]).toEqual([true, ["left ann", "left bob"], []]);
      expect(new Set(w.codes())).toEqual(new Set(["unavailable"]));
    }
  });

  it("[R14] `origin` is true for what came of an append of ours, and of nobody else's", async () => {
    const w = await inRoom();
    const origins = (): unknown[] => w.told.splice(0).filter(([name]) => name !== "connected" && name !== "disconnected").map(([name, event]) => [name, (event as { user: string }).user, (event as { origin: boolean }).origin]);
    origins();
    w.inner.append("r", [{ type: "connect", conn: "elsewhere", user: "eve", tag: 5, meta: {} }]);
    w.ann.say({ type: "update", room: "r", meta: { i: 1 } });
    // Heard while ours is in flight: told with it, and still not ours.
    const conn = w.registry.users("r").find(({ id }) => id === "ann")?.connections[0]?.conn ?? "";
    w.inner.append("r", [{ type: "update", conn: "elsewhere", user: "eve", tag: 6, meta: { i: 2 } }, { type: "update", conn, user: "ann", tag: 7, meta: { i: 0 } }]);
    await w.log.answer();
    expect(origins()).toEqual([["joined", "eve", false], ["updated", "eve", false], ["updated", "ann", false], ["updated", "ann", true]]);
    w.ann.say({ type: "leave", room: "r" });
    await w.log.answer();
    expect(origins()).toEqual([["left", "ann", true]]);
    // Where the answer was lost nobody can say, and nothing waits for it.
    w.ann.join("r");
    await w.log.answer(false);
    expect(origins()).toEqual([["joined", "ann", false]]);
    w.clock.advance(1_000);
    await w.log.answer();
    expect(origins()).toEqual([]);
  });

  it("[H6] [H12] a link that closes, leaves or logs out while its join is in flight is not in", async () => {
    for (const how of ["closed", "leave", "logout", "server leave"] as const) {
      const w = remote();
      const ann = w.client("ann");
      const given = how === "server leave" ? ann.link.join("r") : undefined;
      if (!given) ann.join("r");
      if (how === "closed") ann.link.closed("leave");
      if (how === "leave") ann.say({ type: "leave", room: "r" });
      if (how === "logout") void ann.link.identify(undefined);
      if (given) void ann.link.leave("r");
      await w.log.answer();
      await w.log.answer();
      w.clock.advance(200);
      const told = { closed: [], leave: [], logout: ["ended"], "server leave": [] }[how];
      expect([how, types(ann), w.registry.rooms()]).toEqual([how, ["welcome", ...told], []]);
      if (given) {
        expect(await given).toBe(false);
        // Nor is the room the client's by the server's word.
        const asked: string[] = [];
        const picky = w.client("bob", { authorize: ({ room }) => { asked.push(room); return false; } });
        void picky.link.join("r");
        void picky.link.leave("r");
        await w.log.answer();
        await w.log.answer();
        picky.join("r");
        expect(asked).toEqual(["r"]);
      }
    }
  });

  it("[H12] [V4] a join after a leave is another stay, and shows what it said itself, though the log is slow with all of it", async () => {
    const w = remote();
    const ann = w.client("ann");
    ann.join("r", { meta: { i: 1 } });
    ann.say({ type: "leave", room: "r" });
    const re = ann.join("r", { meta: { i: 2 } });
    expect(w.log.waiting.map(ops)).toEqual([["connect ann"]]);
    await w.log.answer();
    expect(w.log.waiting.map(ops)).toEqual([["disconnect leave", "connect ann"]]);
    // The former stay is in the log by now; what it showed is not what the link shows.
    void ann.link.identify({ user: "ann", meta: { role: "guest" } });
    await w.log.answer();
    await w.log.answer();
    expect(ann.news().filter(({ type }) => type !== "snapshot")).toMatchObject([{ type: "welcome" }, { type: "joined", re }]);
    expect(w.registry.users("r")).toMatchObject([{ id: "ann", meta: { i: 2, role: "guest" }, connections: [{ conn: ann.last("joined")?.conn }] }]);
    expect(w.log.waiting).toEqual([]);
  });

  it("[H12] an update that the log is slow with is not acknowledged after a leave, and what was said behind it is not done", async () => {
    const w = await inRoom();
    w.ann.say({ type: "update", room: "r", meta: { i: 1 } });
    w.ann.say({ type: "update", room: "r", meta: { i: 2 } });
    w.ann.say({ type: "sync", room: "r" });
    w.ann.say({ type: "leave", room: "r" });
    await w.log.answer();
    await w.log.answer();
    w.clock.advance(200);
    expect([w.ann.news(), w.log.waiting, w.changes(), w.registry.rooms()]).toEqual([[], [], ["updated ann", "left ann"], []]);
  });

  it("[H10] a kick also ends a join that is in flight, and the client knows that its join is meant", async () => {
    const w = remote();
    const ann = w.client("ann");
    const re = ann.join("r");
    w.registry.kick("ann");
    expect(ann.last("ended")).toMatchObject({ re, room: "r", code: "kicked", retry: false });
    await w.log.answer();
    await w.log.answer();
    expect([w.registry.userCount("r"), ann.last("joined")]).toEqual([undefined, undefined]);
  });

  it("[H9] the server's claim is gone once it left, though the client holds the connection", async () => {
    const asked: string[] = [];
    const w = remote();
    const ann = w.client("ann", { authorize: ({ watch }) => { asked.push(watch); return true; } });
    const given = ann.link.join("r");
    ann.join("r");
    void ann.link.leave("r");
    await w.log.answer();
    expect([await given, w.registry.userCount("r")]).toEqual([false, 1]);
    ann.join("r", { watch: "count" });
    expect(asked).toEqual(["users", "count"]);
  });

  it("[H10] what the server gave is gone with a kick, at once", async () => {
    const w = remote();
    const ann = w.client("ann");
    const given = ann.link.join("r");
    await w.log.answer();
    expect(await given).toBe(true);
    w.registry.kick("ann", "r");
    void ann.link.identify({ user: "bob" });
    await w.log.answer();
    await w.log.answer();
    expect([w.registry.rooms(), w.log.waiting, ann.all().filter(({ type }) => type === "ended").length]).toEqual([[], [], 1]);
  });

  it("[H10] a kick by another process ends it here, and says so; a reaped one is announced again", async () => {
    const w = await inRoom();
    const conn = w.registry.users("r")[0]?.connections[0]?.conn ?? "";
    const { since } = w.registry.users("r")[0]!;
    w.clock.advance(5_000);
    w.inner.append("r", [{ type: "disconnect", conn, reason: "node-lost" }]);
    expect(w.log.waiting.map(ops)).toEqual([["connect ann"]]);
    await w.log.answer();
    const again = w.registry.users("r")[0]?.connections[0]?.conn ?? "";
    expect(w.ann.last("joined")).toMatchObject({ room: "r", conn: again, user: "ann" });
    expect([again === conn, w.registry.users("r")[0]?.since === since]).toEqual([false, true]);
    w.inner.append("r", [{ type: "disconnect", conn: again, reason: "kicked" }]);
    expect(w.ann.last("ended")).toMatchObject({ room: "r", conn: again, code: "kicked" });
    expect(w.log.waiting).toEqual([]);
  });

  it("[H10] one that is kept out when it is announced again is told that it was removed", async () => {
    const w = await inRoom();
    const conn = w.registry.users("r")[0]?.connections[0]?.conn ?? "";
    w.inner.append("r", [{ type: "disconnect", conn, reason: "node-lost" }, { type: "block", user: "ann", until: w.clock.now() + 60_000 }]);
    await w.log.answer();
    expect([w.ann.last("ended")?.code, w.registry.userCount("r"), w.registry.health().rooms]).toEqual(["kicked", 0, 0]);
  });

  it("[L6] [H11] when it starts again, everybody is announced again, and nobody seems to leave", async () => {
    const w = await inRoom();
    const bob = w.client("bob");
    bob.join("r");
    await w.log.answer();
    w.changes();
    w.inner.restart("r");
    expect([w.log.waiting.map(ops), w.changes()]).toEqual([[["connect ann", "connect bob"]], []]);
    await w.log.fail();
    w.clock.advance(1_000);
    await w.log.answer();
    expect([w.registry.userCount("r"), w.changes()]).toEqual([2, []]);
    // From then on changes are told as ever.
    bob.say({ type: "leave", room: "r" });
    await w.log.answer();
    expect(w.changes()).toEqual(["left bob"]);
  });

  it("[H6] close answers whoever waits for it, and sets no timer when it fails later", async () => {
    const w = remote();
    const ann = w.client("ann");
    const waits = [ann.link.join("r"), ann.link.join("r"), ann.link.update("r", { i: 1 })];
    w.registry.close();
    expect(await Promise.all(waits)).toEqual([false, false, false]);
    await w.log.fail();
    await w.log.answer();
    expect([w.clock.pending, w.codes(), w.told]).toEqual([0, [], []]);
    const v = remote();
    void v.client("ann").link.join("r");
    await v.log.fail();
    expect(v.clock.pending).toBe(2);
    v.registry.close();
    expect(v.clock.pending).toBe(0);
  });

  it("[S6] capacity is best effort: over by what is in flight", async () => {
    const w = await inRoom({ maxUsers: 2 });
    for (const user of ["bob", "cid"]) w.client(user).join("r");
    await w.log.answer();
    await w.log.answer();
    w.client("dan").join("r");
    expect([w.registry.userCount("r"), w.log.waiting]).toEqual([3, []]);
  });

  it("a room becomes known when the log first tells of it; until then it is neither counted nor empty", async () => {
    const clock = fakeClock();
    const inner = memoryLog<Meta>({ clock });
    const unknown = new Set(["r"]);
    const log = { ...heldLog(inner), room: (name: string) => (unknown.has(name) ? undefined : inner.room(name)) };
    const w = world({ clock, log });
    const counter = w.client("x");
    counter.join("r", { watch: "count", present: false });
    const followed = w.registry.follow("r");
    const abandoned = createRegistry<Meta>({ clock, log }).follow("r");
    w.clock.advance(60);
    expect([types(counter), w.registry.userCount("r"), w.registry.rooms()]).toEqual([["welcome", "joined"], undefined, []]);
    unknown.clear();
    inner.append("r", [{ type: "connect", conn: "c", user: "eve", tag: 5, meta: {} }]);
    expect((await followed).room.users.size).toBe(1);
    expect((await abandoned).room.users.size).toBe(1);
    w.clock.advance(60);
    expect(counter.states()).toMatchObject([{ type: "count", users: 1 }]);
  });

  it("[H6] who follows a room that never becomes known is told when the registry closes", async () => {
    const clock = fakeClock();
    const registry = createRegistry<Meta>({ clock, log: { ...heldLog(memoryLog<Meta>({ clock })), room: () => undefined } });
    const followed = registry.follow("r");
    registry.close();
    await expect(followed).rejects.toMatchObject({ code: "closed" });
  });
});
