import { afterEach, describe, expect, it, vi } from "vitest";
import { aMoment, HELLO, join, ROOM } from "../support/sockets.js";
import { stacks } from "../support/stacks.js";
import { until } from "../support/until.js";

/** A defect of ours: a function of the server that throws the next time it is called. */
const planted = vi.hoisted(() => {
  const state: { where: string | undefined } = { where: undefined };
  const throwing = (name: string, original: (...args: never[]) => unknown) => (...args: never[]): unknown => {
    // The clients of the tests run in this process too, and are not to be hit.
    if (state.where === name && /\/src\/(?:server\/|adapters\/ws\.ts)/.test(new Error().stack ?? "")) {
      state.where = undefined;
      throw new Error(`planted in ${name}`);
    }
    return original(...args);
  };
  return {
    state,
    in: (...names: readonly string[]) => async (load: () => Promise<object>) => {
      const module = await load() as Record<string, never>;
      return { ...module, ...Object.fromEntries(names.map((name) => [name, throwing(name, module[name]!)])) };
    },
  };
});
vi.mock(import("../../src/server/host.js"), planted.in("step") as never);
vi.mock(import("../../src/server/log.js"), planted.in("append", "since") as never);
vi.mock(import("../../src/core/draft.js"), planted.in("applyFact") as never);
vi.mock(import("../../src/core/change.js"), planted.in("changes") as never);
vi.mock(import("../../src/protocol/encode.js"), planted.in("encodeDelta", "encodeSnapshot") as never);
vi.mock(import("../../src/protocol/frame.js"), planted.in("encodeFrame") as never);
afterEach(() => { planted.state.where = undefined; });

describe.each(stacks)("a socket that presence shares with its app, over $name", (stack) => {
  it("[P1, S7] carries the app's texts and binary messages untouched, both ways, before, between and after ours", async () => {
    const server = await stack.serve();
    const ann = await stack.hand(server, "ann", { hello: false });
    const apps = ["early", "", "[\"hc\" ,1]", " [\"hc\",1]", "[\"hcx\"]", "{}", "\u2028\u{1F600}", Buffer.from([0, 255, 1]), Buffer.from("[\"hc\",{\"type\":\"hello\",\"v\":[1],\"features\":[]}]")];
    const sendAll = (): void => { for (const one of apps) ann.socket.send(one); };
    sendAll();
    // A frame of ours that is binary is the app's: it is no hello.
    await until(() => expect(ann.texts).toEqual(apps));
    expect(ann.heard).toEqual([]);
    ann.say(HELLO);
    sendAll();
    ann.say(join(1));
    sendAll();
    server.socketOf("ann").send("unasked");
    ann.say({ type: "leave", n: 2, room: ROOM }, { type: "ping", n: 3 });
    await until(() => expect(ann.all("pong").length).toBe(1));
    sendAll();
    await until(() => expect(ann.texts.length).toBe(4 * apps.length + 1));
    expect(ann.texts.filter((text) => text !== "unasked")).toEqual([...apps, ...apps, ...apps, ...apps]);
    expect(ann.heard.map(({ type }) => type)).toEqual(["welcome", "joined", "snapshot", "pong"]);
    expect([server.errors, server.told]).toEqual([[], ["joined ann", "left ann leave"]]);
  });

  it("[P1, S7] says nothing to a client that never spoke our protocol, though it is in a room and says things", async () => {
    const server = await stack.serve({ grace: 0, heartbeat: 50, attach: { autoJoin: () => ROOM } });
    const ann = await stack.hand(server, "ann", { hello: false });
    ann.say({ type: "nonsense" }, { n: 1 });
    if (stack.name === "ws") ann.socket.send('["hc",');
    const bob = await stack.liveTab(server, "bob");
    await until(() => expect(bob.people()).toEqual(["ann", "bob"]));
    server.registry.kick("ann");
    await server.presence.identify(server.socketOf("ann"), undefined);
    await until(() => expect(bob.changes).toEqual(["left ann kicked"]));
    ann.socket.send("ping");
    await until(() => expect(ann.texts).toEqual(["ping"]));
    expect([ann.heard, ann.closed()]).toEqual([[], undefined]);
  });

  it("[H11, S7] [pain P19] a listener of the app that throws harms nobody", async () => {
    const server = await stack.serve({ grace: 0 });
    for (const name of ["joined", "left", "connected"] as const) server.registry.on(name, () => { throw new Error(`the app's own, in ${name}`); });
    const ann = await stack.liveTab(server, "ann");
    const bob = await stack.liveTab(server, "bob");
    bob.room.leave();
    await until(() => expect(ann.changes).toEqual(["joined bob", "left bob leave"]));
    expect([...new Set(server.errors.map(({ code }) => code))]).toEqual(["listener_failed"]);
    expect(server.told).toEqual(["joined ann", "joined bob", "left bob leave"]);
  });
});

describe.each(stacks)("a defect of ours, over $name", (stack) => {
  it.each(["step", "append", "applyFact", "changes", "encodeDelta", "encodeSnapshot", "since", ...(stack.name === "ws" ? ["encodeFrame"] : [])])("[H11, S7] in `%s` stops no message of the app, closes nothing, and the room is right again", async (where) => {
    // Whatever is owed after the throw comes at the latest with the next heartbeat.
    const server = await stack.serve({ grace: 60_000, heartbeat: 200 });
    const ann = await stack.liveTab(server, "ann", { meta: { name: "Ann" } });
    const bob = await stack.hand(server, "bob");
    bob.say(join(1, { meta: { name: "Bob" } }));
    await until(() => expect(ann.changes).toEqual(["joined bob"]));
    const { epoch } = server.registry.snapshot(ROOM);

    planted.state.where = where;
    const sent = Array.from({ length: 20 }, (_, i) => `message ${i}`);
    for (const [i, text] of sent.entries()) {
      bob.socket.send(text);
      if (i === 5) bob.say({ type: "update", n: 2, room: ROOM, meta: { name: "Robert" } });
      // It asks for the whole room, so that a snapshot is made.
      if (i === 8) bob.say({ type: "sync", n: 3, room: ROOM, full: true });
      await aMoment(1);
    }
    await until(() => expect(server.errors.map(({ code }) => code)).toEqual([where === "encodeFrame" ? "wire_failed" : "internal"]));
    expect(server.errors[0]!.cause).toMatchObject({ message: `planted in ${where}` });
    expect(planted.state.where).toBeUndefined();
    await until(() => expect(bob.texts).toEqual(sent));

    // What was wished when it struck may have to be wished again.
    bob.say({ type: "update", n: 4, room: ROOM, meta: { name: "Rob" } }, join(5, { meta: { name: "Rob" } }));
    ann.room.update({ name: "Anna" });
    const people = [["ann", { name: "Anna" }], ["bob", { name: "Rob" }]];
    await until(() => {
      expect(server.registry.users(ROOM).map(({ id, meta }) => [id, meta]).sort()).toEqual(people);
      expect(ann.view().status).toBe("live");
      expect(ann.view().users!.map(({ id, meta }) => [id, meta]).sort()).toEqual(people);
      expect(ann.view().room!.digest).toBe(server.registry.snapshot(ROOM).digest);
    });
    // It may have struck in a tick, which is of no room, leaves the host as it was, and comes again.
    if (where !== "encodeFrame" && (where !== "step" || server.errors[0]!.room !== undefined)) expect(server.registry.snapshot(ROOM).epoch).toBeGreaterThan(epoch);
    expect(bob.all("snapshot").length).toBeGreaterThan(0);
    // Nobody was seen to go and come, and nobody lost their socket.
    expect([ann.changes, server.told].flat().filter((what) => /^(left|joined)/.test(what))).toEqual(["joined bob", "joined ann", "joined bob"]);
    expect([ann.sockets.length, bob.closed()]).toEqual([1, undefined]);
    expect(server.registry.connectionCount(ROOM)).toBe(2);
    expect(server.registry.audit()).toBe(0);
  });
});
