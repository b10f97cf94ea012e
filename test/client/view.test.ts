import { describe, expect, it } from "vitest";
import type { Change } from "../../src/core/change.js";
import type { View } from "../../src/client/view-show.js";
import { scriptedRoom } from "../support/scripted-room.js";
import { names, WELCOME, world, type World } from "./world.js";
import type { ClientRoom } from "../../src/client/room.js";

type Sent = { type: string; n: number; pos?: unknown; full?: boolean; watch?: string; present?: boolean; meta?: unknown };

/** A room with ann and me in it, seen live; the requests so far are taken. */
function live(w: World = world(), watch: "users" | "count" | "none" = "users") {
  const room = w.client.room("r", { meta: { s: 1 } });
  const views: View<unknown>[] = [];
  const stop = room.subscribe((view) => views.push(view), { watch });
  const [join] = w.greet() as Sent[];
  const script = scriptedRoom("r");
  script.join("ann", "a1");
  script.join("me", "m1");
  w.wire.say(script.joined(join!.n, "m1"));
  if (watch === "users") w.wire.say(script.snapshot());
  if (watch === "count") w.wire.say(script.count());
  expect(room.getSnapshot().status).toBe("live");
  return { ...w, room: room as ClientRoom<unknown>, script, views, stop, n: join!.n, take: () => w.wire.take() as Sent[] };
}

describe("the status of a view", () => {
  it("[V1][V2] goes from idle over syncing to live, and knows nobody before the first state", () => {
    const w = world();
    const room = w.client.room("r");
    expect(room.getSnapshot()).toMatchObject({ status: "idle", users: undefined, userCount: undefined, connectionCount: undefined });
    const seen: unknown[] = [];
    room.subscribe(({ status, userCount }) => seen.push([status, userCount]));
    const [join] = w.greet() as Sent[];
    expect(join).toEqual({ type: "join", n: join!.n, room: "r", watch: "users", present: true });
    const script = scriptedRoom("r");
    script.join("me", "m1");
    w.wire.say(script.joined(join!.n, "m1"));
    expect(room.getSnapshot()).toMatchObject({ status: "syncing", users: undefined, self: { user: "me", conn: "m1" } });
    w.wire.say(script.snapshot());
    expect(seen.at(-1)).toEqual(["live", 1]);
    expect(seen[0]).toEqual(["syncing", undefined]);
    expect(names(room.getSnapshot())).toEqual(["me"]);
  });

  it("[V3] keeps people as stale while the link is down, and says since when", () => {
    const { room, wire, clock, script } = live();
    const said: Change<unknown>[] = [];
    room.onChange((change) => said.push(change));
    const heard = clock.now();
    clock.advance(1_000);
    wire.lose();
    // Not when the loss was noticed: nobody knows what changed before.
    expect(room.getSnapshot()).toMatchObject({ status: "stale", staleSince: heard, userCount: 2, error: undefined });
    clock.advance(60_000);
    expect(names(room.getSnapshot())).toEqual(["ann", "me"]);
    expect(said).toEqual([]);
    wire.open();
    wire.say(WELCOME);
    script.leave("a1");
    script.join("bob", "b1");
    wire.say(script.snapshot());
    expect(said.map(({ type, user, cause }) => [type, user, cause])).toEqual([["left", "ann", "resync"], ["joined", "bob", "resync"]]);
    expect(room.getSnapshot()).toMatchObject({ status: "live", staleSince: undefined });
  });

  it("[V1] tells of a link that its owner stopped, and clears it when it comes back", () => {
    const { room, wire } = live();
    wire.lose("io server disconnect", false);
    expect(room.getSnapshot()).toMatchObject({ status: "stale", error: { code: "link_stopped", message: "io server disconnect" } });
    wire.open();
    wire.say(WELCOME);
    expect(room.getSnapshot().error).toBeUndefined();
  });
});

describe("membership", () => {
  it("[V4] is asserted at each welcome, with the newest meta and the position", () => {
    const { room, wire, script, take, n } = live();
    take();
    wire.lose();
    room.update({ s: 2 });
    wire.open();
    wire.say(WELCOME);
    const [, join] = take();
    expect(join).toEqual({ type: "join", n: join!.n, room: "r", watch: "users", present: true, meta: { s: 2 }, pos: script.pos() });
    expect(join!.n).toBeGreaterThan(n);
  });

  it("[V4] is asserted again when a live view, at or past its position, lacks my connection", () => {
    const { wire, clock, script, take } = live();
    take();
    wire.say(script.leave("m1"));
    clock.advance(99);
    expect(take()).toEqual([]);
    clock.advance(1);
    const [join] = take();
    expect(join).toMatchObject({ type: "join", present: true, pos: script.pos() });
    wire.say(script.join("me", "m2"), script.joined(join!.n, "m2"));
    clock.advance(10_000);
    expect(take()).toEqual([]);
  });

  it("[V4] is not missed before the position at which it was acknowledged", () => {
    const { wire, clock, script, take, room } = live();
    take();
    const before = script.leave("m1");
    const again = script.join("me", "m2");
    wire.say(script.joined(undefined, "m2"), before);
    expect(room.getSnapshot()).toMatchObject({ status: "live", self: { conn: "m2" } });
    clock.advance(10_000);
    wire.say(again);
    clock.advance(1_000);
    expect(take()).toEqual([]);
  });

  it("[V4] asks ever more rarely of a server that never lists me", () => {
    const { wire, clock, script, take } = live();
    take();
    script.join("me", "m2");
    const ack = (re: number) => ({ ...script.joined(re, "m2"), conn: "m3" });
    wire.say(script.leave("m1"));
    wire.say(script.snapshot());
    let joins = 0;
    for (let i = 0; i < 600; i++) {
      clock.advance(100);
      for (const { type, n } of take()) {
        if (type === "join") joins++;
        wire.say(ack(n), script.heartbeat());
      }
    }
    expect(joins).toBeGreaterThan(3);
    expect(joins).toBeLessThan(12);
  });

  it("[V4] takes another tab of mine for another", () => {
    const { wire, clock, script, take } = live();
    take();
    wire.say(script.join("me", "m9"), script.leave("m1"));
    clock.advance(200);
    expect(take()).toMatchObject([{ type: "join" }]);
  });

  it("[V4] once ended with retry false stays ended over reconnects and subscriptions, until enter", async () => {
    const { wire, room, take, script, views, stop, clock } = live();
    wire.say({ type: "ended", room: "r", conn: "m1", reason: "kicked", code: "kicked", message: "bye", retry: false });
    expect(room.getSnapshot()).toMatchObject({ status: "ended", error: { code: "kicked", message: "bye" }, users: undefined, self: undefined });
    expect(views.at(-1)).toBe(room.getSnapshot());
    take();
    wire.say(script.snapshot(), script.heartbeat());
    wire.lose();
    wire.open();
    wire.say(WELCOME);
    stop();
    clock.advance(2_000);
    room.subscribe(() => undefined);
    expect(room.getSnapshot()).toMatchObject({ status: "ended", error: { code: "kicked" } });
    expect(take().map(({ type }) => type)).toEqual(["hello"]);
    const entry = room.enter();
    const [join] = take();
    expect(join).toMatchObject({ type: "join", present: true });
    expect(room.getSnapshot()).toMatchObject({ status: "syncing", error: undefined });
    script.leave("m1", "kicked");
    script.join("me", "m2");
    wire.say(script.joined(join!.n, "m2"), script.snapshot());
    await entry;
    expect(room.getSnapshot().status).toBe("live");
  });

  // Found by the simulation: the notice that cid was kicked was lost. The client asked what it had missed, was told `not_joined`, and asked that for ever.
  it("[V4] is asserted again when the server knows nothing of it: the end of it never came", () => {
    const { room, wire, clock, take } = live();
    clock.advance(50_000);
    const sync = take().find(({ type }) => type === "sync");
    wire.say({ type: "error", code: "not_joined", re: sync!.n, room: "r", message: "" });
    const [join, ...rest] = take();
    expect([join, rest]).toMatchObject([{ type: "join", present: true }, []]);
    room.update({ s: 2 });
    const script = scriptedRoom("r");
    script.join("me", "m2");
    wire.say(script.joined(join!.n, "m2"), script.snapshot());
    expect(room.getSnapshot()).toMatchObject({ status: "live", error: undefined, self: { conn: "m2" } });
    clock.advance(50);
    const [update] = take();
    expect(update).toMatchObject({ type: "update", meta: { s: 2 } });
    wire.say({ type: "error", code: "not_joined", re: update!.n, room: "r", message: "" });
    expect(take(), "with what was to be shown, for it was not at fault").toMatchObject([{ type: "join", meta: { s: 2 } }]);
  });

  // Found by the simulation: cid was kicked just as his tab switched its mode. That join took him in again, and he was there for everybody but himself.
  it("[V4] ended while a join is on its way, it takes that back", () => {
    const { room, wire, take } = live();
    room.leave();
    void room.enter();
    const join = take().at(-1);
    expect(join).toMatchObject({ type: "join", present: true });
    wire.say({ type: "ended", room: "r", conn: "m1", reason: "kicked", code: "kicked", message: "bye", retry: false });
    expect(room.getSnapshot().status).toBe("ended");
    expect(take()).toEqual([{ type: "leave", n: join!.n + 1, room: "r" }]);
    wire.say({ type: "joined", re: join!.n, room: "r", conn: "m2", user: "me", pos: [9, 4, 0] });
    expect([room.getSnapshot().status, take()]).toEqual(["ended", []]);
  });

  it("[V4] is asserted again after the ms that ended names, also when the link went meanwhile", () => {
    const { wire, room, take, clock } = live();
    take();
    wire.say({ type: "ended", room: "r", reason: "full", code: "full", message: "full", retry: 5_000 });
    clock.advance(4_999);
    expect(take()).toEqual([]);
    clock.advance(1);
    const [join] = take();
    expect(join).toMatchObject({ type: "join" });
    expect(join!.pos).toBeUndefined();
    expect(room.getSnapshot()).toMatchObject({ status: "syncing", error: undefined });
    wire.say({ type: "ended", re: join!.n, room: "r", reason: "full", code: "full", message: "full", retry: 5_000 });
    wire.lose();
    wire.open();
    wire.say(WELCOME);
    expect(room.getSnapshot().status).toBe("ended");
    expect(take().map(({ type }) => type)).toEqual(["hello"]);
    clock.advance(5_000);
    expect(take()).toMatchObject([{ type: "join" }]);
  });

  it("[H9][V4] ended by a logout comes back with the next welcome", () => {
    const { wire, room, take, clock } = live();
    take();
    wire.say({ type: "ended", room: "r", reason: "logout", code: "logout", message: "logged out", retry: true });
    clock.advance(100_000);
    expect(take()).toEqual([]);
    expect(room.getSnapshot()).toMatchObject({ status: "ended", error: { code: "logout" } });
    wire.say(WELCOME);
    expect(take()).toMatchObject([{ type: "join", present: true }]);
  });

  it("[V4] ignores the end of an earlier stay", () => {
    const { wire, room, n } = live();
    const ended = { type: "ended", room: "r", reason: "kicked", code: "kicked", message: "", retry: false };
    wire.say({ ...ended, conn: "m0" }, { ...ended, re: n - 1 });
    expect(room.getSnapshot().status).toBe("live");
    wire.say({ ...ended, re: n });
    expect(room.getSnapshot().status).toBe("ended");
  });

  it("[V4] a server that joined me here, or says I am gone, is believed", () => {
    const { wire, room, script, take } = live();
    script.join("me", "m7");
    wire.say(script.joined(undefined, "m7"));
    expect(room.getSnapshot().self).toEqual({ user: "me", conn: "m7" });
    const other = room.subscribe(() => undefined);
    room.leave();
    const join = take().at(-1)!;
    expect(join).toMatchObject({ type: "join", present: false, watch: "users" });
    expect(join.meta).toBeUndefined();
    wire.say({ type: "joined", room: "r", re: join.n });
    expect(room.getSnapshot()).toMatchObject({ status: "live", self: undefined });
    other();
  });
});

describe("asking", () => {
  it("[V5] doubts at each welcome: a view is live again only when it was told so", () => {
    const { wire, room, script } = live();
    wire.lose();
    wire.open();
    wire.say(WELCOME);
    expect(room.getSnapshot().status).toBe("stale");
    wire.say(script.heartbeat());
    expect(room.getSnapshot().status).toBe("live");
  });

  it("[V5] drops acknowledgements, ends and errors that name another request than the latest", () => {
    const { wire, room, take, script, n } = live();
    room.leave();
    const [second] = take().slice(-1);
    wire.say({ type: "error", room: "r", re: n, code: "rate_limited", message: "", retryAfter: 1 });
    wire.say({ type: "joined", room: "r", re: n, conn: "zz", user: "me", pos: script.pos() });
    expect(room.getSnapshot()).toMatchObject({ error: undefined, self: { conn: "m1" } });
    wire.say({ type: "joined", room: "r", re: second!.n });
    expect(room.getSnapshot().self).toBeUndefined();
  });

  it("[V5] asks when only watching too, with the position", () => {
    const w = world();
    const room = w.client.room("r", { present: false, meta: 1 });
    room.subscribe(() => undefined);
    const [join] = w.greet() as Sent[];
    expect(join).toEqual({ type: "join", n: join!.n, room: "r", watch: "users", present: false });
    const script = scriptedRoom("r");
    w.wire.say({ type: "joined", room: "r", re: join!.n }, script.snapshot());
    expect(room.getSnapshot()).toMatchObject({ status: "live", userCount: 0, self: undefined });
    w.wire.lose();
    expect(w.greet()).toMatchObject([{ type: "join", present: false, pos: script.pos() }]);
  });

  it("[V6] asks for a gap after 100-500 ms, and not at all when it fills itself", () => {
    const { wire, room, take, script, clock } = live(world({ random: () => 0.5 }));
    take();
    const first = script.join("bob", "b1");
    wire.say(script.join("cid", "c1"));
    expect(room.getSnapshot().status).toBe("stale");
    clock.advance(200);
    wire.say(first);
    expect(room.getSnapshot()).toMatchObject({ status: "live", userCount: 4 });
    clock.advance(20_000);
    expect(take()).toEqual([]);
    script.join("dan", "d1");
    wire.say(script.heartbeat());
    clock.advance(299);
    expect(take()).toEqual([]);
    clock.advance(1);
    expect(take()).toMatchObject([{ type: "sync", pos: [9, 4, expect.anything()] }]);
  });

  it("[V6] asks once, again only after a time-out that grows, and says that nobody answers", () => {
    const { wire, room, take, script, clock } = live();
    take();
    script.join("bob", "b1");
    const at: number[] = [];
    const start = clock.now();
    wire.say(script.heartbeat());
    for (let i = 0; i < 1_300; i++) {
      clock.advance(100);
      wire.say(script.heartbeat());
      if (take().some(({ type }) => type === "sync")) at.push(clock.now() - start);
    }
    expect(at.slice(0, 5)).toEqual([100, 5_100, 15_100, 35_100, 65_100]);
    expect(room.getSnapshot()).toMatchObject({ status: "stale", error: { code: "unanswered" } });
    wire.say(script.snapshot());
    expect(room.getSnapshot()).toMatchObject({ status: "live", error: undefined });
  });

  it("[V9] [pain P19] whoever edits the people they were shown changes nothing of what is folded next", () => {
    const { wire, room, script } = live();
    const [ann] = room.getSnapshot().users!;
    expect(() => { (ann as { id: string }).id = "eve"; }).toThrow(TypeError);
    expect(() => { (ann!.connections as unknown[]).pop(); }).toThrow(TypeError);
    expect(() => { (ann!.connections[0] as { tag: number }).tag = 1; }).toThrow(TypeError);
    wire.say(script.join("bob", "b1"));
    expect(room.getSnapshot()).toMatchObject({ status: "live", connectionCount: 3 });
    expect(room.getSnapshot().users?.map(({ id }) => id)).toEqual(["ann", "me", "bob"]);
  });

  it("[V6] never lets more than 30 s pass between two requests, whatever chance says", () => {
    const { wire, take, script, clock } = live(world({ random: () => 0.999 }));
    take();
    script.join("bob", "b1");
    const at: number[] = [];
    for (let i = 0; i < 3_000; i++) {
      wire.say(script.heartbeat());
      clock.advance(100);
      if (take().some(({ type }) => type === "sync")) at.push(clock.now());
    }
    expect(at.length).toBeGreaterThan(8);
    for (let i = 1; i < at.length; i++) expect(at[i]! - at[i - 1]!).toBeLessThanOrEqual(30_100);
  });

  it("[V6] asks again after up to a quarter less than the wait, by chance: clients of one outage spread", () => {
    const waits = [0, 0.5, 0.999].map((chance) => {
      const { wire, take, script, clock } = live(world({ random: () => chance }));
      take();
      script.join("bob", "b1");
      const at: number[] = [];
      while (at.length < 2) {
        wire.say(script.heartbeat());
        clock.advance(50);
        if (take().some(({ type }) => type === "sync")) at.push(clock.now());
      }
      return at[1]! - at[0]!;
    });
    expect(waits).toEqual([5_000, 4_400, 3_800]);
  });

  it("[V6] an error of no request of ours goes when its time is over, or when the room is heard of again", () => {
    const { wire, room, script, clock } = live();
    const flood = { type: "error", code: "too_many_messages", message: "slower", retryAfter: 1_000 };
    wire.say(flood);
    expect(room.getSnapshot().error).toMatchObject({ code: "too_many_messages" });
    clock.advance(1_000);
    expect(room.getSnapshot()).toMatchObject({ status: "live", error: undefined });
    wire.say({ type: "error", code: "identify_failed", message: "who?" });
    expect(room.getSnapshot().error).toMatchObject({ code: "identify_failed" });
    wire.say(script.join("bob", "b1"));
    expect(room.getSnapshot().error).toBeUndefined();
  });

  it("[V6] replaces a request by one for a stronger reason, for the whole room, spread by the server's jitter", () => {
    const { wire, room, take, script, clock } = live(world({ random: () => 0.25 }));
    take();
    script.join("bob", "b1");
    wire.say(script.heartbeat());
    clock.advance(200);
    expect(take()).toMatchObject([{ type: "sync" }]);
    wire.say({ ...script.heartbeat(), pos: [9, 2, 1] });
    clock.advance(2_499);
    expect(take()).toEqual([]);
    clock.advance(1);
    const [sync] = take();
    expect(sync).toMatchObject({ type: "sync", full: true });
    wire.say({ type: "synced", re: sync!.n, room: "r" }, script.snapshot());
    expect(room.getSnapshot()).toMatchObject({ status: "live", userCount: 3 });
  });

  it("[V6] a request that is out blocks nothing once the room is in step, and a join is never replaced by less", () => {
    const { wire, room, take, script, clock } = live();
    wire.lose();
    wire.open();
    wire.say(WELCOME);
    take();
    wire.say(script.heartbeat());
    expect(room.getSnapshot().status).toBe("live");
    script.join("bob", "b1");
    wire.say(script.heartbeat());
    clock.advance(100);
    expect(take()).toMatchObject([{ type: "join", pos: [9, 2, expect.anything()] }]);
    clock.advance(5_000);
    expect(take()).toMatchObject([{ type: "join" }]);
  });

  it("[L6] told that the server settles, keeps its people as stale and asks when told to, spread over a second", () => {
    const { wire, room, take, script, clock } = live(world({ random: () => 0.5 }));
    wire.lose();
    wire.open();
    wire.say(WELCOME);
    const join = take().at(-1)!;
    script.restart(10);
    script.join("me", "m2");
    wire.say(script.joined(join.n, "m2"), { type: "error", room: "r", re: join.n, code: "settling", message: "wait", retryAfter: 4_000 });
    expect(room.getSnapshot()).toMatchObject({ status: "stale", userCount: 2, error: { code: "settling" } });
    clock.advance(4_499);
    expect(take()).toEqual([]);
    clock.advance(1);
    const [sync] = take();
    expect(sync).toMatchObject({ type: "sync", pos: [9, 2, expect.anything()] });
    script.join("ann", "a2");
    wire.say(script.snapshot());
    expect(room.getSnapshot()).toMatchObject({ status: "live", userCount: 2, error: undefined });
    wire.say({ type: "error", room: "r", code: "settling", message: "wait", retryAfter: 4_000 });
    expect(room.getSnapshot()).toMatchObject({ status: "stale", userCount: 2 });
  });

  it("[L6] a count says from where it is too, so that a server that has just started can ask to wait", () => {
    const { wire, room, take, script, clock } = live(world(), "count");
    const known = script.pos();
    wire.lose();
    wire.open();
    wire.say(WELCOME);
    const join = take().at(-1)!;
    expect(join).toMatchObject({ type: "join", watch: "count", pos: known });
    expect(join).not.toHaveProperty("full");
    script.restart(10);
    script.join("me", "m2");
    wire.say(script.joined(join.n, "m2"), { type: "error", room: "r", re: join.n, code: "settling", message: "wait", retryAfter: 4_000 });
    expect(room.getSnapshot()).toMatchObject({ status: "stale", userCount: 2, error: { code: "settling" } });
    clock.advance(4_000);
    expect(take()).toMatchObject([{ type: "sync", pos: known }]);
    wire.say(script.count());
    expect(room.getSnapshot()).toMatchObject({ status: "live", userCount: 1, error: undefined });
  });

  it("[L6] a switch of mode says the position of what is known in the mode that is asked for, or none", () => {
    const { room, take, wire, script } = live(world(), "count");
    take();
    const stop = room.subscribe(() => undefined, { watch: "users" });
    const [join] = take();
    expect(join).toMatchObject({ type: "join", watch: "users" });
    expect(join).not.toHaveProperty("pos");
    wire.say(script.joined(join!.n, "m1"), script.snapshot());
    stop();
    expect(room.getSnapshot()).toMatchObject({ status: "live", userCount: 2 });
    const { clock, ...other } = live();
    other.take();
    other.room.subscribe(() => undefined, { watch: "count" });
    other.stop();
    clock.advance(1_000);
    const [count] = other.take();
    expect(count).toMatchObject({ type: "join", watch: "count" });
    expect(count).not.toHaveProperty("pos");
  });

  it("[V6] a refused request is asked again when the server says, and its error stands meanwhile", () => {
    const { wire, room, take, clock } = live();
    wire.lose();
    wire.open();
    wire.say(WELCOME);
    const join = take().at(-1)!;
    wire.say({ type: "error", re: join.n, code: "rate_limited", message: "slower", retryAfter: 700 });
    expect(room.getSnapshot().error).toEqual({ code: "rate_limited", message: "slower" });
    clock.advance(699);
    expect(take()).toEqual([]);
    clock.advance(1);
    const again = take().at(-1)!;
    expect(again).toMatchObject({ type: "join" });
    wire.say({ type: "error", room: "r", re: again.n, code: "busy", message: "later" });
    clock.advance(11_000);
    expect(take()).toMatchObject([{ type: "join" }]);
    expect(room.getSnapshot().error).toEqual({ code: "busy", message: "later" });
  });

  it("[V6] [pain P11] a room that is not heard of for twice `every` is doubted, and asked for", () => {
    const { wire, room, take, script, clock } = live(world({ random: () => 0.1 }));
    take();
    clock.advance(49_999);
    expect(room.getSnapshot().status).toBe("live");
    clock.advance(1);
    expect(room.getSnapshot()).toMatchObject({ status: "stale", staleSince: clock.now() - 50_000 });
    clock.advance(1_000);
    expect(take()).toMatchObject([{ type: "sync", pos: script.pos() }]);
    wire.say(script.heartbeat());
    expect(room.getSnapshot().status).toBe("live");
    for (let i = 0; i < 8; i++) {
      clock.advance(25_000);
      wire.say(script.heartbeat());
    }
    expect(take()).toEqual([]);
  });
});

describe("modes", () => {
  it("[P6] count: live with the first count after the acknowledgement, later ones replace, earlier ones don't", () => {
    const { wire, room, script, take, clock } = live(world(), "count");
    expect(room.getSnapshot()).toMatchObject({ status: "live", users: undefined, userCount: 2, connectionCount: 2, limited: false, self: { conn: "m1" } });
    const old = script.count();
    script.join("bob", "b1");
    const counted = script.count() as { pos: unknown };
    wire.say(counted, old);
    expect(room.getSnapshot().userCount).toBe(3);
    const view = room.getSnapshot();
    wire.say(script.count(), script.join("x", "x1"), script.snapshot());
    expect(room.getSnapshot()).toBe(view);
    wire.lose();
    expect(room.getSnapshot()).toMatchObject({ status: "stale", userCount: 3 });
    wire.open();
    wire.say(WELCOME);
    const join = take().at(-1)!;
    // Where the count stood: a server that has just started answers that its own is not to be trusted yet.
    expect(join).toEqual({ type: "join", n: join.n, room: "r", watch: "count", present: true, meta: { s: 1 }, pos: counted.pos });
    script.restart(3);
    script.join("me", "m2");
    wire.say(script.count());
    expect(room.getSnapshot().status).toBe("stale");
    wire.say(script.joined(join.n, "m2"));
    expect(room.getSnapshot().status).toBe("stale");
    wire.say(script.count());
    expect(room.getSnapshot()).toMatchObject({ status: "live", userCount: 1 });
    clock.advance(50_000);
    expect(room.getSnapshot().status).toBe("stale");
    expect(take()).toMatchObject([{ type: "sync" }]);
    wire.say(script.count());
    expect(room.getSnapshot().status).toBe("live");
  });

  it("[P6] none: live with the acknowledgement, knows nobody, and asks nothing more", () => {
    const { room, take, clock } = live(world(), "none");
    take();
    expect(room.getSnapshot()).toMatchObject({ status: "live", users: undefined, userCount: undefined, self: { user: "me" } });
    clock.advance(200_000);
    expect(take()).toEqual([]);
  });

  it("[P6] users of a room that is too large: counts, and says that it is limited; then people, when it shrank", () => {
    const w = world();
    const room = w.client.room("r");
    room.subscribe(() => undefined);
    const [join] = w.greet() as Sent[];
    const script = scriptedRoom("r");
    script.join("me", "m1");
    w.wire.say(script.count());
    expect(room.getSnapshot()).toMatchObject({ status: "syncing", userCount: undefined });
    w.wire.say(script.joined(join!.n, "m1"), script.count(true));
    expect(room.getSnapshot()).toMatchObject({ status: "live", limited: true, users: undefined, userCount: 1 });
    w.clock.advance(500);
    expect(w.wire.take()).toEqual([]);
    w.wire.say(script.snapshot(), script.count());
    expect(room.getSnapshot()).toMatchObject({ status: "live", limited: false, userCount: 1 });
    expect(names(room.getSnapshot())).toEqual(["me"]);
  });

  it("[V5][V10] follows the strongest live subscription; the old view stays until the new mode answers", () => {
    const { wire, room, script, take, clock } = live(world(), "count");
    take();
    const stop = room.subscribe(() => undefined, { watch: "users" });
    const join = take().at(-1)!;
    expect(join).toMatchObject({ type: "join", watch: "users", present: true });
    expect(room.getSnapshot()).toMatchObject({ status: "stale", userCount: 2, users: undefined });
    wire.say(script.joined(join.n, "m1"), script.snapshot());
    expect(room.getSnapshot()).toMatchObject({ status: "live", userCount: 2 });
    expect(names(room.getSnapshot())).toEqual(["ann", "me"]);
    stop();
    stop();
    clock.advance(999);
    expect(take()).toEqual([]);
    clock.advance(1);
    const back = take().at(-1)!;
    expect(back).toMatchObject({ type: "join", watch: "count" });
    expect(room.getSnapshot().status).toBe("stale");
    expect(names(room.getSnapshot())).toEqual(["ann", "me"]);
    wire.say(script.joined(back.n, "m1"), script.count());
    expect(room.getSnapshot()).toMatchObject({ status: "live", userCount: 2, users: undefined });
  });
});

describe("pages", () => {
  it("[P7] are joined to one snapshot, whatever their order; what came between applies after them", () => {
    const w = world();
    const room = w.client.room("r");
    const said: string[] = [];
    room.onChange(({ type, user }) => said.push(`${type} ${user}`));
    const [join] = w.greet() as Sent[];
    const script = scriptedRoom("r");
    for (const user of ["me", "ann", "bob"]) script.join(user, `${user}1`);
    w.wire.say(script.joined(join!.n, "me1"));
    const [one, two, three] = script.pages();
    const next = script.join("cid", "c1");
    w.wire.say(three!, one!, next);
    expect(room.getSnapshot().users).toBeUndefined();
    w.wire.say(two!);
    expect(names(room.getSnapshot())).toEqual(["me", "ann", "bob", "cid"]);
    expect(room.getSnapshot().status).toBe("live");
    expect(said.slice().sort()).toEqual(["joined ann", "joined bob", "joined cid", "joined me"]);
    w.clock.advance(400);
    expect(w.wire.take()).toEqual([]);
  });

  it("[P7] that are not all there are dropped with the link, for a newer snapshot, and when asking again", () => {
    const { wire, room, script, take, clock } = live();
    const [first] = script.pages();
    wire.say(first!);
    wire.lose();
    wire.open();
    wire.say(WELCOME);
    const [, second] = script.pages();
    wire.say(second!);
    expect(room.getSnapshot().status).toBe("stale");
    script.join("bob", "b1");
    wire.say(script.snapshot());
    wire.say(first!);
    expect(room.getSnapshot()).toMatchObject({ status: "live", userCount: 3 });
    const [, , last] = script.pages();
    wire.say(last!);
    clock.advance(300);
    script.join("cid", "c1");
    const newer = script.pages();
    wire.say(...newer.slice(0, 3));
    wire.say(first!);
    take();
    clock.advance(100_000);
    expect(take().some(({ type }) => type === "sync" || type === "join")).toBe(true);
    wire.say(newer[3]!);
    expect(room.getSnapshot().userCount).toBe(3);
    wire.say(...script.pages());
    expect(room.getSnapshot().userCount).toBe(4);
  });

  it("[P7] of an earlier position don't disturb those of a later one", () => {
    const { wire, room, script } = live();
    wire.lose();
    wire.open();
    wire.say(WELCOME);
    const [old] = script.pages();
    script.join("bob", "b1");
    const [one, two, three] = script.pages();
    wire.say(one!, two!, old!);
    expect(room.getSnapshot()).toMatchObject({ status: "stale", userCount: 2 });
    wire.say(three!);
    expect(room.getSnapshot()).toMatchObject({ status: "live", userCount: 3 });
  });

  it("[P7] put off the next request while they keep coming", () => {
    const w = world();
    const room = w.client.room("r");
    room.subscribe(() => undefined);
    const [join] = w.greet() as Sent[];
    const script = scriptedRoom("r");
    for (const user of ["me", "ann", "bob"]) script.join(user, `${user}1`);
    w.wire.say(script.joined(join!.n, "me1"));
    for (const page of script.pages()) {
      w.clock.advance(4_000);
      w.wire.say(page);
    }
    expect(room.getSnapshot().status).toBe("live");
    expect(w.wire.take()).toEqual([]);
  });
});
