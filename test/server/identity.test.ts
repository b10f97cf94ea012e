import { describe, expect, it } from "vitest";
import type { Identity } from "../../src/server/link.js";
import { settled, world, type FakeClient, type Meta } from "../support/server.js";

type Reply<T> = { readonly promise: Promise<T>; readonly resolve: (value: T) => void; readonly reject: (cause: unknown) => void };

function reply<T>(): Reply<T> {
  let resolve!: (value: T) => void;
  let reject!: (cause: unknown) => void;
  const promise = new Promise<T>((yes, no) => { resolve = yes; reject = no; });
  return { promise, resolve, reject };
}

const types = (client: FakeClient): string[] => client.news().map(({ type }) => type);
const allowed = { authorize: () => true };

describe("identity that comes late", () => {
  it("[H9] [H12] what a client says before it is held, in order, and done then; what it left is forgotten", async () => {
    const w = world();
    w.client("bob").join("r", { watch: "none" });
    const ann = w.open("a", allowed);
    const other = ann.join("s", { meta: { i: 1 }, watch: "none" });
    ann.join("r");
    ann.say({ type: "leave", room: "r" });
    const again = ann.join("r", { meta: { i: 2 } });
    expect(types(ann)).toEqual(["welcome"]);
    await ann.link.identify({ user: "ann" });
    w.clock.advance(60);
    expect(ann.news()).toMatchObject([{ type: "joined", re: other }, { type: "joined", re: again }, { type: "snapshot" }]);
    expect(w.registry.users("r").map(({ id, meta }) => [id, meta])).toEqual([["ann", { i: 2 }], ["bob", {}]]);
  });

  it("[H9] [S4] at most 128 messages are held; the next are refused, and the link goes on", async () => {
    const w = world({ maxRooms: 1_000 });
    const ann = w.open("a", allowed);
    const said = Array.from({ length: 130 }, (_, i) => ann.join(`r${i}`, { watch: "none" }));
    expect(ann.news().slice(1)).toMatchObject([{ type: "error", code: "too_busy", re: said[128], room: "r128" }, { type: "error", code: "too_busy", re: said[129], room: "r129" }]);
    ann.say({ type: "ping" });
    expect(types(ann)).toEqual(["pong"]);
    await ann.link.identify({ user: "ann" });
    expect(w.registry.roomsOfHere("ann")).toHaveLength(128);
  });

  it("[H9] what comes while autoJoin is asked waits behind what was held before it; a leave takes it back", async () => {
    const w = world();
    const rooms = reply<string>();
    const ann = w.open("a", { ...allowed, autoJoin: () => rooms.promise });
    ann.join("r");
    ann.join("s", { meta: { i: 1 } });
    const done = ann.link.identify({ user: "ann" });
    ann.say({ type: "update", room: "s", meta: { i: 2 } });
    ann.say({ type: "leave", room: "r" });
    rooms.resolve("lobby");
    await done;
    expect(w.registry.roomsOfHere("ann")).toEqual(["lobby", "s"]);
    expect([w.changes(), w.registry.users("s")[0]?.meta]).toEqual([["joined ann", "joined ann", "updated ann"], { i: 2 }]);
  });

  it("[H9] what the server wants of a link waits too, and is answered when the log has it", async () => {
    const w = world();
    const ann = w.open("a", { hello: false });
    const joined = ann.link.join("r", { meta: { i: 1 } });
    const updated = ann.link.update("r", { i: 2 });
    await settled();
    expect(w.registry.userCount("r")).toBe(0);
    await ann.link.identify({ user: "ann" });
    expect([await joined, await updated, w.registry.users("r")[0]?.meta]).toEqual([true, true, { i: 2 }]);
  });

  it("[H9] what waits for nobody is answered no: the link closed, or too much waits", async () => {
    const w = world();
    const ann = w.open("a", { hello: false });
    const joins = Array.from({ length: 129 }, (_, i) => ann.link.join(`r${i}`));
    expect(await joins[128]).toBe(false);
    ann.link.closed("vanished");
    expect(new Set(await Promise.all(joins))).toEqual(new Set([false]));
    expect(await ann.link.join("r")).toBe(false);
  });

  it("[H9] the app's own word counts more than an identify that is still out", async () => {
    const w = world();
    const [one, two, three] = [reply<Identity<Meta>>(), reply<Identity<Meta>>(), reply<Identity<Meta> | undefined>()];
    const links = [one, two, three].map(({ promise }, i) => w.open(`p${i}`, { identify: () => promise, autoJoin: () => "r" }).link);
    await links[0]!.identify({ user: "bob" });
    await links[1]!.identify(undefined);
    one.resolve({ user: "ann" });
    two.resolve({ user: "ann" });
    three.resolve(undefined);
    await settled();
    expect(links.map(({ user }) => user)).toEqual(["bob", undefined, undefined]);
    expect(w.changes()).toEqual(["joined bob"]);
  });
});

describe("identity that changes", () => {
  it("[H9] another user: the old connections leave, autoJoin is asked anew, the other rooms are authorised again", async () => {
    const asked: string[] = [];
    const w = world();
    const link = w.open("a", {
      user: "ann",
      autoJoin: ({ user }) => [`of-${user}`],
      authorize: ({ user, room, watch, present }) => { asked.push(`${user} ${room} ${watch} ${present}`); return room !== "secret" || user === "ann"; },
    });
    await link.link.join("given");
    link.join("wished", { meta: { i: 1 } });
    link.join("secret");
    link.join("watched", { watch: "count", present: false });
    const before = w.registry.users("wished")[0]?.connections[0]?.conn;
    w.clock.advance(60);
    link.news();
    asked.length = 0;
    await link.link.identify({ user: "bob" });
    expect(w.registry.roomsOfHere("ann")).toEqual([]);
    expect([...w.registry.roomsOfHere("bob")].sort()).toEqual(["given", "of-bob", "wished"]);
    expect(asked.sort()).toEqual(["bob given none true", "bob secret users true", "bob watched count false", "bob wished users true"]);
    expect(w.registry.users("wished")[0]).toMatchObject({ id: "bob", meta: { i: 1 } });
    expect(w.registry.users("wished")[0]?.connections[0]?.conn).not.toBe(before);
    expect(link.news().filter(({ type }) => type === "ended")).toMatchObject([{ room: "secret", reason: "refused", retry: false }]);
    expect(w.told.filter(([name]) => name === "left").map(([, event]) => (event as { reason?: string }).reason)).toEqual(Array(4).fill("leave"));
  });

  it("[H9] [S2] without an authorize, only autoJoin's rooms are the next user's", async () => {
    const w = world();
    const { link } = w.open("a", { user: "ann", autoJoin: ({ user }) => (user === "ann" ? ["a", "b"] : "b") });
    await link.join("given");
    await link.identify({ user: "bob" });
    expect(w.registry.roomsOfHere("bob")).toEqual(["b"]);
  });

  it("[S2] [H6] a room that one user was allowed while another came is asked for again", async () => {
    const asked: string[] = [];
    const replies: Reply<boolean>[] = [];
    const w = world();
    const { link } = w.open("a", { user: "ann", authorize: ({ user }) => { asked.push(user); const r = reply<boolean>(); replies.push(r); return r.promise; } });
    await link.join("given");
    const bob = link.identify({ user: "bob" });
    const cid = link.identify({ user: "cid" });
    replies[0]!.resolve(true);
    await settled();
    expect([asked, w.registry.userCount("given")]).toEqual([["bob", "cid"], 0]);
    replies[1]!.resolve(false);
    await Promise.all([bob, cid]);
    expect(w.registry.userCount("given")).toBe(0);
  });

  it("[H9] wishes outlive two changes of user, of which the first is not through yet", async () => {
    const rooms = reply<undefined>();
    const w = world();
    const ann = w.open("a", { user: "ann", autoJoin: ({ user }) => (user === "bob" ? rooms.promise : undefined), ...allowed });
    ann.join("r");
    const bob = ann.link.identify({ user: "bob" });
    await ann.link.identify({ user: "cid" });
    rooms.resolve(undefined);
    await bob;
    expect(w.registry.users("r").map(({ id }) => id)).toEqual(["cid"]);
    expect(w.changes()).toEqual(["joined ann", "left ann", "joined cid"]);
  });

  it("[H9] [H12] a room that was left while another user was let into the link's rooms stays left, and waits for no other", async () => {
    for (const slow of ["autoJoin", "authorize"] as const) {
      const [rooms, verdict] = [reply<undefined>(), reply<boolean>()];
      const w = world();
      const ann = w.open("a", {
        user: "ann",
        autoJoin: ({ user }) => (slow === "autoJoin" && user === "bob" ? rooms.promise : undefined),
        authorize: ({ user, room }) => user === "ann" || room === "s" || verdict.promise,
      });
      for (const room of ["r", "q", "s"]) ann.join(room, { watch: "none" });
      const bob = ann.link.identify({ user: "bob" });
      ann.news();
      w.changes();
      ann.say({ type: "leave", room: "s" });
      expect(w.changes()).toEqual(slow === "authorize" ? ["left bob"] : []);
      ann.say({ type: "leave", room: "r" });
      rooms.resolve(undefined);
      await settled();
      verdict.resolve(true);
      await bob;
      expect([w.registry.roomsOfHere("bob"), w.changes()]).toEqual([["q"], ["joined bob"]]);
      expect(ann.all().filter((message) => message.type === "ended")).toEqual([]);
    }
  });

  it("[H9] a join that waits to be allowed while the user changes is asked for again, and counts more than what was wanted before", async () => {
    const replies: Reply<boolean>[] = [];
    const w = world();
    const ann = w.open("a", { user: "ann", authorize: ({ user, watch }) => {
      if (user === "ann" && watch === "users") return true;
      const answer = reply<boolean>();
      replies.push(answer);
      return answer.promise;
    } });
    ann.join("r");
    const re = ann.join("r", { watch: "count" });
    const bob = ann.link.identify({ user: "bob" });
    w.clock.advance(60);
    ann.news();
    replies[0]!.resolve(true);
    await settled();
    replies[1]!.resolve(true);
    await bob;
    await settled();
    w.clock.advance(60);
    expect(ann.news()).toMatchObject([{ type: "joined", re, user: "bob" }, { type: "count", users: 1 }]);
    expect([replies.length, w.registry.users("r").map(({ id }) => id)]).toEqual([2, ["bob"]]);
  });

  it("[H9] the same user with new meta is an update in all rooms, and nobody comes or goes", async () => {
    const w = world();
    const ann = w.open("a", { user: 7, meta: { role: "guest" }, autoJoin: () => "lobby", ...allowed });
    ann.join("r", { meta: { mood: "fine", role: "admin" } });
    ann.join("s", { watch: "count", present: false });
    await ann.link.identify({ user: "7", meta: { role: "host" } });
    expect(w.registry.users("r")[0]?.meta).toEqual({ mood: "fine", role: "host" });
    expect(w.registry.users("lobby")[0]?.meta).toEqual({ role: "host" });
    expect(w.changes()).toEqual(["joined 7", "joined 7", "updated 7", "updated 7"]);
    await ann.link.identify({ user: 7, meta: { role: "host" }, context: "new" });
    expect(w.changes()).toEqual([]);
  });

  it("[H9] what a link shows is the last that client or server gave, whoever joined it", async () => {
    const w = world();
    const ann = w.open("a", { user: "ann", autoJoin: () => "lobby", ...allowed });
    ann.say({ type: "update", room: "lobby", meta: { mood: "fine" } });
    await ann.link.identify({ user: "ann", meta: { role: "host" } });
    expect(w.registry.users("lobby")[0]?.meta).toEqual({ mood: "fine", role: "host" });
    await ann.link.update("lobby", { mood: "busy" });
    // Without a meta, what is shown stays.
    ann.join("lobby");
    await ann.link.join("lobby");
    await ann.link.identify({ user: "ann", meta: { role: "guest" } });
    expect(w.registry.users("lobby")[0]?.meta).toEqual({ mood: "busy", role: "guest" });
    expect(w.registry.connectionCount("lobby")).toBe(1);
  });

  it("[H9] a new meta that the schema refuses is reported, and the old one stays", async () => {
    const schema = { "~standard": { version: 1 as const, vendor: "test", validate: (value: unknown) => ((value as Meta).bad ? { issues: [{ message: "bad" }] } : { value: value as Meta }) } };
    const w = world({ meta: schema });
    const { link } = w.open("a", { user: "ann", autoJoin: () => "r" });
    await link.identify({ user: "ann", meta: { bad: true } });
    expect([w.codes(), w.registry.users("r")[0]?.meta]).toEqual([["bad_meta"], {}]);
  });
});

describe("logout", () => {
  it("[H9] leaves all rooms at once, says `ended`, and then nothing; the next identity gets a welcome first", async () => {
    const w = world();
    const ann = w.open("a", { user: "ann", autoJoin: () => "lobby", ...allowed });
    ann.join("r");
    ann.join("w", { watch: "count", present: false });
    w.clock.advance(60);
    const conn = w.registry.users("r")[0]?.connections[0]?.conn;
    ann.news();
    await ann.link.identify(undefined);
    const ended = ann.news();
    expect(ended).toHaveLength(3);
    expect(ended).toContainEqual({ type: "ended", room: "r", conn, reason: "logout", code: "logout", message: "Logged out.", retry: true });
    for (const message of ended) expect(message).toMatchObject({ type: "ended", reason: "logout", retry: true });
    expect(w.registry.rooms()).toEqual([]);
    w.client("bob").join("r");
    w.clock.advance(26_000);
    expect(ann.news()).toEqual([]);
    await ann.link.identify({ user: "ann" });
    expect(ann.news()).toMatchObject([{ type: "welcome" }, { type: "joined", room: "lobby" }]);
    expect(w.registry.users("r").map(({ id }) => id)).toEqual(["bob"]);
  });

  it("[H9] a join that was being authorised is ended too", async () => {
    const verdict = reply<boolean>();
    const w = world();
    const ann = w.open("a", { user: "ann", authorize: () => verdict.promise });
    const re = ann.join("r");
    await ann.link.identify(undefined);
    verdict.resolve(true);
    await settled();
    expect(ann.news().slice(1)).toMatchObject([{ type: "ended", room: "r", re, reason: "logout", retry: true }]);
    expect(w.told).toEqual([]);
  });

  it("[H9] a logout of nobody says nothing", async () => {
    const w = world();
    const ann = w.open("a");
    await ann.link.identify(undefined);
    expect(types(ann)).toEqual(["welcome"]);
  });
});

describe("two who hold a connection", () => {
  it("[H9] it lives while client or server want it", async () => {
    const w = world();
    const ann = w.open("a", { user: "ann", autoJoin: () => "lobby", ...allowed });
    const conn = (): string | undefined => w.registry.users("lobby")[0]?.connections[0]?.conn;
    const first = conn();
    ann.join("lobby");
    expect(conn()).toBe(first);
    ann.say({ type: "leave", room: "lobby" });
    expect(conn()).toBe(first);
    ann.join("lobby");
    ann.join("lobby", { present: false });
    expect(conn()).toBe(first);
    ann.join("lobby");
    expect(await ann.link.leave("lobby")).toBe(true);
    expect(conn()).toBe(first);
    ann.say({ type: "leave", room: "lobby" });
    expect(conn()).toBe(undefined);
    expect(w.changes()).toEqual(["joined ann", "left ann"]);
  });

  it("[H9] a link that the server joined is told so, and watches nothing until it asks", async () => {
    const w = world();
    const ann = w.open("a", { hello: false, user: "ann", autoJoin: () => ["lobby", "lobby"] });
    expect(ann.all()).toEqual([]);
    ann.say({ type: "hello", v: [1], features: [] });
    expect(ann.news()).toMatchObject([{ type: "welcome" }, { type: "joined", room: "lobby", user: "ann" }]);
    await ann.link.join("r");
    expect(ann.news()).toMatchObject([{ type: "joined", room: "r" }]);
    w.client("bob").join("lobby");
    w.clock.advance(26_000);
    expect(ann.news()).toEqual([]);
    // What the server gave, the client may watch without being authorised.
    ann.join("lobby");
    expect(types(ann)).toEqual(["joined", "snapshot"]);
  });

  it("[P6] [H9] a present client that turns to watching leaves, and goes on watching", () => {
    const w = world();
    const ann = w.client("ann");
    ann.join("r");
    w.clock.advance(60);
    ann.news();
    ann.join("r", { present: false });
    expect(ann.news()).toMatchObject([{ type: "joined", room: "r" }]);
    w.clock.advance(60);
    expect(ann.room("r").users.size).toBe(0);
    expect(w.changes()).toEqual(["joined ann", "left ann"]);
  });
});

describe("identities that make no sense", () => {
  const nonsense = [null, "ann", 5, {}, { user: null }, { user: NaN }, { user: {} }, { user: true }, { user: "x".repeat(257) }, { get user() { throw new Error("no"); } }];

  it.each(nonsense.map((value, i) => [i, value]))("[S4] number %i is passed over, with a code", async (_, value) => {
    const w = world();
    const ann = w.open("a", { identify: () => value as never, autoJoin: () => "r" });
    await ann.link.identify(value as never);
    await settled();
    expect([ann.link.user, w.codes()]).toEqual([undefined, ["identify_failed", "identify_failed"]]);
    // The first was refused before it said hello: then it is told nothing.
    expect(ann.news().slice(1)).toMatchObject([{ type: "error", code: "identify_failed" }]);
  });

  it("[S1] [R10] [pain P25] a number becomes its string, and any string is a name", () => {
    const w = world();
    const users = [1, "1", "", "__proto__", "constructor", "\ud800", "x".repeat(256)];
    for (const user of users) void w.open(`p${String(user)}${typeof user}`, { user, autoJoin: () => "__proto__" });
    expect(w.registry.users("__proto__").map(({ id }) => id).sort()).toEqual([...new Set(users.map(String))].sort());
    expect(w.registry.connectionCount("__proto__")).toBe(7);
    expect(w.registry.isOnlineHere("toString")).toBe(false);
  });

  it.each([
    ["throws", () => { throw new Error("no"); }, "identify_failed"],
    ["rejects", () => Promise.reject(new Error("no")), "identify_failed"],
    ["never answers", () => new Promise<never>(() => undefined), "identify_timeout"],
    ["gives a thenable that throws", () => ({ then() { throw new Error("no"); } }), "identify_failed"],
  ])("[S4] an identify that %s leaves the link nobody's", async (_, identify, code) => {
    const w = world();
    const ann = w.open("a", { identify: identify as never });
    ann.join("r");
    await settled();
    w.clock.advance(9_999);
    await settled();
    if (code === "identify_timeout") expect(w.codes()).toEqual([]);
    w.clock.advance(1);
    await settled();
    expect([w.codes(), ann.link.user, w.registry.userCount("r")]).toEqual([[code], undefined, 0]);
    // It may still be told who it is.
    await ann.link.identify({ user: "ann" });
    expect(ann.last("ended")).toMatchObject({ code: "no_authorize" });
  });

  it.each([
    ["throws", () => { throw new Error("no"); }, ["auto_join_failed"]],
    ["rejects", () => Promise.reject(new Error("no")), ["auto_join_failed"]],
    ["never answers", () => new Promise<never>(() => undefined), ["auto_join_timeout"]],
    ["returns nonsense", () => [5, "x".repeat(257), "good"] as never, ["bad_room"]],
    ["returns an object", () => ({}) as never, ["bad_room"]],
  ])("[S4] an autoJoin that %s joins to nothing else, and says so", async (_, autoJoin, codes) => {
    const w = world();
    const { link } = w.open("a", { autoJoin: autoJoin });
    const done = link.identify({ user: "ann" });
    await settled();
    w.clock.advance(10_000);
    await done;
    expect([w.codes(), link.user]).toEqual([codes, "ann"]);
    expect(w.registry.roomsOfHere("ann")).toEqual(_ === "returns nonsense" ? ["good"] : []);
  });
});

describe("after its close", () => {
  it("[H6] [pain P15] whatever was awaited comes to nothing", async () => {
    const w = world();
    const [identity, rooms, verdict] = [reply<Identity<Meta>>(), reply<string>(), reply<boolean>()];
    const links = [
      w.open("a", { identify: () => identity.promise, autoJoin: () => "r" }),
      w.open("b", { user: "bob", autoJoin: () => rooms.promise }),
      w.open("c", { user: "cid", authorize: () => verdict.promise }),
      w.open("d", { user: "dan", authorize: () => Promise.reject(new Error("too late to matter")) }),
    ];
    for (const client of links) client.join("r");
    for (const { link } of links) link.closed("vanished");
    identity.resolve({ user: "ann" });
    rooms.resolve("r");
    verdict.resolve(true);
    await settled();
    expect([w.registry.rooms(), w.told, w.codes(), w.registry.health().links]).toEqual([[], [], [], 0]);
  });

  it("[H6] every call on it does nothing", async () => {
    const w = world();
    const ann = w.client("ann");
    ann.join("r");
    w.clock.advance(60);
    ann.link.closed("leave");
    w.clock.advance(60);
    w.wire.sendings.length = 0;
    ann.link.closed("vanished");
    ann.link.heard();
    ann.link.ready();
    ann.join("r");
    await ann.link.identify({ user: "bob" });
    expect([ann.link.frame('["hc",{"type":"ping","n":1}]'), await ann.link.join("r"), await ann.link.update("r", {}), await ann.link.leave("r")]).toEqual([false, false, false, false]);
    expect([w.wire.sendings, w.changes()]).toEqual([[], ["joined ann", "left ann"]]);
  });

  it("[pain P15] a return that is refused within the grace does not keep the old connection", () => {
    const w = world();
    let open = true;
    const ann = w.client("ann", { authorize: () => open });
    ann.join("r");
    ann.link.closed("vanished");
    open = false;
    w.client("ann", { authorize: () => open }).join("r");
    w.clock.advance(12_000);
    expect(w.changes()).toEqual(["joined ann", "left ann"]);
  });
});
