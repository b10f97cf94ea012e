import { afterEach, describe, expect, it, vi } from "vitest";
import { toSnapshot } from "../../src/core/snapshot.js";
import type { View } from "../../src/client/view-show.js";
import { scriptedRoom } from "../support/scripted-room.js";
import { until } from "../support/until.js";
import { names, world, type World } from "./world.js";

type Sent = { type: string; n: number; meta?: unknown; present?: boolean; watch?: string };
const take = (w: World): Sent[] => w.wire.take() as Sent[];

/** I am in the room by a subscription, and its view is live. */
function inside(options: Parameters<typeof world>[0] = {}) {
  const w = world(options);
  const meta: unknown = { s: 1 };
  const room = w.client.room("r", { meta });
  const stop = room.subscribe(() => undefined);
  const [join] = w.greet() as Sent[];
  const script = scriptedRoom("r");
  script.join("me", "m1", { s: 1 });
  w.wire.say(script.joined(join!.n, "m1"), script.snapshot());
  return { ...w, w, room, stop, script, n: join!.n };
}

describe("who is present", () => {
  it("[V10] is said by each subscription for itself: the room is entered with the first that is, and left with the last", () => {
    const w = world();
    const room = w.client.room("r", { present: false });
    const badge = room.subscribe(() => undefined, { watch: "count" });
    expect(w.greet()).toMatchObject([{ type: "join", watch: "count", present: false }]);
    const stay = room.subscribe(() => undefined, { present: true });
    expect(take(w)).toMatchObject([{ type: "join", watch: "users", present: true }]);
    const look = room.onChange(() => undefined);
    stay();
    w.clock.advance(1_000);
    expect(take(w)).toMatchObject([{ type: "join", watch: "users", present: false }]);
    const hear = room.onChange(() => undefined, { present: true });
    expect(take(w)).toMatchObject([{ type: "join", present: true }]);
    hear();
    look();
    badge();
    w.clock.advance(1_000);
    expect(take(w).map(({ type }) => type).at(-1)).toBe("leave");
  });

  it("[V10] a subscription that only looks does not enter a room that was opened to be in", () => {
    const w = world();
    const room = w.client.room("r");
    room.subscribe(() => undefined, { watch: "count", present: false });
    expect(w.greet()).toMatchObject([{ watch: "count", present: false }]);
    room.onChange(() => undefined, { present: false });
    expect(take(w)).toMatchObject([{ watch: "users", present: false }]);
    room.subscribe(() => undefined);
    expect(take(w)).toMatchObject([{ present: true }]);
  });
});

describe("what is seen", () => {
  it("[V9] is the same object until something visible changes, heartbeats and goodbyes of strangers included", () => {
    const { wire, room, script } = inside();
    let calls = 0;
    room.subscribe(() => calls++);
    const view = room.getSnapshot();
    const { users } = view;
    wire.say(script.heartbeat(), script.snapshot(), script.heartbeat());
    expect(room.getSnapshot()).toBe(view);
    expect(calls).toBe(1);
    wire.say(script.join("ann", "a1"));
    expect(calls).toBe(2);
    expect(names(room.getSnapshot())).toEqual(["me", "ann"]);
    expect(users?.map(({ id }) => id)).toEqual(["me"]);
    const both = room.getSnapshot();
    const [epoch, seq, digest] = script.pos();
    wire.say({ type: "delta", room: "r", from: seq, pos: [epoch, seq + 1, digest], at: 9_000, on: [], off: [[1, "z1", "zed", "leave"]] });
    expect(room.getSnapshot()).toBe(both);
    expect(calls).toBe(2);
  });

  it("[V9] keeps the list when only the status changes, and lets nobody edit it", () => {
    const { wire, room } = inside();
    const { users } = room.getSnapshot();
    wire.lose();
    expect(room.getSnapshot().status).toBe("stale");
    expect(room.getSnapshot().users).toBe(users);
    expect(() => (users as unknown[]).push(1)).toThrow(TypeError);
    expect(() => ((room.getSnapshot() as { status: string }).status = "live")).toThrow(TypeError);
    expect({ ...room.getSnapshot() }.users).toBe(users);
  });

  it("[V9] is told at once, then at each change; a listener that throws or rejects harms nobody, and is not silent", async () => {
    const { wire, room, script } = inside();
    const thrown: unknown[] = [];
    // Browsers report it as their own; Node would end at an error that nobody catches, so there it is printed.
    const printed = vi.spyOn(console, "error").mockImplementation((error: unknown) => void thrown.push(error));
    const oops = new Error("oops");
    room.subscribe(() => {
      throw oops;
    });
    const seen: unknown[] = [];
    room.subscribe(({ userCount }) => seen.push(userCount));
    const rejects = (): unknown => Promise.reject(oops);
    room.onChange(rejects);
    const said: unknown[] = [];
    room.onChange((change) => said.push(change));
    wire.say(script.join("ann", "a1", { s: 9 }));
    expect(seen).toEqual([1, 2]);
    expect(said).toEqual([{ type: "joined", user: "ann", meta: { s: 9 }, cause: "live" }]);
    await until(() => { expect(thrown).toEqual([oops, oops, oops]); });
    vi.stubGlobal("reportError", (error: unknown) => void thrown.push("reported", error));
    wire.say(script.join("bob", "b9"));
    await until(() => { expect(thrown.slice(3)).toEqual(["reported", oops, "reported", oops]); });
    expect(printed).toHaveBeenCalledTimes(3);
    printed.mockRestore();
  });

  it("[V9] reaches all in one order, also when a listener acts or another is added meanwhile", () => {
    const { room, script, wire } = inside();
    const seen: string[] = [];
    let once = true;
    room.subscribe((view) => {
      seen.push(`a ${view.userCount ?? "-"} ${view.self ? "in" : "out"}`);
      if (view.userCount === 2 && once) {
        once = false;
        room.leave();
        const join = wire.take().at(-1) as Sent;
        expect(join).toBeUndefined();
      }
    });
    room.subscribe((view) => seen.push(`b ${view.userCount ?? "-"} ${view.self ? "in" : "out"}`));
    seen.length = 0;
    wire.take();
    wire.say(script.join("ann", "a1"));
    const join = wire.take().at(-1) as Sent;
    expect(join).toMatchObject({ type: "join", present: false });
    wire.say({ type: "joined", re: join.n, room: "r" });
    expect(seen).toEqual(["a 2 in", "b 2 in", "a 2 out", "b 2 out"]);
  });

  it("a transport that throws ends no view", () => {
    const { room, wire, script } = inside();
    wire.send = () => {
      throw new Error("broken");
    };
    expect(() => {
      room.leave();
    }).toThrow("broken");
    wire.say(script.join("ann", "a1"));
    expect(names(room.getSnapshot())).toEqual(["me", "ann"]);
  });

  it("a listener that is stopped by another hears no more; the same function given twice counts twice", () => {
    const { room, script, wire } = inside();
    const heard: string[] = [];
    const stops: (() => void)[] = [];
    room.subscribe(() => stops[0]?.());
    stops.push(room.subscribe(() => heard.push("late")));
    const same = (): number => heard.push("same");
    const first = room.subscribe(same);
    room.subscribe(same);
    first();
    heard.length = 0;
    wire.say(script.join("ann", "a1"));
    expect(heard).toEqual(["same"]);
  });

  it("[V9] shows a page what the server rendered, and resumes from there", () => {
    const script = scriptedRoom("r");
    script.join("ann", "a1");
    const w = world();
    const room = w.client.room("r", { initial: toSnapshot(script.room()) });
    const server = room.getServerSnapshot();
    expect(server).toMatchObject({ status: "idle", userCount: 1 });
    expect(room.getSnapshot()).toBe(server);
    room.subscribe(() => undefined);
    expect(room.getSnapshot()).toMatchObject({ status: "syncing", userCount: 1 });
    expect(room.getSnapshot().users).toBe(server.users);
    expect(w.greet()).toMatchObject([{ type: "join", pos: script.pos() }]);
    expect(room.getServerSnapshot()).toBe(server);
    const other = w.client.room("other");
    expect(other.getServerSnapshot()).toBe(other.getServerSnapshot());
    expect(other.getServerSnapshot()).toMatchObject({ status: "idle", users: undefined });
  });
});

describe("lifetimes", () => {
  it("[V10] nothing happens before the first subscription or enter", () => {
    const w = world();
    const room = w.client.room("r", { meta: 1 });
    room.getSnapshot();
    room.update(2);
    room.leave();
    expect(w.wire.heard()).toBe(false);
    expect(w.clock.waiting()).toBe(0);
    room.subscribe(() => undefined);
    expect(w.wire.heard()).toBe(true);
  });

  it("[V10] [pain P24] mount, unmount, mount in a moment is one join and no flicker", () => {
    const w = world();
    w.wire.open();
    const room = w.client.room("r");
    const views: View<unknown>[] = [];
    room.subscribe((view) => views.push(view))();
    w.wire.say({ type: "welcome", v: 1, lease: 75_000, every: 25_000, jitter: 0, limits: { meta: 1, frame: 1, id: 1, rooms: 1, rate: 1 } });
    const stop = room.subscribe((view) => views.push(view));
    w.clock.advance(5_000 - 1);
    expect(take(w).filter(({ type }) => type !== "hello")).toMatchObject([{ type: "join" }]);
    expect(views.map(({ status }) => status)).toEqual(["syncing", "syncing"]);
    stop();
    w.clock.advance(999);
    expect(room.getSnapshot().status).toBe("syncing");
    w.clock.advance(1);
    expect(room.getSnapshot()).toMatchObject({ status: "idle" });
    expect(take(w).at(-1)).toMatchObject({ type: "leave", room: "r" });
  });

  it("[V10] a released room drops its state, and comes back as new", () => {
    const { room, stop, w, wire, script } = inside();
    stop();
    w.clock.advance(1_000);
    expect(room.getSnapshot()).toMatchObject({ status: "idle", users: undefined, userCount: undefined, self: undefined });
    take(w);
    wire.say(script.heartbeat(), script.join("ann", "a1"), script.joined(undefined, "a1"));
    expect(room.getSnapshot()).toMatchObject({ status: "idle", users: undefined, self: undefined });
    room.subscribe(() => undefined);
    const [join] = take(w);
    expect(join).toEqual({ type: "join", n: join!.n, room: "r", watch: "users", present: true, meta: { s: 1 } });
  });

  it("[V10] what enter claimed stays until leave, which watching survives", async () => {
    const { room, stop, w, script, wire } = inside();
    await room.enter();
    expect(take(w).filter(({ type }) => type === "join")).toEqual([]);
    stop();
    w.clock.advance(1_000);
    const silent = take(w).at(-1)!;
    expect(silent).toMatchObject({ type: "join", watch: "none", present: true });
    wire.say(script.joined(silent.n, "m1"));
    expect(room.getSnapshot()).toMatchObject({ status: "live", users: undefined, self: { user: "me" } });
    const again = room.subscribe(() => undefined);
    take(w);
    room.leave();
    expect(take(w)).toMatchObject([{ type: "join", watch: "users", present: false }]);
    again();
    w.clock.advance(1_000);
    expect(take(w)).toMatchObject([{ type: "leave" }]);
    room.subscribe(() => undefined);
    expect(take(w)).toMatchObject([{ type: "join", present: false }]);
    const entry = room.enter();
    const [back] = take(w);
    expect(back).toMatchObject({ type: "join", present: true });
    wire.say(script.joined(back!.n, "m1"));
    await entry;
  });

  it("[V10] enter alone is presence without watching, once the server says so", async () => {
    const w = world();
    const room = w.client.room("r", { meta: 1 });
    let entered = false;
    const entry = room.enter().then(() => {
      entered = true;
    });
    const [join] = w.greet() as Sent[];
    expect(join).toEqual({ type: "join", n: join!.n, room: "r", watch: "none", present: true, meta: 1 });
    await Promise.resolve();
    expect(entered).toBe(false);
    const script = scriptedRoom("r");
    script.join("me", "m1");
    w.wire.say(script.joined(join!.n, "m1"));
    await entry;
    room.leave();
    expect(take(w)).toMatchObject([{ type: "leave" }]);
  });

  it("[V10] neither present nor watching is nothing to ask a server for", () => {
    const w = world();
    const room = w.client.room("r", { present: false, watch: "none" });
    room.subscribe(() => undefined);
    expect([w.wire.heard(), room.getSnapshot().status]).toEqual([false, "idle"]);
    const other = w.client.room("other", { watch: "none" });
    other.subscribe(() => undefined);
    w.greet();
    other.leave();
    expect(take(w)).toMatchObject([{ type: "leave", room: "other" }]);
    expect(other.getSnapshot().status).toBe("idle");
  });

  it("[V10] enter rejects with a code when it is refused, when leave comes first, and at close", async () => {
    const w = world();
    const room = w.client.room("r");
    const refused = room.enter();
    const [join] = w.greet() as Sent[];
    w.wire.say({ type: "ended", re: join!.n, room: "r", reason: "refused", code: "denied", message: "not for you", retry: false });
    await expect(refused).rejects.toMatchObject({ code: "denied", message: "not for you" });
    const early = room.enter();
    room.leave();
    await expect(early).rejects.toMatchObject({ code: "left" });
    const pending = room.enter();
    w.client.close();
    await expect(pending).rejects.toMatchObject({ code: "closed" });
    await expect(room.enter()).rejects.toBeInstanceOf(Error);
  });

  it("[V10] an enter that nobody awaits is no unhandled rejection", () => {
    const w = world();
    void w.client.room("r").enter();
    w.client.close();
  });

  it("[V10] two rooms of one client know nothing of one another", () => {
    const { w, room, wire } = inside();
    const other = w.client.room("other");
    other.subscribe(() => undefined);
    expect(take(w).filter(({ type }) => type === "join")).toMatchObject([{ room: "r" }, { room: "other" }].slice(1));
    wire.say(scriptedRoom("other").snapshot());
    expect(other.getSnapshot()).toMatchObject({ status: "live", userCount: 0 });
    expect(room.getSnapshot()).toMatchObject({ userCount: 1 });
    wire.say(scriptedRoom("nobody asked").snapshot());
    expect(w.client.room("r")).toBe(room);
    expect(w.client.room("__proto__")).not.toBe(room);
    expect(w.client.room("")).toBe(w.client.room(""));
  });
});

describe("the own meta", () => {
  it("[V10] gathers for a flush, the newest wins, and what is equal as JSON is not told", () => {
    const { room, w } = inside();
    take(w);
    room.update({ s: 2 });
    room.update({ s: 3, t: undefined });
    w.clock.advance(49);
    expect(take(w)).toEqual([]);
    w.clock.advance(1);
    const [update, ...rest] = take(w);
    expect(update).toEqual({ type: "update", n: update!.n, room: "r", meta: { s: 3 } });
    expect(rest).toEqual([]);
    room.update({ s: 4 });
    room.update({ s: 3 });
    w.clock.advance(1_000);
    expect(take(w)).toEqual([]);
  });

  it("waits for the acknowledgement of the join, and is told by it when it can be", () => {
    const w = world();
    const room = w.client.room("r", { meta: 1 });
    room.subscribe(() => undefined);
    room.update(2);
    const [join] = w.greet() as Sent[];
    expect(join!.meta).toBe(2);
    room.update(3);
    w.clock.advance(1_000);
    expect(take(w)).toEqual([]);
    const script = scriptedRoom("r");
    script.join("me", "m1");
    w.wire.say(script.joined(join!.n, "m1"));
    expect(take(w)).toMatchObject([{ type: "update", meta: 3 }]);
  });

  it("says of one that was refused why, keeps the stay, and does not say it again with the next join", () => {
    const { room, w, wire, script } = inside();
    const tell = (meta: unknown): Sent => {
      take(w);
      room.update(meta);
      w.clock.advance(50);
      return take(w).at(-1)!;
    };
    wire.say(script.joined(tell({ s: 2 }).n, "m1"));
    wire.say({ type: "error", re: tell({ s: "too long" }).n, room: "r", code: "bad_meta", message: "too long" });
    expect(room.getSnapshot()).toMatchObject({ status: "live", error: { code: "bad_meta" }, self: { conn: "m1" } });
    wire.lose();
    expect(w.greet()).toMatchObject([{ type: "join", meta: { s: 2 } }]);
  });

  it("is told again after the pause that a refusal names", () => {
    const { room, w, wire, script } = inside();
    room.update({ s: 2 });
    w.clock.advance(50);
    const update = take(w).at(-1)!;
    wire.say({ type: "error", re: update.n, room: "r", code: "rate_limited", message: "slower", retryAfter: 500 });
    w.clock.advance(499);
    expect(take(w)).toEqual([]);
    w.clock.advance(1);
    const again = take(w).at(-1)!;
    expect(again).toMatchObject({ type: "update", meta: { s: 2 } });
    wire.say(script.joined(again.n, "m1"));
    expect(room.getSnapshot().error).toBeUndefined();
  });

  it("an acknowledged update does not stand for a join that is out", () => {
    const { room, w, wire, script } = inside();
    room.update({ s: 2 });
    w.clock.advance(50);
    const update = take(w).at(-1)!;
    room.leave();
    const join = take(w).at(-1)!;
    wire.say(script.joined(update.n, "m1"));
    w.clock.advance(5_000);
    expect(take(w)).toMatchObject([{ type: "join", present: false }]);
    expect(join.n).toBeGreaterThan(update.n);
  });

  it("is a copy: who edits theirs later changes nothing here", () => {
    const w = world();
    const meta = { list: [1] };
    const room = w.client.room("r", { meta });
    meta.list.push(2);
    room.subscribe(() => undefined);
    expect(w.greet()).toMatchObject([{ meta: { list: [1] } }]);
  });

  it("that is no JSON is a TypeError that says so", () => {
    const { room, w } = inside();
    const cycle: unknown[] = [];
    cycle.push(cycle);
    for (const meta of [undefined, () => 1, { f: () => 1 }, 1n, NaN, [Infinity], cycle, new Date(0), { s: Symbol("s") }, new Map(), { tags: new Set([1]) }, new Uint8Array(2)]) {
      expect(() => {
        room.update(meta);
      }).toThrow(/"meta" must be JSON/);
      expect(() => w.client.room("fresh", { meta: meta ?? (() => 1) })).toThrow(TypeError);
    }
    for (const meta of [null, 0, "", false, [], JSON.parse('{"__proto__": 1}') as unknown, { nothing: undefined }, "\ud800"]) {
      room.update(meta);
    }
  });
});

afterEach(() => {
  vi.unstubAllGlobals();
});
