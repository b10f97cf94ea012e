import { describe, expect, it } from "vitest";
import { fullAllowance, spend } from "../../src/server/limits.js";
import { settled, world, type FakeClient, type World } from "../support/server.js";

const types = (client: FakeClient): string[] => client.news().map(({ type }) => type);

function inRoom(options = {}): World & { ann: FakeClient; bob: FakeClient } {
  const w = world(options);
  const [ann, bob] = [w.client("ann"), w.client("bob")];
  ann.join("r");
  bob.join("r");
  w.clock.advance(60);
  ann.news();
  bob.news();
  return { ...w, ann, bob };
}

describe("who may what", () => {
  it("[S1] [pain P25] a user in a payload is ignored, and what identify gives no client can change", () => {
    const w = world();
    const ann = w.open("a", { user: "ann", meta: { role: "guest" }, authorize: () => true });
    ann.join("r", { meta: { role: "admin", mood: "fine", user: "root" }, ...({ user: "root", conn: "x" } as object) });
    expect(w.registry.users("r")).toMatchObject([{ id: "ann", meta: { role: "guest", mood: "fine", user: "root" } }]);
    ann.say({ type: "update", room: "r", meta: { role: "admin", mood: "busy" } });
    expect(w.registry.users("r")[0]?.meta).toEqual({ role: "guest", mood: "busy" });
  });

  it("[S2] without an authorize nobody gets in, and the refusal says how to give one", () => {
    const w = world();
    const ann = w.open("a", { user: "ann" });
    const re = ann.join("r");
    expect(ann.news().slice(1)).toMatchObject([{ type: "ended", re, room: "r", reason: "refused", code: "no_authorize", retry: false, message: expect.stringContaining("authorize") as string }]);
    expect(w.registry.rooms()).toEqual([]);
  });

  it("[S2] authorize is asked for each room, mode and presence, and not for what the client has already", () => {
    const asked: string[] = [];
    const w = world();
    const ann = w.client("ann", { authorize: ({ user, room, watch, present }) => { asked.push(`${user} ${room} ${watch} ${present}`); return true; } });
    ann.join("r");
    ann.join("r", { meta: { i: 1 } });
    ann.join("r", { watch: "count" });
    ann.join("r", { watch: "count", present: false });
    ann.join("s", { watch: "none" });
    expect(asked).toEqual(["ann r users true", "ann r count true", "ann r count false", "ann s none true"]);
  });

  it("[S2] a client that left, or was removed, is asked about again", () => {
    const w = world();
    let allowed = true;
    const ann = w.client("ann", { authorize: () => allowed });
    ann.join("r");
    ann.say({ type: "leave", room: "r" });
    allowed = false;
    ann.join("r");
    expect(ann.last("ended")).toMatchObject({ code: "refused" });
    allowed = true;
    ann.join("r");
    w.registry.kick("ann", "r");
    allowed = false;
    ann.join("r");
    expect([ann.last("ended")?.code, w.registry.userCount("r")]).toEqual(["refused", 0]);
  });

  /** A client whose `authorize` is answered by the test. */
  function slow(): World & { ann: FakeClient; asked: string[]; answer: (allowed: boolean) => Promise<void> } {
    const w = world();
    const waiting: ((allowed: boolean) => void)[] = [];
    const asked: string[] = [];
    const ann = w.client("ann", { authorize: ({ room, watch, present }) => {
      asked.push(`${room} ${watch} ${present}`);
      return new Promise((resolve) => { waiting.push(resolve); });
    } });
    ann.news();
    return { ...w, ann, asked, answer: async (allowed) => { waiting.shift()!(allowed); await settled(); } };
  }

  it.each([true, false])("[H12] [H6] a leave waits for no `authorize`: it ends the stay at once, and a late %s does nothing", async (late) => {
    const { ann, asked, answer, registry, ...w } = slow();
    ann.join("r");
    await answer(true);
    w.clock.advance(60);
    ann.news();
    w.changes();
    ann.join("r", { watch: "count" });
    ann.say({ type: "update", room: "r", meta: { i: 1 } });
    ann.say({ type: "leave", room: "r" });
    expect([asked, w.changes(), registry.health().rooms]).toEqual([["r users true", "r count true"], ["left ann"], 0]);
    await answer(late);
    w.clock.advance(60);
    expect([ann.news(), w.changes(), registry.rooms(), w.codes(), registry.audit()]).toEqual([[], [], [], [], 0]);
  });

  it("[H12] [V4] who joins again after a leave is asked about anew, waits for no earlier answer, and gets the acknowledgement", async () => {
    const { ann, asked, answer, registry, ...w } = slow();
    ann.join("r", { meta: { i: 1 } });
    ann.say({ type: "leave", room: "r" });
    const re = ann.join("r", { watch: "count" });
    expect(asked).toEqual(["r users true", "r count true"]);
    // The first answer is of the stay that was over before it began.
    await answer(true);
    expect([ann.news(), registry.rooms()]).toEqual([[], []]);
    await answer(true);
    w.clock.advance(60);
    expect(ann.news()).toMatchObject([{ type: "joined", re, user: "ann" }, { type: "count", users: 1 }]);
    expect([registry.users("r")[0]?.meta, w.changes()]).toEqual([{}, ["joined ann"]]);
  });

  it("[H12] [H6] an answer that comes before that of an earlier stay counts, and the earlier one does not", async () => {
    const w = world();
    const answers: ((allowed: boolean) => void)[] = [];
    const ann = w.client("ann", { authorize: () => new Promise((resolve) => { answers.push(resolve); }) });
    ann.join("r");
    ann.say({ type: "leave", room: "r" });
    const re = ann.join("r");
    answers[1]!(true);
    await settled();
    answers[0]!(false);
    await settled();
    expect([ann.last("joined")?.re, ann.last("ended"), w.changes()]).toEqual([re, undefined, ["joined ann"]]);
  });

  it("[S2] [H12] of joins that wait only the last is asked about, with the meta that was given last; a leave of another room changes nothing", async () => {
    const { ann, asked, answer, registry, ...w } = slow();
    const first = ann.join("r", { watch: "none" });
    ann.join("r", { watch: "users", present: false });
    ann.join("r", { watch: "users", meta: { i: 1 } });
    const last = ann.join("r", { watch: "count" });
    const sync = ann.say({ type: "sync", room: "r" });
    const update = ann.say({ type: "update", room: "r", meta: { i: 2 } });
    ann.say({ type: "leave", room: "s" });
    await answer(true);
    expect(asked).toEqual(["r none true", "r count true"]);
    await answer(true);
    w.clock.advance(60);
    expect(ann.news()).toMatchObject([{ type: "joined", re: first }, { type: "joined", re: last }, { type: "count" }, { type: "synced", re: sync }, { type: "joined", re: update }, { type: "count" }]);
    expect(w.told.filter(([name]) => name === "joined" || name === "updated").map(([name, event]) => [name, (event as { meta: unknown }).meta])).toEqual([["joined", {}], ["updated", { i: 1 }], ["updated", { i: 2 }]]);
    expect(registry.userCount("r")).toBe(1);
  });

  it("[H10] who is kicked while a join waits to be allowed stays out, though it is allowed", async () => {
    const { ann, answer, registry } = slow();
    ann.join("r");
    await answer(true);
    ann.join("r", { watch: "count" });
    registry.kick("ann", "r");
    ann.news();
    await answer(true);
    expect([ann.news(), registry.userCount("r")]).toEqual([[], 0]);
  });

  it("[S2] a refusal ends presence and watching, whichever was asked for", () => {
    const w = inRoom();
    const picky = w.client("cid", { authorize: ({ watch }) => watch !== "users" });
    picky.join("r", { watch: "count" });
    expect(w.registry.userCount("r")).toBe(3);
    picky.join("r", { watch: "users" });
    w.clock.advance(60);
    expect(w.registry.userCount("r")).toBe(2);
    picky.news();
    w.clock.advance(26_000);
    expect(picky.news()).toEqual([]);
  });

  it.each([
    ["false", () => false, { code: "refused", retry: false }],
    ["a code and a message", () => ({ code: "not_yours", message: "It is bob's.", secret: 1 }), { code: "not_yours", message: "It is bob's.", retry: false }],
    ["a promise of false", () => Promise.resolve(false), { code: "refused", retry: false }],
    ["nothing", () => undefined, { code: "authorize_failed", retry: 10_000 }],
    ["1", () => 1, { code: "authorize_failed", retry: 10_000 }],
    ["half a refusal", () => ({ code: "x" }), { code: "authorize_failed", retry: 10_000 }],
    ["a throw", () => { throw new Error("db"); }, { code: "authorize_failed", retry: 10_000 }],
    ["a rejection", () => Promise.reject(new Error("db")), { code: "authorize_failed", retry: 10_000 }],
    ["no answer for ten seconds", () => new Promise(() => undefined), { code: "authorize_timeout", retry: 10_000 }],
  ])("[S2] an authorize that says %s lets nobody in", async (name, authorize, ended) => {
    const w = world();
    const ann = w.client("ann", { authorize: authorize as never });
    const re = ann.join("r");
    await settled();
    if (ended.code === "authorize_timeout") {
      w.clock.advance(9_999);
      await settled();
      expect(ann.last("ended")).toBe(undefined);
      w.clock.advance(1);
      await settled();
    }
    expect(ann.last("ended")).toEqual({ type: "ended", re, room: "r", reason: "refused", message: expect.any(String) as string, ...ended });
    expect(w.codes()).toEqual(ended.code.startsWith("authorize") ? [ended.code] : []);
    expect(w.errors.map(({ cause }) => (cause as Error | undefined)?.message)).toEqual(name.startsWith("a throw") || name === "a rejection" ? ["db"] : w.errors.map(() => undefined));
    expect([w.registry.rooms(), w.clock.pending]).toEqual([[], 1]);
  });

  it("[S3] [pain P25] a link changes only itself, whatever a message names", () => {
    const w = inRoom();
    const conn = w.registry.users("r").find(({ id }) => id === "bob")?.connections[0]?.conn;
    for (const type of ["join", "update", "leave"] as const) {
      w.ann.say({ type, room: "r", conn, user: "bob", link: "link-2", meta: { i: 1 }, watch: "users", present: true });
      expect(w.registry.users("r").find(({ id }) => id === "bob")).toMatchObject({ meta: {}, connections: [{ conn }] });
    }
    expect(w.registry.userCount("r")).toBe(1);
  });

  it("[S5] no transport id, token, address or context is in anything that is sent", async () => {
    const w = world();
    const ann = w.open("socket-id-4711", { user: "ann", context: { token: "hunter2", address: "10.1.2.3" }, authorize: () => true });
    const bob = w.client("bob");
    for (const client of [ann, bob]) client.join("r");
    await ann.link.identify({ user: "ann", meta: { a: 1 }, context: "hunter2" });
    w.clock.advance(26_000);
    w.registry.kick("ann");
    w.clock.advance(60);
    const sent = JSON.stringify(w.wire.sendings.map(({ messages }) => messages));
    for (const secret of ["4711", "hunter2", "10.1.2.3", "link-"]) expect(sent).not.toContain(secret);
    for (const { connections } of w.registry.users("r")) for (const { conn } of connections) expect(conn).toMatch(/^[0-9A-Za-z]{8,12}$/);
  });
});

describe("bounds", () => {
  it("[S6] capacity counts users: another tab of somebody who is there is let in", () => {
    const w = world({ maxUsers: 2, grace: 0 });
    const clients = ["ann", "bob", "ann", "cid"].map((user) => { const client = w.client(user); client.join("r"); return client; });
    expect(clients.map((client) => client.last("ended")?.code)).toEqual([undefined, undefined, undefined, "room_full"]);
    expect(clients[3]!.last("ended")).toMatchObject({ reason: "full", retry: 10_000 });
    expect([w.registry.userCount("r"), w.registry.connectionCount("r")]).toEqual([2, 3]);
    // Only to watch needs no place.
    clients[3]!.join("r", { present: false });
    w.clock.advance(60);
    expect(clients[3]!.room("r").users.size).toBe(2);
    clients[1]!.say({ type: "leave", room: "r" });
    clients[3]!.join("r");
    expect(w.registry.users("r").map(({ id }) => id)).toEqual(["ann", "cid"]);
  });

  it("[S4] one user has a bounded number of connections in a room", () => {
    const w = world({ maxConnections: 2 });
    const tabs = [1, 2, 3].map(() => { const tab = w.client("ann"); tab.join("r"); return tab; });
    expect(tabs[2]!.last("ended")).toMatchObject({ reason: "full", code: "too_many_connections", retry: 10_000, message: expect.stringContaining("2") as string });
    // One that is in may say so again.
    tabs[0]!.join("r", { meta: { i: 1 } });
    expect([tabs[0]!.last("ended"), w.registry.connectionCount("r")]).toEqual([undefined, 2]);
  });

  it("[S4] the 101st room of a link is refused, with the limit, and the hundred stay", async () => {
    const w = world();
    const ann = w.client("ann", { authorize: () => Promise.resolve(true) });
    for (let i = 0; i < 101; i++) ann.join(`r${i}`, { watch: "none" });
    await settled();
    expect(ann.last("ended")).toMatchObject({ room: "r100", reason: "refused", code: "too_many_rooms", retry: false, message: expect.stringContaining("100") as string });
    ann.join("r100");
    expect(w.registry.roomsOfHere("ann")).toHaveLength(100);
    ann.say({ type: "leave", room: "r0" });
    ann.join("r100", { watch: "none" });
    ann.join("r100", { watch: "none", meta: { i: 1 } });
    await settled();
    expect(w.registry.userCount("r100")).toBe(1);
  });

  it("[S4] more than 50 messages a second, after a burst of 250, are not read; one complaint a second", () => {
    const w = world();
    const ann = w.client("ann");
    ann.news();
    for (let i = 0; i < 300; i++) ann.say({ type: "ping" });
    const heard = ann.news();
    // One was the hello.
    expect(heard.filter(({ type }) => type === "pong")).toHaveLength(249);
    expect(heard.filter(({ type }) => type === "error")).toMatchObject([{ code: "too_many_messages", retryAfter: 1_000 }]);
    w.clock.advance(1_000);
    for (let i = 0; i < 60; i++) ann.say({ type: "ping" });
    expect(types(ann)).toEqual([...Array<string>(50).fill("pong"), "error"]);
    // Others have an allowance of their own, and a clock that goes back gives nothing.
    const bob = w.client("bob");
    w.clock.jump(-3_600_000);
    ann.say({ type: "ping" });
    bob.say({ type: "ping" });
    expect([types(ann), types(bob)]).toEqual([["error"], ["welcome", "pong"]]);
  });

  it("[S4] frames that are broken, too large or not ours count like messages: a flood of them gets one complaint", () => {
    const w = world({ burst: 10 });
    const ann = w.client("ann", { exclusive: true });
    w.clock.advance(1_000);
    ann.news();
    const before = ann.all().length;
    for (let i = 0; i < 100; i++) for (const text of ['["hc",{', `["hc",${"x".repeat(70_000)}`, "hello"]) ann.link.frame(text);
    const codes = ann.all().slice(before).map((message) => (message.type === "error" ? message.code : message.type));
    expect(codes.length).toBe(11);
    expect(codes.filter((code) => code === "too_many_messages").length).toBe(1);
  });

  it("[S4] an allowance fills up to its burst, and no further", () => {
    let allowance = fullAllowance(2, 0);
    const take = (now: number): boolean => { const spent = spend(allowance, now, 1, 2); allowance = spent.allowance; return spent.ok; };
    expect([take(0), take(0), take(0), take(999), take(1_000), take(1_000), take(-5_000), take(-4_000), take(60_000), take(60_000), take(60_000)])
      .toEqual([true, true, false, false, true, false, false, true, true, true, false]);
  });

  it("[S4] a name that the server gives is bounded too", async () => {
    const w = inRoom();
    const bad = ["x".repeat(257), 5, undefined] as never[];
    for (const room of bad) expect([await w.ann.link.join(room), await w.ann.link.update(room, {}), await w.ann.link.leave(room)]).toEqual([false, false, false]);
    expect(new Set(w.codes())).toEqual(new Set(["bad_room"]));
    expect(await w.ann.link.join("x".repeat(256))).toBe(true);
  });
});

describe("bad input gets a code, and nothing else happens", () => {
  it.each([
    ["no object", 5, "bad_message"],
    ["null", null, "bad_message"],
    ["a list", ["join"], "bad_message"],
    ["no type", { n: 3 }, "bad_message"],
    ["no room", { type: "join", n: 3, watch: "users", present: true }, "bad_room"],
    ["a room that is none", { type: "join", n: 3, room: 5, watch: "users", present: true }, "bad_room"],
    ["a room too long", { type: "join", n: 3, room: "x".repeat(257), watch: "users", present: true }, "bad_room"],
    ["a mode that is none", { type: "join", n: 3, room: "r", watch: "all", present: true }, "bad_message"],
    ["a position that is none", { type: "sync", n: 3, room: "r", pos: [1, -2, 3] }, "bad_message"],
    ["an update of nothing", { type: "update", n: 3, room: "r" }, "bad_message"],
    ["a join for nothing", { type: "join", n: 3, room: "s", watch: "none", present: false }, "bad_message"],
    ["an update before a join", { type: "update", n: 3, room: "s", meta: {} }, "not_joined"],
    ["a sync before a join", { type: "sync", n: 3, room: "s" }, "not_joined"],
    ["a trap", { get type(): string { throw new Error("no"); } }, "bad_message"],
  ])("[S4] [P2] %s", (_, message, code) => {
    const w = inRoom();
    w.ann.link.receive(message);
    expect(w.ann.news()).toMatchObject([{ type: "error", code, message: expect.any(String) as string }]);
    w.clock.advance(60);
    expect([w.bob.news(), w.errors, w.registry.userCount("r")]).toEqual([[], [], 2]);
  });

  it("[P2] unknown types, extra fields, a leave of an unknown room and a repeated number do no harm", () => {
    const w = inRoom();
    w.ann.link.receive({ type: "wave", n: 9 });
    w.ann.link.receive({ type: "leave", n: 9, room: "nowhere" });
    expect(w.ann.news()).toEqual([]);
    const join = { type: "join", n: 9, room: "r", watch: "users", present: true, extra: { deep: [] } };
    w.ann.link.receive(join);
    w.ann.link.receive(join);
    w.clock.advance(60);
    expect(w.ann.news().filter(({ type }) => type === "joined")).toMatchObject([{ re: 9 }, { re: 9 }]);
    expect([w.registry.connectionCount("r"), w.changes().length]).toEqual([2, 2]);
  });

  it("[P1] [P2] frames: others' are not ours, broken ones are answered, each message of one stands for itself", () => {
    const w = inRoom();
    const { link } = w.ann;
    expect([link.frame('{"type":"chat"}'), link.frame("[1"), link.frame('["hc"]'), link.frame("")]).toEqual([false, false, false, false]);
    expect(w.ann.news()).toEqual([]);
    expect([link.frame('["hc",{"type":'), link.frame(`["hc","${"é".repeat(32_768)}"]`)]).toEqual([true, true]);
    expect(w.ann.news()).toMatchObject([{ code: "bad_message" }, { code: "too_large", message: expect.stringContaining("65536") as string }]);
    expect(link.frame('["hc",{"type":"join","n":4},5,{"type":"ping","n":5}]')).toBe(true);
    expect(w.ann.news()).toMatchObject([{ type: "error", code: "bad_room", re: 4 }, { type: "error", code: "bad_message" }, { type: "pong", re: 5 }]);
  });

  it("[P1] on a socket that is ours alone, a text that is no frame is answered", () => {
    const w = world();
    const ann = w.client("ann", { exclusive: true });
    expect(ann.link.frame("hello?")).toBe(false);
    expect(ann.last("error")).toMatchObject({ code: "bad_message" });
  });

  it("[P1] a link that never said anything of ours is sent nothing; one that speaks without a hello is welcomed, and nothing that it said is done", () => {
    const asked: string[] = [];
    const w = world();
    const ann = w.client("ann", { hello: false, authorize: ({ room }) => { asked.push(room); return true; } });
    ann.link.receive("nonsense");
    expect(ann.news()).toEqual([]);
    const bob = w.client("bob", { hello: false, authorize: ({ room }) => { asked.push(room); return true; } });
    bob.say({ type: "ping" });
    bob.say({ type: "sync", room: "r" });
    expect(bob.news()).toMatchObject([{ type: "welcome" }, { type: "error", code: "not_joined" }]);
    ann.say({ type: "hello", v: [2, 3], features: [] });
    expect(ann.news()).toMatchObject([{ type: "error", code: "unsupported_version" }]);
    ann.join("r");
    expect([ann.news(), asked, w.registry.rooms()]).toEqual([[], [], []]);
    ann.say({ type: "hello", v: [9, 1], features: ["x"] });
    expect(ann.news()).toMatchObject([{ type: "welcome", v: 1, lease: 75_000, every: 25_000, jitter: 1_000, limits: { meta: 4_096, frame: 65_536, id: 256, rooms: 100, rate: 50 } }]);
  });

  it("[S7] whatever a client sends, its socket is not closed", () => {
    const w = inRoom();
    for (let i = 0; i < 400; i++) w.ann.link.frame('["hc",{]');
    for (let i = 0; i < 400; i++) w.ann.link.receive({ type: "join", n: i, room: "x".repeat(300) });
    w.registry.kick("ann");
    expect([w.wire.closed, w.registry.health().links]).toEqual([[], 2]);
  });
});
