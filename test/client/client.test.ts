import { afterEach, describe, expect, it, vi } from "vitest";
import { createClient, type ClientOptions } from "../../src/client/client.js";
import { systemClock } from "../../src/client/clock.js";
import { createPresence } from "../../src/client/presence.js";
import { fakeClock, fakeTransport } from "../support/fake-transport.js";
import { scriptedRoom } from "../support/scripted-room.js";
import { WELCOME, world, type World } from "./world.js";

const pings = (w: World): { n: number }[] => w.wire.sent.splice(0).filter(({ type }) => type === "ping") as { n: number }[];

/** A welcomed client with a room that watches nothing, so that all that it says is about the link. */
function linked(options: Partial<ClientOptions> = {}) {
  let wakeUp: Parameters<NonNullable<ClientOptions["wake"]>>[0] = () => undefined;
  let awake = 0;
  const w = world({
    wake(listener) {
      wakeUp = listener;
      awake++;
      return () => awake--;
    },
    ...options,
  });
  const room = w.client.room("r", { watch: "none" });
  room.subscribe(() => undefined);
  const [join] = w.greet() as { n: number }[];
  w.wire.say({ type: "joined", room: "r", re: join!.n });
  return { ...w, w, room, wake: (type?: string) => { wakeUp(type === undefined ? undefined : { type }); }, listening: () => awake };
}

describe("the link", () => {
  it("[P1] says hello first, asks for nothing before the welcome, and numbers on over all links", () => {
    const w = world();
    w.client.room("a").subscribe(() => undefined);
    w.client.room("b").subscribe(() => undefined);
    expect(w.wire.take()).toEqual([]);
    w.wire.open();
    expect(w.wire.take()).toEqual([{ type: "hello", v: [1], features: [] }]);
    w.wire.say(scriptedRoom("a").snapshot());
    expect(w.client.room("a").getSnapshot().status).toBe("syncing");
    w.wire.say(WELCOME);
    const first = w.wire.take() as { n: number }[];
    w.wire.lose();
    const second = w.greet() as { n: number }[];
    const numbers = [...first, ...second].map(({ n }) => n);
    expect(numbers).toHaveLength(4);
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
  });

  it("[V6] says that a server which can't be reached is unanswered, at first and after a link that went", () => {
    const w = world();
    const room = w.client.room("r");
    const seen: unknown[] = [];
    room.subscribe(({ status, error }) => seen.push([status, error?.code]));
    w.clock.advance(4_999);
    expect(seen).toEqual([["idle", undefined], ["syncing", undefined]].slice(-seen.length));
    w.clock.advance(1);
    expect(room.getSnapshot()).toMatchObject({ status: "syncing", error: { code: "unanswered" } });
    w.greet();
    expect(room.getSnapshot().error).toBeUndefined();
    w.wire.lose();
    expect(room.getSnapshot().error).toBeUndefined();
    w.clock.advance(5_000);
    expect(room.getSnapshot().error).toMatchObject({ code: "unanswered" });
    // A transport that won't come back says why, and nothing is waited for.
    w.greet();
    w.wire.lose("refused", false);
    w.clock.advance(60_000);
    expect(room.getSnapshot().error).toMatchObject({ code: "link_stopped" });
  });

  it("[V6] says that a server which never welcomes is unanswered, and goes on saying hello, ever more rarely", () => {
    const w = world();
    const room = w.client.room("r");
    room.subscribe(() => undefined);
    w.wire.open();
    let hellos = 0;
    for (let i = 0; i < 6; i++) {
      w.clock.advance(20_000);
      hellos += w.wire.take().length;
    }
    expect(hellos).toBe(6);
    expect(room.getSnapshot()).toMatchObject({ status: "syncing", error: { code: "unanswered" } });
    w.wire.say(WELCOME);
    expect(room.getSnapshot().error).toBeUndefined();
    expect(w.wire.take()).toMatchObject([{ type: "join" }]);
  });

  // Found by the simulation: ann's network went as her socket opened. Nothing passed any more, nobody said so, and she said hello to it for ever.
  it("[V7] a link that was up and never welcomed is doubted too, but not before the third hello", () => {
    const w = world();
    w.client.room("r").subscribe(() => undefined);
    w.clock.advance(60_000);
    expect(w.wire.probes, "while there is no link to doubt").toBe(0);
    w.wire.open();
    w.clock.advance(34_999);
    expect(w.wire.probes).toBe(0);
    w.clock.advance(1);
    expect(w.wire.probes).toBe(1);
    w.wire.lose("doubted");
    expect(w.greet()).toMatchObject([{ type: "join" }]);
    w.clock.advance(24_999);
    expect(w.wire.probes).toBe(1);
  });

  it("[P1] shows why a server won't have this client, and leaves it at that until the next link", () => {
    const w = world();
    const room = w.client.room("r");
    room.subscribe(() => undefined);
    w.wire.open();
    w.wire.say({ type: "error", code: "unsupported_version", message: "version 2 here" });
    w.wire.take();
    w.clock.advance(100_000);
    expect(room.getSnapshot()).toMatchObject({ status: "syncing", error: { code: "unsupported_version", message: "version 2 here" } });
    expect([w.wire.take(), w.wire.probes]).toEqual([[], 0]);
    w.wire.lose();
    expect(w.greet()).toMatchObject([{ type: "join" }]);
    expect(room.getSnapshot().error).toBeUndefined();
  });

  it("[V7] pings at a third of the lease, and answers prove the link", () => {
    const { w, wire, clock } = linked();
    clock.advance(24_999);
    expect(pings(w)).toEqual([]);
    for (let i = 0; i < 4; i++) {
      clock.advance(1);
      const [ping] = pings(w);
      wire.say({ type: "pong", re: ping!.n });
      clock.advance(24_999);
    }
    expect(wire.probes).toBe(0);
  });

  it("[V7] an answer to an older ping proves nothing: unanswered for 5 s, the transport is told to doubt", () => {
    const { w, wire, clock, wake } = linked();
    clock.advance(25_000);
    const [old] = pings(w);
    clock.advance(4_000);
    wake();
    const [fresh] = pings(w);
    expect(fresh!.n).toBeGreaterThan(old!.n);
    wire.say({ type: "pong", re: old!.n });
    clock.advance(999);
    expect(wire.probes).toBe(0);
    clock.advance(1);
    expect(wire.probes).toBe(1);
    expect(pings(w)).toHaveLength(1);
  });

  it("[V7] wake-ups in a row don't put off the doubt, and the answer to the last ping settles it", () => {
    const { w, wire, clock, wake } = linked();
    wake();
    for (let i = 0; i < 6; i++) {
      clock.advance(1_000);
      wake();
    }
    expect(wire.probes).toBe(1);
    wire.say({ type: "pong", re: pings(w).at(-1)!.n });
    clock.advance(24_999);
    expect(wire.probes).toBe(1);
  });

  it("[V7] on a transport that only shrugs it goes on pinging, ever more rarely, and an answer settles it", () => {
    const { w, wire, clock } = linked();
    clock.advance(25_000 + 5_000 + 10_000 + 20_000);
    expect(wire.probes).toBe(3);
    const all = pings(w);
    expect(all).toHaveLength(4);
    wire.say({ type: "pong", re: all.at(-1)!.n });
    clock.advance(24_999);
    expect(pings(w)).toEqual([]);
  });

  it("[V7] after a sleep pings anew instead of doubting: the answer may have slept too", () => {
    const { w, wire, clock } = linked();
    clock.advance(25_000);
    pings(w);
    clock.sleep(3_600_000);
    expect(wire.probes).toBe(0);
    const [ping] = pings(w);
    wire.say({ type: "pong", re: ping!.n });
    clock.advance(24_000);
    expect(wire.probes).toBe(0);
  });

  it("[pain P11] after a sleep a view is stale until it is told again", () => {
    const w = world();
    const room = w.client.room("r");
    room.subscribe(() => undefined);
    const [join] = w.greet() as { n: number }[];
    const script = scriptedRoom("r");
    script.join("me", "m1");
    w.wire.say(script.joined(join!.n, "m1"), script.snapshot());
    w.clock.sleep(3_600_000);
    expect(room.getSnapshot()).toMatchObject({ status: "stale", userCount: 1 });
    expect(w.wire.sent.map(({ type }) => type)).toEqual(expect.arrayContaining(["ping", "sync"]));
    w.wire.say(script.heartbeat());
    expect(room.getSnapshot().status).toBe("live");
  });

  it("[V7] a wake-up while the link is down asks the transport to try now; while it is up and unwelcomed, nothing", () => {
    const { wire, wake } = linked();
    wire.lose();
    wake();
    expect(wire.probes).toBe(1);
    wire.open();
    wake();
    expect(wire.probes).toBe(1);
  });

  it("[V7, V11] a page that is put away doubts its socket at once, and asks nothing; any other event is a wake-up", () => {
    const { w, wire, wake } = linked();
    wake("pageshow");
    expect([wire.probes, pings(w).length]).toEqual([0, 1]);
    wake("pagehide");
    expect([wire.probes, pings(w).length]).toEqual([1, 0]);
  });

  it("[V11] that it is hidden, which a page is told after `pagehide`, brings nothing back; that it is shown does, by whichever event it is heard first", () => {
    for (const first of ["pageshow", "visibilitychange", "resume", "online"]) {
      const { wire, wake } = linked();
      wake("pagehide");
      wire.lose();
      wake("visibilitychange");
      expect(wire.probes).toBe(1);
      wake(first);
      expect(wire.probes, first).toBe(2);
    }
    // A page that was out of sight when it was left is not told that it is hidden.
    const { wire, wake } = linked();
    wake("pagehide");
    wire.lose();
    wake("pageshow");
    wake("visibilitychange");
    expect(wire.probes).toBe(3);
  });

  it("[V8] [pain P12] timers that fire once a minute never let the lease run out", () => {
    const { w, wire, clock } = linked();
    let heard = clock.now();
    for (let minute = 0; minute < 60; minute++) {
      clock.sleep(60_000);
      const [ping] = pings(w);
      expect(clock.now() - heard).toBeLessThan(75_000);
      heard = clock.now();
      wire.say({ type: "pong", re: ping!.n });
    }
    expect(wire.probes).toBe(0);
  });

  it("[V7] a clock that is set back doesn't put off by as much what is due", () => {
    const w = world();
    const room = w.client.room("r");
    room.subscribe(() => undefined);
    w.greet();
    w.clock.set(0);
    w.clock.advance(10_000);
    expect(w.wire.take()).toMatchObject([{ type: "join" }]);
    expect(room.getSnapshot().error).toEqual({ code: "unanswered", message: expect.any(String) as string });
  });

  it("[V3, U13] and since when a view is old is told by the clock as it is now", () => {
    const { wire, room, clock } = linked();
    clock.set(clock.now() - 3_600_000);
    clock.advance(1_000);
    wire.say({ type: "error", code: "odd", message: "" });
    const before = clock.now();
    clock.advance(5_000);
    wire.lose();
    const { status, staleSince } = room.getSnapshot();
    expect(status).toBe("stale");
    expect(staleSince).toBeLessThanOrEqual(before);
    expect(staleSince).toBeGreaterThan(before - 10_000);
  });

  it("bye changes nothing: the transport will go down, and nobody leaves", () => {
    const { wire, room } = linked();
    const view = room.getSnapshot();
    wire.say({ type: "bye", reason: "drain", reconnectWithin: 1_000 });
    expect(room.getSnapshot()).toBe(view);
  });

  it("an error that names no room is every room's, one that names another's request is nobody's", () => {
    const { wire, room } = linked();
    wire.say({ type: "error", re: 999, code: "odd", message: "" });
    expect(room.getSnapshot().error).toBeUndefined();
    wire.say({ type: "error", code: "too_many_messages", message: "slower" });
    expect(room.getSnapshot()).toMatchObject({ status: "live", error: { code: "too_many_messages" } });
  });

  it("what is no message of ours, or malformed, changes nothing", () => {
    const { wire, room } = linked();
    const view = room.getSnapshot();
    wire.say({}, { type: "joined" }, { type: "news" }, { type: "delta", room: "r", pos: "no" }, { type: "synced", re: 1, room: "r" });
    expect(room.getSnapshot()).toBe(view);
  });

  it("[P2] fields of notices that are not what they should be stop nothing", () => {
    const w = world();
    const room = w.client.room("r");
    room.subscribe(() => undefined);
    w.wire.open();
    w.wire.say({ type: "welcome", v: 1, lease: "75s", every: 25_000, jitter: 0 });
    expect(w.wire.take()).toMatchObject([{ type: "hello" }]);
    w.wire.say(WELCOME);
    const [first] = w.wire.take() as { n: number }[];
    w.wire.say({ type: "error", re: first!.n, room: "r", code: "odd", message: 0, retryAfter: "soon" });
    w.clock.advance(5_000);
    const [join] = w.wire.take() as { n: number }[];
    const script = scriptedRoom("r");
    script.join("me", "m1");
    for (let i = 0; i < 99; i++) script.join(`user ${i}`, `c${i}`);
    w.wire.say({ type: "joined", re: join!.n, room: "r", conn: 5, user: null, pos: 7 }, script.snapshot());
    expect(room.getSnapshot()).toMatchObject({ status: "live", userCount: 100, self: undefined });
    w.wire.say({ type: "ended", room: "r", reason: "odd", code: "odd", message: "", retry: "soon" });
    w.clock.advance(100_000);
    expect(w.wire.take().filter(({ type }) => type !== "ping")).toEqual([]);
    expect(room.getSnapshot().status).toBe("ended");
  });
});

describe("close", () => {
  it("[V10] is final and idempotent: leaves, stops the transport, and leaves no timer and no listener", () => {
    const { w, client, room, wire, clock, listening } = linked();
    const late = room.subscribe(() => undefined);
    late();
    const views: string[] = [];
    room.subscribe(({ status, error }) => views.push(`${status} ${error?.code ?? ""}`));
    room.update(1);
    wire.take();
    expect(listening()).toBe(1);
    client.close();
    client.close();
    expect(wire.take()).toMatchObject([{ type: "leave", room: "r" }]);
    expect(views).toEqual(["live ", "ended closed"]);
    expect([clock.waiting(), wire.heard(), listening()]).toEqual([0, false, 0]);
    expect(w.client.room("r")).toBe(room);
  });

  it("[V10] use after it is a coded error, no crash", async () => {
    const { client, room, clock, wire } = linked();
    const stop = room.subscribe(() => undefined);
    client.close();
    stop();
    const heard: unknown[] = [];
    room.subscribe(({ error }) => heard.push(error?.code))();
    room.onChange(() => undefined)();
    room.update(5);
    room.leave();
    await expect(room.enter()).rejects.toMatchObject({ code: "closed" });
    const fresh = client.room("fresh");
    expect(fresh.getSnapshot()).toMatchObject({ status: "ended", error: { code: "closed" } });
    await expect(fresh.enter()).rejects.toMatchObject({ code: "closed" });
    expect(heard).toEqual(["closed"]);
    expect([clock.waiting(), wire.heard()]).toEqual([0, false]);
  });

  it("[V10] of a client that never did anything is nothing", () => {
    const w = world();
    w.client.close();
    expect(w.wire.sent).toEqual([]);
  });

  it("messages that still come are not heard", () => {
    const wire = fakeTransport();
    const clock = fakeClock();
    let say: ((message: unknown) => void) | undefined;
    const client = createClient({
      transport: {
        ...wire,
        up: false,
        listen(listener) {
          say = (message) => {
            listener.message(message);
          };
          return () => undefined;
        },
      },
      clock,
    });
    client.room("r").subscribe(() => undefined);
    client.close();
    say?.(WELCOME);
    expect(clock.waiting()).toBe(0);
    expect(client.room("r").getSnapshot().status).toBe("ended");
  });
});

describe("options", () => {
  it("that make no sense are a TypeError at creation, naming the option", () => {
    const transport = fakeTransport();
    for (const name of ["linger", "flush"] as const) {
      for (const value of [-1, NaN, Infinity, "5" as never]) expect(() => createClient({ transport, [name]: value })).toThrow(new RegExp(name));
    }
    for (const value of [0, -1, NaN]) {
      expect(() => createClient({ transport, timeouts: { answer: value } })).toThrow(/answer/);
      expect(() => createClient({ transport, timeouts: { ping: value } })).toThrow(/ping/);
    }
    expect(() => createClient({ transport: undefined as never })).toThrow(/transport/);
    const client = createClient({ transport });
    expect(() => client.room("r", { watch: "all" as never })).toThrow(/watch/);
    expect(() => client.room(5 as never)).toThrow(/name/);
    expect(() => client.room("r").subscribe(() => undefined, { watch: "all" as never })).toThrow(/watch/);
    expect(transport.heard()).toBe(false);
  });

  it("createPresence is one room with its own client", () => {
    const transport = fakeTransport();
    const clock = fakeClock();
    const presence = createPresence<{ s: number }>({ transport, clock, room: "r", meta: { s: 1 }, watch: "count", random: () => 0 });
    presence.subscribe(() => undefined);
    transport.open();
    transport.say(WELCOME);
    expect(transport.take().at(-1)).toMatchObject({ type: "join", watch: "count", meta: { s: 1 } });
    presence.close();
    expect(presence.getSnapshot()).toMatchObject({ status: "ended", error: { code: "closed" } });
    expect(clock.waiting()).toBe(0);
  });
});

describe("the platform's clock", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it("runs once, can be stopped, and takes more than 31 bits of ms", () => {
    vi.useFakeTimers();
    let runs = 0;
    systemClock.after(10, () => runs++);
    systemClock.after(10, () => runs++)();
    systemClock.after(2 ** 40, () => runs++);
    vi.advanceTimersByTime(1_000);
    expect(runs).toBe(1);
    expect(systemClock.now()).toBe(Date.now());
  });
});
