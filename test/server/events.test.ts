import { afterEach, describe, expect, it, vi } from "vitest";
import { createEvents } from "../../src/server/events.js";
import { createRegistry } from "../../src/server/registry.js";
import { fakeClock } from "../support/fake-clock.js";
import { fakeWire } from "../support/fake-wire.js";
import { settled, world } from "../support/server.js";

afterEach(() => { vi.restoreAllMocks(); });

describe("the registry's events", () => {
  it("[S7] a listener whose promise is rejected is reported like one that throws, and ends no process", async () => {
    const w = world();
    const boom = new Error("boom");
    const rejects = (): unknown => Promise.reject(boom);
    w.registry.on("joined", rejects);
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    w.registry.on("error", rejects);
    w.client("ann").join("r");
    await settled();
    expect([w.codes(), w.errors[0]?.cause]).toEqual([["listener_failed"], boom]);
    expect(warn.mock.calls).toEqual([[expect.stringContaining("headcount: listener_failed: "), boom]]);
    warn.mockRestore();
  });

  it("[R14] [pain P19] a listener that edits the meta it is given fails by itself, and changes nothing in the room", () => {
    const w = world();
    w.registry.on("joined", ({ meta }) => {
      (meta as { tags: string[] }).tags.length = 0;
    });
    const ann = w.client("ann");
    ann.join("r", { meta: { tags: ["admin"] } });
    expect(w.codes()).toContain("listener_failed");
    expect(w.registry.users("r")).toMatchObject([{ id: "ann", meta: { tags: ["admin"] } }]);
  });

  it("[R14] carry room, time, cause and origin; `left` also since when, and when it was last heard", () => {
    const w = world({ grace: 0 });
    const start = w.clock.now();
    const ann = w.client("ann", { context: { ip: "::1" } });
    ann.join("r", { meta: { i: 1 } });
    w.clock.advance(5_000);
    ann.say({ type: "update", room: "r", meta: { i: 2 } });
    w.clock.advance(3_000);
    ann.link.closed("vanished");
    const conn = (w.told[1]?.[1] as { conn: string }).conn;
    const common = { user: "ann", room: "r", cause: "live", origin: true };
    expect(w.told).toEqual([
      ["joined", { ...common, meta: { i: 1 }, at: start }],
      ["connected", { ...common, conn, meta: { i: 1 }, at: start, context: { ip: "::1" } }],
      ["updated", { ...common, meta: { i: 2 }, previous: { i: 1 }, at: start + 5_000 }],
      ["disconnected", { ...common, conn, meta: { i: 2 }, reason: "vanished", at: start + 8_000, context: { ip: "::1" }, lastHeard: start + 5_000 }],
      ["left", { ...common, meta: { i: 2 }, reason: "vanished", at: start + 8_000, since: start, lastHeard: start + 5_000 }],
    ]);
  });

  it("[pain P02] a second tab makes no `joined`, closing one no `left`; `lastHeard` is that of the tab heard last", () => {
    const w = world({ grace: 0 });
    const [one, two] = [w.client("ann"), w.client("ann")];
    one.join("r");
    two.join("r");
    expect(w.changes()).toEqual(["joined ann"]);
    w.clock.advance(2_000);
    two.say({ type: "ping" });
    const heard = w.clock.now();
    w.clock.advance(2_000);
    two.link.closed("vanished");
    expect([w.changes(), w.registry.isOnlineHere("ann")]).toEqual([[], true]);
    w.clock.advance(1_000);
    one.link.closed("vanished");
    expect([w.changes(), w.registry.isOnlineHere("ann")]).toEqual([["left ann"], false]);
    expect(w.told.at(-1)?.[1]).toMatchObject({ lastHeard: heard });
    expect(w.told.map(([name]) => name)).toEqual(["joined", "connected", "connected", "disconnected", "disconnected", "left"]);
  });

  it("[H9] come in order, each listener hears each once, and queries are true by then", () => {
    const w = world();
    const heard: string[] = [];
    const listener = ({ user }: { user: string }): void => { heard.push(`${user} ${w.registry.userCount("r")}`); };
    const stops = [w.registry.on("joined", listener), w.registry.on("joined", listener)];
    w.client("ann").join("r");
    expect(heard).toEqual(["ann 1", "ann 1"]);
    stops[0]!();
    stops[0]!();
    w.client("bob").join("r");
    expect(heard).toEqual(["ann 1", "ann 1", "bob 2"]);
  });

  it("[H11] a listener that throws harms nobody; it is reported, or warned of once", () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const w = world();
    const boom = new Error("boom");
    const heard: string[] = [];
    w.registry.on("joined", () => { throw boom; });
    w.registry.on("joined", ({ user }) => heard.push(user));
    w.client("ann").join("r");
    w.client("bob").join("r");
    expect([heard, w.codes(), w.errors[0]?.cause]).toEqual([["ann", "bob"], ["listener_failed", "listener_failed"], boom]);
    expect(warn).not.toHaveBeenCalled();
    w.registry.on("error", () => { throw boom; });
    w.client("cid").join("r");
    w.client("dan").join("r");
    expect(warn.mock.calls).toEqual([[expect.stringContaining("headcount: listener_failed: "), boom]]);
    expect(w.registry.health().errors).toEqual([{ code: "listener_failed", count: 6 }]);
  });

  it("[H11] an `error` that nobody listens to does not throw, and is warned of once for each code", () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const events = createEvents();
    const cause = new Error("why");
    events.report({ code: "internal", message: "one", cause });
    events.report({ code: "internal", message: "two" });
    events.report({ code: "unavailable", message: "three" });
    expect(warn.mock.calls.map(([text, ...more]) => [String(text).slice(0, 30), more])).toEqual([["headcount: internal: one (said", [cause]], ["headcount: unavailable: three ", []]]);
    const stop = events.on("error", () => undefined);
    events.report({ code: "settling", message: "four" });
    stop();
    expect(warn).toHaveBeenCalledTimes(2);
    expect([...events.errors]).toEqual([["internal", 2], ["unavailable", 1], ["settling", 1]]);
  });

  it("[H9] a listener may call the registry: what comes of it is told after what it heard", async () => {
    const w = world();
    const order: string[] = [];
    const links = new Map<string, ReturnType<typeof w.client>>();
    for (const name of ["joined", "left"] as const) w.registry.on(name, ({ user, room }) => order.push(`${name} ${user} ${room}`));
    w.registry.on("joined", ({ user, room }) => {
      if (room !== "r") return;
      if (user === "bad") w.registry.kick("bad", "r", { block: 60_000 });
      else void links.get(user)?.link.join(`lounge-${user}`);
    });
    for (const user of ["ann", "bad"]) {
      const client = w.client(user);
      links.set(user, client);
      client.join("r");
    }
    await settled();
    expect(order).toEqual(["joined ann r", "joined ann lounge-ann", "joined bad r", "left bad r"]);
    expect(links.get("bad")?.all().map(({ type }) => type)).toEqual(["welcome", "joined", "snapshot", "ended"].filter((type) => type !== "snapshot"));
    // Again inside of one another, and a listener that stops itself while it hears.
    const stop = w.registry.on("left", ({ room }) => { stop(); void links.get("ann")?.link.join(`${room}-again`); });
    await links.get("ann")?.link.leave("lounge-ann");
    expect(order.slice(4)).toEqual(["left ann lounge-ann", "joined ann lounge-ann-again"]);
  });

  it("[H10] a kick in a listener finds a link that is just opening", () => {
    const w = world();
    w.registry.on("joined", ({ user }) => { w.registry.kick(user); });
    const ann = w.open("a", { user: "ann", autoJoin: () => "lobby" });
    ann.say({ type: "hello", v: [1], features: [] });
    expect([w.registry.userCount("lobby"), w.registry.roomsOfHere("ann")]).toEqual([0, []]);
    expect(ann.all().map(({ type }) => type)).toEqual(["welcome", "welcome"]);
  });

  it("a node's own events name no context of links that are elsewhere", () => {
    const w = world();
    const events: unknown[] = [];
    w.registry.on("disconnected", (event) => events.push(event));
    w.client("ann").join("r");
    w.registry.kick("ann", "r");
    expect(events).toMatchObject([{ user: "ann", reason: "kicked", context: undefined, lastHeard: w.clock.now() }]);
  });
});

describe("use without any of our wires", () => {
  it("[S2] headcount counts, and the app emits what it likes", async () => {
    const clock = fakeClock();
    const registry = createRegistry<{ name: string }>({ clock });
    const said: string[] = [];
    registry.on("joined", ({ user, meta }) => said.push(`+${user} ${meta.name}`));
    registry.on("left", ({ user, reason }) => said.push(`-${user} ${reason ?? ""}`));
    const wire = fakeWire();
    const link = registry.open({ wire, peer: "a", user: "ann" });
    await link.join("r", { meta: { name: "Ann" } });
    link.closed("leave");
    expect([said, wire.sendings]).toEqual([["+ann Ann", "-ann leave"], []]);
  });
});
