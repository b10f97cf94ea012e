import { describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { aMoment, join, proxyTo, ROOM, userOf, type AppServer, type Hand } from "../support/sockets.js";
import { stacks } from "../support/stacks.js";
import { until } from "../support/until.js";

const LONG = 60_000;
/** A promise that the test keeps when it likes. */
function later<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void; readonly reject: (cause: Error) => void } {
  let [resolve, reject]: [(value: T) => void, (cause: Error) => void] = [() => undefined, () => undefined];
  const promise = new Promise<T>((...both) => { [resolve, reject] = both; });
  return { promise, resolve, reject };
}

describe.each(stacks)("people and their tabs, over $name", (stack) => {
  it("[R9, H7] [pain P02] [pain P04] one of two tabs closes, and nobody has left; with the last one they have, once", async () => {
    const server = await stack.serve({ grace: 150 });
    const ann = await stack.liveTab(server, "ann");
    const [first, second] = [await stack.liveTab(server, "bob"), await stack.liveTab(server, "bob")];
    await until(() => expect([ann.view().userCount, ann.view().connectionCount]).toEqual([2, 3]));
    first.vanish();
    await until(() => expect([ann.view().userCount, ann.view().connectionCount]).toEqual([2, 2]));
    expect(ann.changes).toEqual(["joined bob"]);
    second.vanish();
    await until(() => expect(ann.changes).toEqual(["joined bob", "left bob vanished"]));
    expect(server.told).toEqual(["joined ann", "joined bob", "left bob vanished"]);
  });

  it("[R8, R14, V10] [pain P10] who changes what they show is never away; equal meta is no news, and of many changes at once the newest is told", async () => {
    const server = await stack.serve({ grace: LONG });
    const ann = await stack.liveTab(server, "ann");
    const old = await stack.liveTab(server, "bob", { meta: { name: "Bob" } });
    const young = await stack.liveTab(server, "bob", { meta: { name: "Bobby" } });
    const shown = (): unknown => ann.view().users?.find(({ id }) => id === "bob")?.meta;
    await until(() => expect(shown()).toEqual({ name: "Bobby" }));
    // The youngest connection speaks for the user, whichever was changed last.
    old.room.update({ name: "Robert" });
    await until(() => expect(server.registry.users(ROOM).find(({ id }) => id === "bob")?.connections[0]?.meta).toEqual({ name: "Robert" }));
    for (let i = 0; i < 50; i++) young.room.update({ name: `Bob ${i}` });
    await until(() => expect(shown()).toEqual({ name: "Bob 49" }));
    young.room.update({ name: "Bob 49" });
    old.room.leave();
    await until(() => expect(ann.view().connectionCount).toBe(2));
    expect([ann.changes, server.told].map((told) => told.filter((what) => what !== "updated bob"))).toEqual([["joined bob"], ["joined ann", "joined bob"]]);
    // Two, unless this process was held up for longer than a flush amid the fifty.
    for (const told of [ann.changes, server.told]) expect(told.filter((what) => what === "updated bob").length).toBeOneOf([2, 3, 4]);
  });
});

describe.each(stacks)("who is sent out, over $name", (stack) => {
  it("[H10, V4, S7] kicked: it ends, the socket stays open, and only `enter` brings them back", async () => {
    const server = await stack.serve({ grace: LONG });
    const proxy = await proxyTo(server);
    const ann = await stack.liveTab(server, "ann");
    const [bob, other] = [await stack.liveTab(proxy, "bob"), await stack.liveTab(server, "bob")];
    server.registry.kick("bob", ROOM);
    await until(() => expect([bob.view().status, other.view().status]).toEqual(["ended", "ended"]));
    expect(bob.view()).toMatchObject({ error: { code: "kicked" }, users: undefined });
    await until(() => expect(ann.changes).toEqual(["joined bob", "left bob kicked"]));
    expect(bob.sockets.map(({ readyState }) => readyState)).toEqual([WebSocket.OPEN]);
    // A line that was cut and is back is no reason to try again.
    proxy.cut();
    await until(() => expect(bob.sockets.length).toBe(2));
    // What it wants of another room is asserted again, on the new line.
    await bob.client.room("other").enter();
    expect([bob.view().status, server.registry.users(ROOM).map(({ id }) => id)]).toEqual(["ended", ["ann"]]);
    await bob.room.enter();
    await until(() => expect(ann.changes).toEqual(["joined bob", "left bob kicked", "joined bob"]));
    await until(() => expect(bob.people()).toEqual(["ann", "bob"]));
    expect(other.view().status).toBe("ended");
  });

  it("[H10, L2] kicked and blocked: `enter` is refused until the time is over", async () => {
    const server = await stack.serve({ grace: LONG });
    const bob = await stack.liveTab(server, "bob");
    server.registry.kick("bob", ROOM, { block: 700 });
    await until(() => expect(bob.view().status).toBe("ended"));
    await expect(bob.room.enter()).rejects.toMatchObject({ code: "blocked" });
    expect(bob.view()).toMatchObject({ status: "ended", error: { code: "blocked" } });
    await until(async () => { await bob.room.enter(); });
    expect(server.told).toEqual(["joined bob", "left bob kicked", "joined bob"]);
  });
});

describe.each(stacks)("who somebody is, over $name", (stack) => {
  it("[H9] logs out and in again on the same socket: gone at once, and back by itself", async () => {
    const server = await stack.serve({ grace: LONG });
    const ann = await stack.liveTab(server, "ann");
    const bob = await stack.liveTab(server, "bob", { meta: { name: "Bob" } });
    const socket = server.socketOf("bob");
    await server.presence.identify(socket, undefined);
    await until(() => expect(bob.view()).toMatchObject({ status: "ended", error: { code: "logout" } }));
    await until(() => expect(ann.changes).toEqual(["joined bob", "left bob leave"]));
    await server.presence.identify(socket, { user: "bob" });
    await until(() => expect(bob.view()).toMatchObject({ status: "live", userCount: 2, self: { user: "bob" } }));
    await until(() => expect(ann.changes).toEqual(["joined bob", "left bob leave", "joined bob"]));
    expect(ann.view().users?.at(-1)?.meta).toEqual({ name: "Bob" });
    expect(bob.sockets.length).toBe(1);
  });

  it("[H9, S1] late: what a client wants waits until the app says who it is, whatever the client says it is", async () => {
    const server = await stack.serve({ grace: LONG });
    const ann = await stack.liveTab(server, "ann");
    const late = stack.tab(server, undefined, { meta: { user: "admin", name: "?" } });
    await until(() => expect(server.sockets.length).toBe(2));
    const theirs = server.sockets[1]!;
    expect(server.presence.of(theirs)).toBeDefined();
    expect([late.view().status, ann.changes]).toEqual(["syncing", []]);
    await server.presence.identify(theirs, { user: 7, meta: { name: "Seven" } });
    await until(() => expect(late.view()).toMatchObject({ status: "live", self: { user: "7" } }));
    await until(() => expect(ann.changes).toEqual(["joined 7"]));
    expect(ann.view().users?.at(-1)?.meta).toEqual({ user: "admin", name: "Seven" });
  });

  it("[H9, S2] another user on the same socket: the one leaves, the other comes, who is asked about again", async () => {
    const asked: string[] = [];
    const server = await stack.serve({ grace: LONG, attach: { authorize: ({ user, room, present }) => { asked.push(`${user} ${room} ${present}`); return true; } } });
    const ann = await stack.liveTab(server, "ann");
    const bob = await stack.liveTab(server, "bob");
    await server.presence.identify(server.socketOf("bob"), { user: "cem" });
    await until(() => expect(bob.view()).toMatchObject({ status: "live", self: { user: "cem" } }));
    await until(() => expect(ann.people()).toEqual(["ann", "cem"]));
    expect([...ann.changes].sort()).toEqual(["joined bob", "joined cem", "left bob leave"]);
    expect(asked.slice(1)).toEqual(["bob lobby true", "cem lobby true"]);
    // The same user, who shows something else, is an update.
    await server.presence.identify(server.socketOf("bob"), { user: "cem", meta: { role: "host" } });
    await until(() => expect(ann.changes.at(-1)).toBe("updated cem"));
    expect(ann.changes.length).toBe(4);
  });

  it("[H9, S2] rooms that the server gives: `autoJoin` and `join` need no `authorize`; a client that leaves stays where the server wants it", async () => {
    const server = await stack.serve({ grace: LONG, attach: { autoJoin: () => [ROOM, "news"], authorize: () => false } });
    const ann = await stack.hand(server, "ann");
    await until(() => expect([server.registry.userCount(ROOM), server.registry.userCount("news")]).toEqual([1, 1]));
    await until(() => expect(ann.all("joined").map(({ room }) => room).sort()).toEqual([ROOM, "news"]));
    const link = server.presence.of(server.socketOf("ann"))!;
    expect(await link.join("extra", { meta: { by: "server" } })).toBe(true);
    // It watches nothing that it did not ask for, may ask for what it was given, and for nothing else.
    expect(ann.heard.filter(({ type }) => type === "snapshot")).toEqual([]);
    ann.say({ type: "join", n: 1, room: "extra", watch: "users", present: true }, { type: "join", n: 2, room: "else", watch: "users", present: true });
    await until(() => expect(ann.all("snapshot").map(({ room }) => room)).toEqual(["extra"]));
    await until(() => expect(ann.all("ended")).toMatchObject([{ room: "else", code: "refused", retry: false, re: 2 }]));
    ann.say({ type: "leave", n: 3, room: "extra" }, { type: "ping", n: 4 });
    await until(() => expect(ann.all("pong").length).toBe(1));
    expect(server.registry.userCount("extra")).toBe(1);
    expect(await link.leave("extra")).toBe(true);
    expect(server.registry.roomsOfHere("ann").toSorted()).toEqual([ROOM, "news"]);
    expect(server.told.filter((what) => what.startsWith("left"))).toEqual(["left ann leave"]);
  });
});

describe.each(stacks)("rooms with a limit, over $name", (stack) => {
  it("[S6] count users: another tab of who is in is let in, another user is not; who only watches counts nothing", async () => {
    const server = await stack.serve({ grace: 0, maxUsers: 2 });
    const [ann, bob] = [await stack.liveTab(server, "ann"), await stack.liveTab(server, "bob")];
    const cem = stack.tab(server, "cem");
    await until(() => expect(cem.view()).toMatchObject({ status: "ended", error: { code: "room_full" } }));
    await stack.liveTab(server, "ann");
    const eve = await stack.liveTab(server, "eve", { present: false });
    expect([eve.view().userCount, eve.view().connectionCount]).toEqual([2, 3]);
    bob.room.leave();
    await until(() => expect(ann.people()).toEqual(["ann"]));
    await cem.room.enter();
    await until(() => expect(ann.people()).toEqual(["ann", "cem"]));
  });

  it("[S4] connections of one user are bounded, those of others are not", async () => {
    const server = await stack.serve({ maxConnections: 2 });
    const tabs = [await stack.liveTab(server, "ann"), await stack.liveTab(server, "ann")];
    const third = stack.tab(server, "ann");
    await until(() => expect(third.view()).toMatchObject({ status: "ended", error: { code: "too_many_connections" } }));
    await stack.liveTab(server, "bob");
    await until(() => expect(tabs.map((one) => one.view().connectionCount)).toEqual([3, 3]));
  });
});

describe.each(stacks)("answers that come too late, over $name", (stack) => {
  /** A server whose `what` is answered by the test, and a client that went while it waited. */
  async function gone(what: "authorize" | "identify" | "autoJoin"): Promise<{ server: AppServer; ann: Hand; answer: ReturnType<typeof later<never>> }> {
    const answer = later<never>();
    const asked = later<undefined>();
    const ask = (): Promise<never> => { asked.resolve(undefined); return answer.promise; };
    const server = await stack.serve({ grace: 0, patience: LONG, attach: { [what]: ask, ...(what === "authorize" ? { identify: (_: unknown, request: { url?: string }) => userOf(request.url) } : {}) } as never });
    const ann = await stack.hand(server, "ann");
    ann.say(join(1), join(2, { room: "watched", present: false }));
    await asked.promise;
    await until(() => expect(server.registry.health().links).toBe(1));
    ann.socket.terminate();
    await until(() => expect(server.registry.health().links).toBe(0));
    return { server, ann, answer };
  }

  it.each([
    ["authorize", true],
    ["identify", { user: "ann" }],
    ["autoJoin", ROOM],
  ] as const)("[H6] [pain P15] a socket that closed while `%s` was awaited is in no room", async (what, value) => {
    for (const end of ["resolve", "reject"] as const) {
      const { server, answer } = await gone(what);
      answer[end]((end === "resolve" ? value : new Error("too late")) as never);
      await aMoment();
      expect([server.registry.userCount(ROOM), server.told, server.errors, server.registry.health().rooms]).toEqual([0, [], [], 0]);
      expect(server.registry.audit()).toBe(0);
    }
  });

  it("[H12, V4] [pain P15] a leave waits for no `authorize`, and the join that waited for it comes to nothing; one after it is acknowledged", async () => {
    const answers = { users: later<boolean>(), count: later<boolean>() };
    const server = await stack.serve({ grace: LONG, patience: LONG, attach: { authorize: ({ room, watch }) => room === "other" || answers[watch as "users" | "count"].promise } });
    const ann = await stack.hand(server, "ann");
    ann.say(join(1), { type: "leave", n: 2, room: ROOM }, join(3, { watch: "count" }));
    answers.users.resolve(true);
    ann.say(join(4, { room: "other" }));
    await until(() => expect(ann.all("joined")).toMatchObject([{ re: 4 }]));
    expect(server.told).toEqual(["joined ann"]);
    answers.count.resolve(true);
    await until(() => expect(ann.all("joined")).toMatchObject([{ re: 4 }, { re: 3, user: "ann" }]));
    await until(() => expect(ann.all("count")).toMatchObject([{ users: 1 }]));
    ann.say(join(5), { type: "leave", n: 6, room: ROOM });
    await until(() => expect(server.told).toEqual(["joined ann", "joined ann", "left ann leave"]));
  });
});
