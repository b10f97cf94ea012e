import { describe, expect, it } from "vitest";
import { memoryLog, type MemoryLog } from "../../src/server/memory-log.js";
import { createRegistry } from "../../src/server/registry.js";
import { fakeClock } from "../support/fake-clock.js";
import { fakeWire } from "../support/fake-wire.js";
import { agrees, settled, world, type FakeClient, type Meta, type World } from "../support/server.js";

type Here = { readonly w: World; readonly log: MemoryLog<Meta>; readonly ann: FakeClient };

const types = (client: FakeClient): string[] => client.news().map(({ type }) => type);

describe("leases and grace", () => {
  it("[pain P01] [H1] [H2] silence ends a link when its lease is over: one timeout a room, and its socket is closed", () => {
    const w = world();
    const ann = w.client("ann");
    ann.join("r");
    ann.join("s", { watch: "none" });
    const bob = w.client("bob");
    bob.join("r");
    // What the server sends proves nothing; only the first tick after it opened starts the lease.
    for (let i = 0; i < 75; i++) {
      bob.say({ type: "update", room: "r", meta: { i } });
      w.clock.advance(1_000);
    }
    expect([w.registry.userCount("r"), w.wire.closed]).toEqual([2, []]);
    bob.link.heard();
    w.clock.advance(1_000);
    expect(w.wire.closed).toEqual([[ann.peer, "timeout"]]);
    expect(w.told.filter(([name]) => name === "left").map(([, event]) => event)).toMatchObject([{ user: "ann", reason: "timeout" }, { user: "ann", reason: "timeout" }]);
    ann.link.closed("vanished");
    w.clock.advance(60_000);
    expect(w.changes().filter((change) => change === "left ann")).toHaveLength(2);
  });

  it("[H1] any frame renews it, the app's own too, and a transport may have a lease of its own", () => {
    const w = world();
    const [quick, slow, chat] = [w.client("q", { lease: 3_000 }), w.client("s"), w.client("c")];
    for (const client of [quick, slow, chat]) client.join("r");
    for (let i = 0; i < 100; i++) {
      w.clock.advance(1_000);
      chat.link.frame("the app's own");
    }
    expect(w.registry.users("r").map(({ id }) => id)).toEqual(["c"]);
    expect(w.wire.closed.map(([peer]) => peer)).toEqual([quick.peer, slow.peer]);
    expect(quick.last("welcome")?.lease).toBe(3_000);
  });

  it("[pain P22] [H3] [H4] neither a pause nor a clock that jumps expires anybody, and a day of pings doesn't either", () => {
    const w = world();
    const ann = w.client("ann");
    ann.join("r");
    w.clock.advance(10_000);
    for (const jump of [3_600_000, -7_200_000, 31_536_000_000]) {
      w.clock.jump(jump);
      w.clock.advance(1_000);
    }
    expect(w.registry.userCount("r")).toBe(1);
    for (let i = 0; i < 24 * 60; i++) {
      ann.say({ type: "ping" });
      w.clock.advance(60_000);
    }
    expect([w.changes(), w.wire.closed]).toEqual([["joined ann"], []]);
  });

  it("[pain P06] [H5] who is back within the grace was never away; who is not leaves once; a leave is at once", () => {
    const w = world();
    const bob = w.client("bob");
    bob.join("r");
    const ann = w.client("ann");
    ann.join("r");
    w.clock.advance(60);
    ann.link.closed("vanished");
    w.clock.advance(9_900);
    const back = w.client("ann");
    back.join("r");
    w.clock.advance(60_000);
    bob.link.heard();
    back.link.heard();
    expect([w.changes(), w.registry.connectionCount("r")]).toEqual([["joined bob", "joined ann"], 2]);
    back.link.closed("vanished");
    w.clock.advance(9_000);
    expect(w.changes()).toEqual([]);
    w.clock.advance(3_000);
    expect(w.changes()).toEqual(["left ann"]);
    bob.say({ type: "leave", room: "r" });
    expect(w.changes()).toEqual(["left bob"]);
  });

  it("[pain P03] the old socket's late goodbye ends nothing of the new one", () => {
    const w = world();
    const old = w.client("ann");
    old.join("r");
    const fresh = w.client("ann");
    fresh.join("r");
    old.link.closed("vanished");
    w.clock.advance(12_000);
    expect([w.changes(), w.registry.users("r")[0]?.connections.length]).toEqual([["joined ann"], 1]);
    old.link.closed("vanished");
    w.clock.advance(12_000);
    expect(w.registry.userCount("r")).toBe(1);
  });

  it("[pain P23] [H7] a close leaves every room, once each; a leave of one touches no other; the rooms are forgotten", () => {
    const w = world({ grace: 0 });
    const ann = w.client("ann");
    for (const room of ["r", "s", "t"]) ann.join(room, { watch: "none" });
    ann.say({ type: "leave", room: "r" });
    expect([...w.registry.roomsOfHere("ann")]).toEqual(["s", "t"]);
    ann.say({ type: "leave", room: "s" });
    ann.join("s", { watch: "none" });
    expect(w.registry.rooms()).toEqual(["t", "s"]);
    ann.link.closed("vanished");
    ann.link.closed("vanished");
    expect(w.told.filter(([name]) => name === "left").map(([, { room }]) => room)).toEqual(["r", "s", "t", "s"]);
    expect([w.registry.rooms(), w.registry.health().rooms]).toEqual([[], 0]);
  });

  it("[pain P09] [V4] a join that is said again gets the same acknowledgement, and makes nothing new", () => {
    const w = world();
    const ann = w.client("ann");
    ann.join("r", { meta: { a: 1, b: 2 } });
    w.clock.advance(60);
    const first = ann.last("joined");
    ann.join("r", { meta: { b: 2, a: 1 } });
    expect(ann.last("joined")).toEqual({ ...first, re: expect.any(Number) as number });
    expect([w.registry.snapshot("r").seq, w.changes()]).toEqual([1, ["joined ann"]]);
    // After a link-up it is another connection of the same stay.
    ann.link.closed("vanished");
    const back = w.client("ann");
    back.join("r", { meta: { a: 1, b: 2 }, pos: first!.pos! });
    w.clock.advance(60);
    expect(back.last("joined")?.conn).not.toBe(first?.conn);
    expect([w.registry.userCount("r"), w.changes()]).toEqual([1, []]);
  });

  it("[L1] a room is forgotten when nobody is there and nobody watches, and begins later in a later epoch", () => {
    const w = world({ grace: 0 });
    const [ann, bob] = [w.client("ann"), w.client("bob")];
    ann.join("r", { watch: "none" });
    bob.join("r", { present: false });
    w.clock.advance(60);
    const { epoch } = w.registry.snapshot("r");
    ann.link.closed("vanished");
    expect(w.registry.snapshot("r")).toMatchObject({ epoch, seq: 2 });
    w.clock.advance(60);
    expect(bob.room("r")).toMatchObject({ seq: 2, behind: undefined });
    bob.link.closed("vanished");
    expect(w.registry.snapshot("r").epoch).toBe(0);
    w.client("cid").join("r", { watch: "none" });
    expect(w.registry.snapshot("r").epoch).toBeGreaterThan(epoch);
  });
});

describe("kick", () => {
  it("[H10] ends what the user's links have of the room, says so, and leaves sockets and other rooms alone", () => {
    const w = world();
    const tabs = [w.client("ann"), w.client("ann")];
    const watcher = w.client("ann");
    const bob = w.client("bob");
    for (const client of [...tabs, bob]) client.join("r");
    watcher.join("r", { present: false });
    tabs[0]!.join("s");
    w.clock.advance(60);
    const conns = w.registry.users("r").find(({ id }) => id === "ann")?.connections.map(({ conn }) => conn);
    for (const client of [...tabs, watcher, bob]) client.news();
    w.registry.kick("ann", "r");
    const ended = { type: "ended", room: "r", reason: "kicked", code: "kicked", retry: false };
    expect([...tabs, watcher].map((client) => client.news())).toMatchObject([[{ ...ended, conn: conns?.[0] }], [{ ...ended, conn: conns?.[1] }], [ended]]);
    w.clock.advance(60);
    expect([agrees(w, bob, "r"), bob.room("r").users.size, w.registry.roomsOfHere("ann"), w.wire.closed]).toEqual([true, 1, ["s"], []]);
    expect(w.told.filter(([name]) => name === "left")).toMatchObject([["left", { user: "ann", reason: "kicked" }]]);
    // Told nothing more, until it asks: it was not blocked.
    w.clock.advance(26_000);
    expect(watcher.news()).toEqual([]);
    tabs[0]!.join("r");
    expect(w.registry.userCount("r")).toBe(2);
  });

  it("[H10] also what the server gave, and what is in grace; without a room everywhere; of nobody nothing", async () => {
    const w = world();
    const ann = w.client("ann", { autoJoin: () => "lobby" });
    ann.join("r");
    ann.join("w", { watch: "count", present: false });
    w.client("bob").join("r");
    const gone = w.client("ann");
    gone.join("r");
    gone.link.closed("vanished");
    w.registry.kick("ann");
    expect([w.registry.roomsOfHere("ann"), w.registry.connectionCount("r"), w.registry.userCount("lobby")]).toEqual([[], 1, 0]);
    expect(ann.news().filter(({ type }) => type === "ended").map((message) => (message as { room: string }).room).sort()).toEqual(["lobby", "r", "w"]);
    w.registry.kick("nobody");
    w.registry.kick("bob", "elsewhere");
    await ann.link.identify({ user: "ann", meta: { i: 1 } });
    expect([w.codes(), w.registry.roomsOfHere("ann"), w.registry.health().rooms]).toEqual([[], [], 1]);
  });

  it("[H10] [L1] a block keeps the user out for its time, though the room empties; others are let in", async () => {
    const w = world({ grace: 0 });
    const ann = w.client("ann");
    ann.join("r");
    w.registry.kick("ann", "r", { block: 60_000 });
    expect(w.registry.rooms()).toEqual([]);
    ann.news();
    const re = ann.join("r");
    expect(ann.news()).toMatchObject([{ type: "ended", re, reason: "kicked", code: "blocked", retry: false }]);
    expect(await ann.link.join("r")).toBe(false);
    expect(w.codes()).toEqual(["blocked"]);
    w.client("bob").join("r");
    // Only to watch is no return.
    ann.join("r", { present: false });
    w.clock.advance(60);
    expect(ann.room("r").users.size).toBe(1);
    w.clock.advance(60_000);
    ann.join("r");
    expect(w.registry.userCount("r")).toBe(1 + 1);
    w.registry.kick("ann", "r", { block: 60_000 });
    w.registry.kick("ann", "r", { block: 0 });
    ann.join("r");
    expect(w.registry.userCount("r")).toBe(2);
  });
});

describe("queries", () => {
  it("[R9] are true at once after a join, list who came first, and know no room that is none", async () => {
    const w = world();
    expect([w.registry.userCount("r"), w.registry.connectionCount("r"), w.registry.users("r"), w.registry.rooms()]).toEqual([0, 0, [], []]);
    void w.client("bob").link.join("r");
    expect(w.registry.userCount("r")).toBe(1);
    w.clock.advance(1);
    void w.client("ann").link.join("r");
    void w.client("ann").link.join("s");
    expect([w.registry.users("r").map(({ id }) => id), w.registry.rooms(), w.registry.roomsOfHere("ann"), w.registry.isOnlineHere("ann"), w.registry.isOnlineHere("cid")])
      .toEqual([["bob", "ann"], ["r", "s"], ["r", "s"], true, false]);
    expect(w.registry.snapshot("r")).toMatchObject({ type: "snapshot", at: w.clock.now(), connections: [{ user: "bob" }, { user: "ann" }] });
    expect((await w.registry.query("r")).users.size).toBe(2);
    expect((await w.registry.query("nowhere")).users.size).toBe(0);
    expect(w.registry.health().rooms).toBe(2);
  });

  it("[S2] take a user's number for its text, as `identify` does", () => {
    const w = world();
    void w.open("a", { user: 42 }).link.join("r");
    expect([w.registry.isOnlineHere(42), w.registry.roomsOfHere(42), w.registry.isOnlineHere("42")]).toEqual([true, ["r"], true]);
    w.registry.kick(42);
    expect([w.registry.userCount("r"), w.registry.isOnlineHere(42)]).toEqual([0, false]);
  });

  it("[L1] a room that is followed is kept until the last who follows it stops", async () => {
    const w = world({ grace: 0 });
    const [one, two] = [await w.registry.follow("r"), await w.registry.follow("r")];
    const ann = w.client("ann");
    ann.join("r", { watch: "none" });
    ann.link.closed("vanished");
    const { seq } = w.registry.snapshot("r");
    one.stop();
    one.stop();
    expect([w.registry.snapshot("r").seq, w.registry.health().rooms]).toEqual([seq, 1]);
    two.stop();
    expect([w.registry.snapshot("r").seq, w.registry.health().rooms]).toEqual([0, 0]);
  });

  it("with a log that is shared, a room that is not followed here is unknown, not empty", async () => {
    const clock = fakeClock();
    const log = memoryLog<unknown>({ clock });
    const [here, there] = [createRegistry({ clock, log }), createRegistry({ clock, log })];
    const joined: boolean[] = [];
    there.on("joined", ({ origin }) => joined.push(origin));
    here.on("joined", ({ origin }) => joined.push(origin));
    expect([here.userCount("r"), here.users("r"), here.snapshot("r"), here.connectionCount("r")]).toEqual([undefined, undefined, undefined, undefined]);
    const { room, stop } = await there.follow("r");
    expect(room.users.size).toBe(0);
    await here.open({ wire: fakeWire(), peer: "a", user: "ann" }).join("r");
    expect([there.userCount("r"), joined.sort()]).toEqual([1, [false, true]]);
    stop();
  });

  it("health says how things are", () => {
    const w = world();
    w.client("ann").join("r");
    expect(w.registry.health()).toEqual({ links: 1, connections: 1, rooms: 1, slow: 0, busy: 0, draining: false, closed: false, errors: [] });
  });
});

describe("the departed", () => {
  /** Ann in `r` and `s`; `connections` of her that are still known about in the end. */
  it.each([
    ["leave", 1, ({ ann }: Here) => { ann.say({ type: "leave", room: "r" }); }],
    ["close", 0, ({ ann }: Here) => { ann.link.closed("leave"); }],
    ["vanish", 0, ({ ann }: Here) => { ann.link.closed("vanished"); }],
    ["are silent for too long", 0, ({ w }: Here) => { w.clock.advance(80_000); }],
    ["are kicked", 0, ({ w }: Here) => { w.registry.kick("ann"); }],
    ["are kicked while they are in grace", 0, ({ w, ann }: Here) => { ann.link.closed("vanished"); w.registry.kick("ann"); }],
    ["log out", 0, ({ ann }: Here) => { void ann.link.identify(undefined); }],
    ["become somebody else", 2, ({ ann }: Here) => { void ann.link.identify({ user: "bob" }); }],
    ["turn to watching", 1, ({ ann }: Here) => { ann.join("r", { present: false }); }],
    ["are refused", 2, ({ w, ann }: Here) => { w.registry.kick("ann", "t", { block: 1_000 }); ann.join("t"); }],
    ["join twice", 2, ({ ann }: Here) => { ann.join("r", { meta: { i: 1 } }); }],
    ["were in a room that starts again", 2, ({ log }: Here) => { log.restart("r"); }],
    ["were in a room that starts again while they are in grace", 0, ({ log, ann }: Here) => { ann.link.closed("vanished"); log.restart("r"); }],
    ["are reaped, and announced again", 2, ({ w, log }: Here) => { log.append("r", [{ type: "disconnect", conn: w.registry.users("r")[0]!.connections[0]!.conn, reason: "node-lost" }]); }],
  ])("[R12] of connections that %s nothing is kept", (_, kept, depart) => {
    const clock = fakeClock();
    const log = memoryLog<Meta>({ clock });
    const w = world({ clock, log });
    const ann = w.client("ann");
    ann.join("r");
    ann.join("s", { watch: "none" });
    expect(w.registry.health().connections).toBe(2);
    depart({ w, log, ann });
    for (let i = 0; i < 12; i++) {
      ann.link.heard();
      w.clock.advance(1_000);
    }
    expect([w.registry.health().connections, ["r", "s", "t"].reduce((sum, room) => sum + (log.room(room)?.connectionCount ?? 0), 0)]).toEqual([kept, kept]);
  });
});

describe("attach and close", () => {
  it("[S7] a server is attached once, and let go at close", () => {
    const w = world();
    const [server, calls] = [{}, [] as string[]];
    const stop = w.registry.attach(server, () => calls.push("detached"));
    expect(() => w.registry.attach(server, () => undefined)).toThrow(/attached to this registry already/);
    stop();
    w.registry.attach(server, () => { calls.push("again"); throw new Error("no"); });
    w.registry.attach({}, () => calls.push("other"));
    w.registry.close();
    w.registry.close();
    expect([calls, w.codes()]).toEqual([["again", "other"], ["internal"]]);
  });

  it("[H6] close is final: nothing is said, no timer is left, and later use gets a code", async () => {
    const w = world();
    const ann = w.client("ann", { autoJoin: () => new Promise(() => undefined) });
    ann.join("r");
    const [authorising, waiting] = [w.client("bob", { authorize: () => new Promise(() => undefined) }), w.open("x", { authorize: () => true })];
    authorising.join("r");
    const pending = [waiting.link.join("r"), ann.link.identify({ user: "cid" })];
    w.client("dan").join("r");
    const drained = w.registry.drain({ reconnectWithin: 60_000 });
    w.registry.close();
    const sent = w.wire.sendings.length;
    expect(w.clock.pending).toBe(0);
    await Promise.all([...pending, drained]);
    w.clock.advance(120_000);
    await settled();
    expect([w.wire.sendings.length, w.wire.closed, w.clock.pending, w.codes()]).toEqual([sent, [], 0, []]);
    expect(w.registry.health()).toMatchObject({ links: 0, rooms: 0, closed: true });
    const closed = expect.objectContaining({ code: "closed" }) as Error;
    expect(() => w.client("eve")).toThrow(closed);
    expect(() => { w.registry.kick("ann"); }).toThrow(closed);
    expect(() => w.registry.attach({}, () => undefined)).toThrow(closed);
    for (const promise of [w.registry.follow("r"), w.registry.query("r"), w.registry.drain({ reconnectWithin: 0 })]) await expect(promise).rejects.toEqual(closed);
    ann.link.closed("vanished");
    ann.join("r");
    expect([await ann.link.join("r"), w.registry.audit(), w.registry.rooms()]).toEqual([false, 0, []]);
    w.registry.on("joined", () => undefined)();
  });

  it("[P1] [S7] several servers share a registry, each with a wire of its own", () => {
    const w = world();
    const other = fakeWire();
    const ann = w.client("ann");
    ann.join("r");
    const link = w.registry.open({ wire: other, peer: "b", user: "bob", authorize: () => true });
    link.receive({ type: "hello", v: [1], features: [] });
    link.receive({ type: "join", n: 1, room: "r", watch: "users", present: true });
    w.clock.advance(60);
    expect(types(ann)).toEqual(["welcome", "joined", "snapshot", "delta"]);
    expect(other.to("b").map(({ type }) => type)).toEqual(["welcome", "joined", "snapshot"]);
  });
});
