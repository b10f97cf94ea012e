import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { hand, HELLO, join, ROOM, serve, type AppServer, type Hand, type Meta, type ServeOptions, type Tab } from "../support/sockets.js";
import type { IoServer } from "../support/sockets-io.js";
import { stacks, type Stack } from "../support/stacks.js";
import { until } from "../support/until.js";

/** A server, ann who must not notice anything, and mallory who misbehaves. */
type Scene = { readonly server: AppServer; readonly ann: Tab; readonly mallory: Hand };
let scenes: Scene[] = [];
beforeEach(() => { scenes = []; });

async function scene(stack: Stack, options: ServeOptions = {}): Promise<Scene> {
  const server = await stack.serve({ grace: 60_000, ...options });
  const ann = await stack.liveTab(server, "ann", { meta: { name: "Ann" } });
  const made = { server, ann, mallory: await stack.hand(server, "mallory") };
  await until(() => expect(made.mallory.all("welcome").length).toBe(1));
  scenes.push(made);
  return made;
}

// Whatever was said, this holds.
afterEach(async () => {
  for (const { server, ann, mallory } of scenes) {
    mallory.socket.send("the app still hears me");
    await until(() => expect(mallory.texts.at(-1)).toBe("the app still hears me"));
    expect(mallory.closed()).toBeUndefined();
    expect([ann.view().status, ann.sockets.length, ann.changes.filter((change) => change.includes("ann"))]).toEqual(["live", 1, []]);
    expect(server.registry.users(ROOM).find(({ id }) => id === "ann")?.meta).toMatchObject({ name: "Ann" });
    expect(server.errors.filter(({ code }) => code === "internal" || code === "audit_repaired")).toEqual([]);
    expect(server.registry.audit()).toBe(0);
  }
});

const refusals = ({ heard }: Hand): unknown[] => heard.filter(({ type }) => type === "error" || type === "ended").map((message) => {
  const { type, code, re, room } = message as { type: string; code: string; re?: number; room?: string };
  return { type, code, ...(re !== undefined && { re }), ...(room !== undefined && { room }) };
});

/** Sends a text, and then a ping whose answer proves that the text was dealt with. */
async function after(mallory: Hand, text: string): Promise<unknown[]> {
  const before = refusals(mallory).length;
  const pongs = mallory.all("pong").length;
  mallory.socket.send(text);
  mallory.say({ type: "ping", n: 999 });
  await until(() => expect(mallory.all("pong").length).toBe(pongs + 1));
  return refusals(mallory).slice(before);
}

const frame = (...messages: readonly unknown[]): string => JSON.stringify(["hc", ...messages]);
/** Whether socket.io could carry it, whose parser is in front of us. */
function isJson(text: string): boolean {
  try {
    JSON.stringify(JSON.parse(text));
    return true;
  } catch {
    return false;
  }
}
const long = "x".repeat(257);
const error = (code: string, more: object = {}): object => ({ type: "error", code, ...more });

describe.each(stacks)("[P2, S4] a frame that is none, or says nonsense, gets a code, over $name", (stack) => {
  const said: readonly [what: string, text: string, answers: readonly object[]][] = [
    ["no JSON", '["hc",{', [error("bad_message")]],
    ["JSON with more after it", '["hc",{"type":"ping","n":1}]]', [error("bad_message")]],
    ["no objects", '["hc",1,"two",null,[3],true]', [error("bad_message"), error("bad_message"), error("bad_message"), error("bad_message"), error("bad_message")]],
    ["nested past reason", `["hc",${"[".repeat(20_000)}${"]".repeat(20_000)}]`, [error("bad_message")]],
    ["a type that is no string", frame({ type: 7, n: 1 }), [error("bad_message")]],
    ["an unknown type, which is ignored", frame({ type: "teleport", n: 1 }, { type: "__proto__" }, { type: "constructor" }), []],
    ["a join without a room", frame({ type: "join", n: 1, watch: "users", present: true }), [error("bad_room", { re: 1 })]],
    ["a join without a number", frame({ type: "join", room: ROOM, watch: "users", present: true }), [error("bad_message", { room: ROOM })]],
    ["numbers that are none", frame(...[-1, 1.5, "1", null, 2 ** 53].map((n) => ({ type: "ping", n }))), Array.from({ length: 5 }, () => error("bad_message"))],
    ["a mode that there is not", frame(join(2, { watch: "everything" })), [error("bad_message", { re: 2, room: ROOM })]],
    ["a join that wants nothing", frame(join(3, { watch: "none", present: false })), [error("bad_message", { re: 3, room: ROOM })]],
    ["a position that is none", frame(join(4, { pos: [1, 2] }), join(5, { pos: { epoch: 1 } }), join(6, { full: 1 })), [4, 5, 6].map((re) => error("bad_message", { re, room: ROOM }))],
    ["a room's name that is no string", frame(join(7, { room: 7 }), join(8, { room: null }), join(9, { room: ["lobby"] })), [7, 8, 9].map((re) => error("bad_room", { re }))],
    ["a room's name that is too long", frame(join(10, { room: long }), { type: "leave", n: 11, room: long }), [10, 11].map((re) => error("bad_room", { re }))],
    ["a frame that is too large", frame(join(12, { meta: "x".repeat(70_000) })), [error("too_large")]],
    ["an update without a meta", frame({ type: "update", n: 13, room: ROOM }), [error("bad_message", { re: 13, room: ROOM })]],
    ["an update before the join", frame({ type: "update", n: 14, room: ROOM, meta: {} }), [error("not_joined", { re: 14, room: ROOM })]],
    ["a sync of what is not watched", frame({ type: "sync", n: 15, room: ROOM }), [error("not_joined", { re: 15, room: ROOM })]],
    ["a leave of a room that it is not in, which is nothing", frame({ type: "leave", n: 16, room: "nowhere" }), []],
    ["another version", frame({ type: "hello", v: [2, 99], features: [] }, HELLO), [error("unsupported_version")]],
    ["a hello that is none", frame({ type: "hello", v: 1, features: [] }), [error("bad_message")]],
  ];
  it.each(said.filter(([, text]) => stack.name === "ws" || isJson(text)))("%s", async (_, text, answers) => {
    const { mallory, server } = await scene(stack);
    expect(await after(mallory, text)).toEqual(answers);
    expect(server.registry.userCount(ROOM)).toBe(1);
  });

  it("[S1, S3] fields that it should not have are not read: neither a user nor a connection can be claimed", async () => {
    const { mallory, ann, server } = await scene(stack);
    const conn = ann.view().self!.conn;
    expect(await after(mallory, frame({ ...join(1, { meta: { name: "Ann" } }), user: "ann", conn, tag: 1, type2: 1, __proto__: { n: 5 } }))).toEqual([]);
    expect(await after(mallory, frame({ type: "update", n: 2, room: ROOM, meta: { name: "Hacked" }, conn, user: "ann" }))).toEqual([]);
    expect(await after(mallory, frame({ type: "leave", n: 3, room: ROOM, conn, user: "ann" }))).toEqual([]);
    expect(server.told).toEqual(["joined ann", "joined mallory", "updated mallory", "left mallory leave"]);
    expect(server.registry.snapshot(ROOM).connections).toMatchObject([{ conn, user: "ann", meta: { name: "Ann" } }]);
  });

  it("[V5] a number said twice is done twice, and does no harm", async () => {
    const { mallory, server } = await scene(stack);
    mallory.say(join(1), join(1), join(1));
    await until(() => expect(mallory.all("joined").map(({ re }) => re)).toEqual([1, 1, 1]));
    expect(new Set(mallory.all("joined").map(({ conn }) => conn)).size).toBe(1);
    expect(await after(mallory, frame({ type: "leave", n: 1, room: ROOM }, { type: "leave", n: 1, room: ROOM }))).toEqual([]);
    expect(server.told).toEqual(["joined ann", "joined mallory", "left mallory leave"]);
  });
});

describe.each(stacks)("[R10] any string is an id, over $name", (stack) => {
  it.each([
    ["`__proto__`", "__proto__"], ["`constructor`", "constructor"], ["`toString`", "toString"], ["the empty string", ""], ["a number's digits", "10"],
    ["a lone surrogate", "\ud800"], ["a line separator", "\u2028"], ["letters beyond ASCII", "é𝒳😀"], ["256 letters", "x".repeat(256)],
  ])("%s as a room and as a user", async (_, id) => {
    const server = await stack.serve();
    // A lone surrogate can't be in an address.
    const theirs = server.sockets;
    const ann = stack.tab(server, undefined, { name: id });
    const bob = stack.tab(server, undefined, { name: id });
    await until(() => expect(theirs.length).toBe(2));
    await server.presence.identify(theirs[0]!, { user: id });
    await server.presence.identify(theirs[1]!, { user: `${id.slice(1)}!` });
    await until(() => expect([ann, bob].map((one) => one.people())).toEqual([1, 2].map(() => [id, `${id.slice(1)}!`].sort())));
    expect([server.registry.rooms(), server.registry.isOnlineHere(id), server.registry.roomsOfHere(id)]).toEqual([[id], true, [id]]);
    expect(server.errors).toEqual([]);
  });

  it("a user's id that is too long is nobody's, and the app is told", async () => {
    const server = await stack.serve();
    const raw = await stack.hand(server, long);
    raw.say(join(1), { type: "ping", n: 2 });
    await until(() => expect(raw.all("pong").length).toBe(1));
    expect(server.errors.map(({ code }) => code)).toEqual(["identify_failed"]);
    expect([raw.closed(), server.registry.userCount(ROOM)]).toEqual([undefined, 0]);
  });
});

describe.each(stacks)("[S1, S4] meta, over $name", (stack) => {
  it("of too many bytes, or that the schema refuses, ends the join; in an update what was shown before stays", async () => {
    const schema = z.object({ name: z.string().max(10).transform((name) => name.trim()), age: z.number().int().optional() });
    const { mallory, ann, server } = await scene(stack, { meta: schema });
    const shown = (): unknown => server.registry.users(ROOM).find(({ id }) => id === "mallory")?.meta;
    const ended = (re: number, code: string): object => ({ type: "ended", code, re, room: ROOM });
    expect(await after(mallory, frame(join(1, { meta: { name: "x".repeat(5_000) } })))).toEqual([ended(1, "meta_too_large")]);
    expect(await after(mallory, frame(join(2, { meta: { name: 7 } })))).toEqual([ended(2, "bad_meta")]);
    expect(await after(mallory, frame(join(3)))).toEqual([ended(3, "bad_meta")]);
    expect(mallory.all("ended").map(({ retry }) => retry)).toEqual([false, false, false]);
    expect(mallory.all("ended")[1]!.message).toContain("meta.name");
    expect(await after(mallory, frame(join(4, { meta: { name: " Mal ", extra: 1 } })))).toEqual([]);
    await until(() => expect(shown()).toEqual({ name: "Mal" }));
    const update = (n: number, meta: unknown): string => frame({ type: "update", n, room: ROOM, meta });
    for (const [n, meta, code] of [[5, { name: "x".repeat(11) }, "bad_meta"], [6, "a text", "bad_meta"], [7, null, "bad_meta"], [8, { name: "😀".repeat(2_000) }, "meta_too_large"]] as const) {
      expect(await after(mallory, update(n, meta))).toEqual([error(code, { re: n, room: ROOM })]);
    }
    expect(shown()).toEqual({ name: "Mal" });
    expect(ann.changes).toEqual(["joined mallory"]);
  });

  it("keys that mean something to JavaScript are data like any other", async () => {
    const { mallory, ann } = await scene(stack);
    mallory.socket.send(`["hc",${JSON.stringify(join(1)).slice(0, -1)},"meta":{"__proto__":{"admin":true},"constructor":1,"name":"M"}}]`);
    await until(() => expect(ann.people()).toContain("mallory"));
    const meta = ann.view().users!.find(({ id }) => id === "mallory")!.meta;
    expect(JSON.stringify(meta)).toBe('{"__proto__":{"admin":true},"constructor":1,"name":"M"}');
    expect((meta as { admin?: unknown }).admin).toBeUndefined();
  });
});

describe.each(stacks)("[S4] too much of something, over $name", (stack) => {
  it("more rooms than a link may have; after a leave there is place again", async () => {
    const { mallory } = await scene(stack, { maxRooms: 3 });
    expect(await after(mallory, frame(...[1, 2, 3, 4].map((n) => join(n, { room: `room-${n}` }))))).toEqual([{ type: "ended", code: "too_many_rooms", re: 4, room: "room-4" }]);
    expect(await after(mallory, frame({ type: "leave", n: 5, room: "room-1" }, join(6, { room: "room-4" }), join(7, { room: "room-2" })))).toEqual([]);
  });

  it("more messages than a second has: one complaint, the rest unread, and the app's own are not counted", async () => {
    const { mallory, server } = await scene(stack, { rate: 5, burst: 20 });
    for (let i = 0; i < 300; i++) mallory.socket.send(`app ${i}`);
    for (let i = 0; i < 300; i++) mallory.say(join(i, { room: `room-${i}` }));
    await until(() => expect(refusals(mallory)).toEqual([error("too_many_messages")]));
    await until(() => expect(mallory.texts.length).toBe(300));
    expect(mallory.all("error")[0]!.retryAfter).toBeGreaterThan(0);
    expect(server.registry.rooms().length).toBeLessThan(40);
    // It is read again when it has calmed down.
    await until(async () => {
      await new Promise((resolve) => { setTimeout(resolve, 300); });
      mallory.say({ type: "ping", n: 1_000 });
      expect(mallory.all("pong").at(-1)?.re).toBe(1_000);
    });
  });

  it("[H9] more than can wait for a login", async () => {
    const server = await stack.serve();
    const raw = await stack.hand(server);
    for (let i = 0; i < 130; i++) raw.say(join(i, { room: `room-${i}` }));
    await until(() => expect(refusals(raw)).toEqual([128, 129].map((re) => error("too_busy", { re, room: `room-${re}` }))));
    expect(raw.closed()).toBeUndefined();
  });
});

describe.each(stacks)("[S2, H6] an app whose functions fail, over $name", (stack) => {
  const never = new Promise<never>(() => undefined);
  const authorizes: [what: string, authorize: () => unknown, code: string, retry: boolean | number][] = [
    ["throws", () => { throw new Error("planted"); }, "authorize_failed", 10_000],
    ["rejects", () => Promise.reject(new Error("planted")), "authorize_failed", 10_000],
    ["answers nonsense", () => "yes", "authorize_failed", 10_000],
    ["answers nothing", () => undefined, "authorize_failed", 10_000],
    ["never answers", () => never, "authorize_timeout", 10_000],
    ["says no", () => false, "refused", false],
    ["says no in its own words", () => Promise.resolve({ code: "members_only", message: "Members only." }), "members_only", false],
  ];
  it.each(authorizes)("`authorize` that %s", async (_, authorize, code, retry) => {
    const { mallory, server } = await scene(stack, { attach: { authorize: (({ user }: { user: string }) => user === "ann" || authorize()) as never } });
    expect(await after(mallory, frame(join(1)))).toEqual(code === "authorize_timeout" ? [] : [{ type: "ended", code, re: 1, room: ROOM }]);
    await until(() => expect(mallory.all("ended")).toMatchObject([{ code, retry, reason: "refused", re: 1 }]));
    expect(server.errors.map((reported) => reported.code)).toEqual(retry === false ? [] : [code]);
    expect(server.registry.userCount(ROOM)).toBe(1);
  });

  it("no `authorize` at all: the refusal says what to do", async () => {
    const server = await stack.serve({ attach: { authorize: undefined as never } });
    const one = stack.tab(server, "ann");
    await until(() => expect(one.view()).toMatchObject({ status: "ended", error: { code: "no_authorize" } }));
    expect(one.view().error!.message).toContain('"authorize"');
    expect(one.sockets[0]!.readyState).toBe(1);
  });

  const identifies: [what: string, identify: () => unknown, code: string][] = [
    ["throws", () => { throw new Error("planted"); }, "identify_failed"],
    ["rejects", () => Promise.reject(new Error("planted")), "identify_failed"],
    ["answers nonsense", () => "mallory", "identify_failed"],
    ["answers no user", () => ({ name: "mallory" }), "identify_failed"],
    ["answers a user that is none", () => ({ user: NaN }), "identify_failed"],
    ["never answers", () => never, "identify_timeout"],
  ];
  it.each(identifies)("`identify` that %s", async (_, identify, code) => {
    const { mallory, server } = await scene(stack, {
      attach: { identify: ((_socket: unknown, request: { url?: string }) => request.url?.includes("ann") === true ? { user: "ann" } : identify()) as never },
    });
    await until(() => expect(server.errors.map((reported) => reported.code)).toEqual([code]));
    mallory.say(join(1));
    // The app may still say who it is.
    await server.presence.identify(server.socketOf("mallory"), { user: "mallory" });
    await until(() => expect(mallory.all("joined")).toMatchObject([{ re: 1, user: "mallory" }]));
  });

  it.each([
    ["throws", () => { throw new Error("planted"); }, "auto_join_failed"],
    ["never answers", () => never, "auto_join_timeout"],
    ["answers nonsense", () => [7, long, "news"], "bad_room"],
  ])("`autoJoin` that %s", async (_, autoJoin, code) => {
    const { mallory, server } = await scene(stack, { attach: { autoJoin: (_socket, { user }) => (user === "ann" ? undefined : autoJoin() as never) } });
    await until(() => expect(server.errors.map((reported) => reported.code)).toEqual([code]));
    expect(server.registry.userCount("news")).toBe(code === "bad_room" ? 1 : 0);
    mallory.say(join(1));
    await until(() => expect(mallory.all("joined").at(-1)).toMatchObject({ re: 1, room: ROOM }));
  });

  it("a schema that throws, or is asynchronous", async () => {
    for (const validate of [() => { throw new Error("planted"); }, (value: unknown) => Promise.resolve({ value: value as Meta })]) {
      const server = await stack.serve({ meta: { "~standard": { version: 1, vendor: "test", validate } } });
      const raw = await stack.hand(server, "ann");
      raw.say(join(1));
      await until(() => expect(raw.all("ended")).toMatchObject([{ code: "bad_meta", re: 1, retry: false }]));
      expect(raw.closed()).toBeUndefined();
    }
  });
});

describe("[P1] a socket of ws that is ours alone", () => {
  it("answers a stranger's text with a code, and stays open", async () => {
    const server = await serve({ attach: { exclusive: true } });
    const raw = await hand(server, "ann");
    raw.socket.send("hello?");
    raw.socket.send('{"type":"ping","n":1}');
    raw.say({ type: "ping", n: 2 });
    await until(() => expect(raw.all("pong").length).toBe(1));
    expect(refusals(raw)).toEqual([error("bad_message"), error("bad_message")]);
    expect(raw.closed()).toBeUndefined();
  });
});

describe("[P2, S4] what only socket.io can carry", () => {
  const [stack] = stacks.filter(({ name }) => name === "socket.io") as [Stack];
  it("no messages at all, binary ones, more than are read: answered with a code, or with nothing", async () => {
    const { mallory } = await scene(stack, { rate: 5, burst: 20 });
    mallory.say();
    mallory.say(Buffer.from([1, 2]), { type: "ping", n: 1 });
    await until(() => expect([refusals(mallory), mallory.all("pong").length]).toEqual([[error("bad_message")], 1]));
    mallory.say(...Array.from({ length: 300 }, (_, n) => ({ type: "ping", n })));
    await until(() => expect(refusals(mallory).slice(1)).toEqual([error("too_many_messages")]));
    expect(mallory.all("pong").length).toBeLessThan(40);
  });

  it("[H6] a socket that disconnects in the middle of `identify`, by word or without", async () => {
    for (const end of ["disconnect", "close"] as const) {
      let tell: (identity: { user: string }) => void = () => undefined;
      const server = await stack.serve({ grace: 60_000, patience: 60_000, attach: { identify: () => new Promise((resolve) => { tell = resolve; }), autoJoin: () => ROOM } });
      const raw = await stack.hand(server, "ann");
      raw.say(join(1));
      const [{ raw: socket }] = (server as IoServer).sockets as [IoServer["sockets"][number]];
      if (end === "disconnect") socket.disconnect();
      else raw.socket.terminate();
      await until(() => expect(server.registry.health().links).toBe(0));
      tell({ user: "ann" });
      await new Promise((resolve) => { setTimeout(resolve, 20); });
      expect([server.told, server.errors, server.registry.rooms(), server.registry.audit()]).toEqual([[], [], [], 0]);
    }
  });

  it("[S2] in a namespace that refuses, nothing: no link, and no answer", async () => {
    const server = await stack.serve();
    (server as IoServer).io.use((_, next) => { next(new Error("no")); });
    const raw = stack.dial(server, "ann");
    raw.say(HELLO, join(1));
    await until(() => expect(raw.closed()).toBeDefined());
    expect([raw.heard, server.registry.health().links]).toEqual([[], 0]);
  });

  it("[H5] `io.close()` without a drain: who does not come back elsewhere has left after the grace, and not before", async () => {
    const server = await stack.serve({ grace: 300 });
    await stack.liveTab(server, "ann");
    await (server as IoServer).io.close();
    await until(() => expect(server.registry.health().links).toBe(0));
    expect(server.told).toEqual(["joined ann"]);
    await until(() => expect(server.told).toEqual(["joined ann", "left ann vanished"]));
  });
});
