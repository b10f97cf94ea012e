import { describe, expect, it, vi } from "vitest";
import type { RoomEvent } from "../../src/core/event.js";
import { reduce } from "../../src/core/reduce.js";
import { toSnapshot } from "../../src/core/snapshot.js";
import type { Op } from "../../src/ports.js";
import { memoryLog, type MemoryLogOptions } from "../../src/server/memory-log.js";
import { logContract } from "../contract/log.js";

type Meta = { readonly name: string };

const connect = (conn: string, user: string, tag: number): Op<Meta> => ({ type: "connect", conn, user, tag, meta: { name: "" } });
const bye = (conn: string): Op<Meta> => ({ type: "disconnect", conn, reason: "leave" });

function start(options: MemoryLogOptions = {}, now = 1_700_000_000_000) {
  const clock = { now: () => now };
  return { log: memoryLog<Meta>({ clock, ...options }), set: (ms: number) => { now = ms; }, pass: (ms: number) => { now += ms; } };
}

logContract("memory", (options) => {
  const { log, pass } = start(options);
  return { log, pass, begin: () => { log.begin(); }, quiet: () => undefined };
});

describe("memoryLog", () => {
  it("[L1] an epoch is the wall clock's, and never comes twice: not in one ms, nor when the clock goes back (attack A15, U10; A3)", () => {
    const { log, pass, set } = start();
    const epochs: number[] = [];
    const visit = (room: string): void => {
      epochs.push(log.append(room, [connect("a", "ann", epochs.length + 1)]).delta!.epoch);
      log.append(room, [bye("a")]);
    };
    visit("r");
    visit("r");
    visit("s");
    pass(5000);
    visit("r");
    set(1_600_000_000_000);
    visit("r");
    log.follow("t", () => undefined);
    const before = log.room("t")!.epoch;
    log.restart("t");
    epochs.push(before, log.room("t")!.epoch);
    const t = 1_700_000_000_000;
    expect(epochs).toEqual([t, t + 1, t + 2, t + 5000, t + 5001, t + 5002, t + 5003]);
  });

  it("[L1] a room is forgotten once nobody is in it and nobody follows it, and not before", () => {
    const { log } = start();
    log.append("r", [connect("a", "ann", 1)]);
    expect(log.room("r")?.seq).toBe(1);
    const stop = log.follow("r", () => undefined);
    log.append("r", [bye("a")]);
    expect(log.room("r")).toMatchObject({ seq: 2, connectionCount: 0 });
    stop();
    expect(log.room("r")).toBeUndefined();
    log.append("r", [connect("a", "ann", 1)]);
    stop();
    expect(log.room("r")?.seq).toBe(1);
    log.follow("r", () => undefined)();
    expect(log.room("r")?.seq).toBe(1);
    log.append("r", [bye("a")]);
    expect(log.room("r")).toBeUndefined();
    // Asking, and ops of which nothing comes, leave nothing behind either.
    expect(log.append("x", [bye("a")]).refused).toEqual([{ op: 0, code: "unknown" }]);
    expect(log.since("x", { full: false })).toMatchObject({ type: "snapshot", seq: 0, connections: [] });
    log.restart("x");
    expect(log.room("x")).toBeUndefined();
  });

  it("[L1] a room with a live block is not forgotten, and is once the block has ended", () => {
    const { log, pass } = start();
    const until = 1_700_000_000_000 + 1000;
    log.append("r", [{ type: "block", user: "bad", until }]);
    log.append("q", [{ type: "block", user: "bad", until: until + 5000 }]);
    expect(log.append("r", [connect("a", "bad", 1)]).refused).toEqual([{ op: 0, code: "blocked" }]);
    log.append("new", [connect("c", "cy", 1)]);
    expect(log.room("r")).toBeDefined();
    pass(1000);
    log.append("new 2", [connect("c", "cy", 1)]);
    log.append("new 3", [connect("c", "cy", 1)]);
    expect(log.room("r")).toBeUndefined();
    expect(log.room("q")).toBeDefined();
  });

  it("[L1] a restart lifts no block", () => {
    const { log } = start();
    log.append("r", [{ type: "block", user: "bad", until: 1e15 }]);
    log.restart("r");
    expect(log.append("r", [connect("a", "bad", 1)]).refused).toEqual([{ op: 0, code: "blocked" }]);
  });

  it("[L6] its age counts from the first link, also for rooms that were there before, or are forgotten and made again", () => {
    const { log, pass } = start();
    const ask = { pos: { epoch: 5, seq: 1, digest: 1 }, full: false };
    log.follow("early", () => undefined);
    expect(log.born()).toBe(0);
    expect(log.since("early", ask)).toEqual({ type: "later", ms: 12_000 });
    pass(60_000);
    expect(log.since("early", ask)).toEqual({ type: "later", ms: 12_000 });
    log.begin();
    const born = log.born();
    expect(born).toBe(1_700_000_060_000);
    pass(7000);
    log.begin();
    expect(log.born()).toBe(born);
    expect(log.since("early", ask)).toEqual({ type: "later", ms: 5000 });
    expect(log.since("never seen", ask)).toEqual({ type: "later", ms: 5000 });
    pass(5000);
    expect(log.since("early", ask).type).toBe("snapshot");
    log.append("late", [connect("a", "ann", 1)]);
    expect(log.since("late", ask).type).toBe("snapshot");
  });

  it("[L6] a clock that is put back makes it young once more, not for as long as it was put back by", () => {
    const { log, pass, set } = start();
    const ask = { pos: { epoch: 5, seq: 1, digest: 1 }, full: false };
    log.begin();
    set(1_600_000_000_000);
    expect(log.since("r", ask)).toEqual({ type: "later", ms: 12_000 });
    pass(12_000);
    expect(log.since("r", ask).type).toBe("snapshot");
  });

  it("[L6] [H11] who names an epoch that it made itself has nothing to wait for: of rooms forgotten, started again, or never made", () => {
    const { log, pass } = start();
    const ask = (epoch: number, room = "r") => log.since(room, { pos: { epoch, seq: 1, digest: 1 }, full: false });
    const epochOf = (room: string): number => log.room(room)!.epoch;
    log.follow("early", () => undefined);
    const early = epochOf("early");
    log.begin();
    const stop = log.follow("r", () => undefined);
    const former = epochOf("r");
    stop();
    pass(1_000);
    log.follow("r", () => undefined);
    const again = epochOf("r");
    log.restart("r");
    log.restart("early");
    const asked = log.since("nowhere", { full: false });
    if (asked.type !== "snapshot") throw new Error(asked.type);
    pass(1_000);
    expect([former, again, early, asked.epoch].map((epoch) => [ask(epoch).type, ask(epoch, "early").type, ask(epoch, "nowhere").type])).toEqual(Array(4).fill(["snapshot", "snapshot", "snapshot"]));
    // Another process's may lie between them: it was there until a moment ago, or the clock was put back a little.
    expect([early - 1, former + 500, again + 10].map((epoch) => ask(epoch).type)).toEqual(["later", "later", "later"]);
  });

  it("[L6] it settles once: a clock that is put back afterwards makes nobody wait", () => {
    const { log, pass } = start();
    const ask = { pos: { epoch: 5, seq: 1, digest: 1 }, full: false };
    log.begin();
    pass(12_000);
    expect(log.since("r", ask).type).toBe("snapshot");
    pass(-3_600_000);
    expect(log.since("r", ask).type).toBe("snapshot");
    expect(log.born()).toBe(1_700_000_000_000);
  });

  it("[L1] a follower that appends while it is told: all hear everything, in order", () => {
    const { log } = start();
    const heard: [string, number][] = [];
    const stops: (() => void)[] = [];
    log.follow("r", (_event, before, after) => {
      heard.push(["first", after.seq]);
      expect(before.seq).toBe(after.seq - 1);
      if (after.seq < 3) {
        const { delta } = log.append("r", [connect(`x${after.seq}`, "xi", after.seq + 1)]);
        // The log has it at once; who follows from here on starts from a room that has it.
        expect(log.room("r")?.seq).toBe(delta?.to);
        stops.push(log.follow("r", (_e, _b, later) => { heard.push([`late ${delta!.to}`, later.seq]); }));
      }
    });
    log.follow("r", (_event, _before, after) => { heard.push(["second", after.seq]); });
    log.append("r", [connect("a", "ann", 1)]);
    expect(heard).toEqual([["first", 1], ["second", 1], ["first", 2], ["second", 2], ["first", 3], ["second", 3], ["late 2", 3]]);
    heard.length = 0;
    for (const stop of stops) stop();
    log.append("r", [bye("a")]);
    expect(heard).toEqual([["first", 4], ["second", 4]]);
  });

  it("[L1] a follower that is stopped while others are told hears nothing more", () => {
    const { log } = start();
    const heard: string[] = [];
    const hear = (): void => { heard.push("both"); };
    log.follow("r", () => { stop(); });
    const stop = log.follow("r", hear);
    log.append("r", [connect("a", "ann", 1)]);
    expect(heard).toEqual([]);
    // The same function may follow twice; each stop ends one of the two.
    const first = log.follow("s", hear);
    log.follow("s", hear);
    first();
    first();
    log.append("s", [connect("a", "ann", 1)]);
    expect(heard).toEqual(["both"]);
  });

  it("[L1] a follower that throws keeps nobody from hearing, and fails no append", () => {
    const errors: unknown[] = [];
    const { log } = start({ onError: (error) => errors.push(error) });
    const events: RoomEvent<Meta>[] = [];
    let room = log.room("r");
    log.follow("r", () => { throw new Error("mine"); });
    log.follow("r", (event, before) => {
      events.push(event);
      room = reduce(room ?? before, event);
    });
    log.append("r", [connect("a", "ann", 1)]);
    log.append("r", [connect("b", "bob", 2)]);
    expect(errors).toEqual([new Error("mine"), new Error("mine")]);
    expect(events.length).toBe(2);
    expect(toSnapshot(room!)).toEqual(toSnapshot(log.room("r")!));
  });

  it("[L1] without `onError` what a follower threw is written to the console, and an `onError` that throws stops nothing either", () => {
    const written = vi.spyOn(console, "error").mockImplementation(() => undefined);
    try {
      const { log } = start();
      log.follow("r", () => { throw new Error("mine"); });
      log.append("r", [connect("a", "ann", 1)]);
      expect(written.mock.calls).toEqual([[new Error("mine")]]);
    } finally {
      written.mockRestore();
    }
    const { log } = start({ onError: (error) => { throw error; } });
    const seqs: number[] = [];
    const stop = log.follow("r", () => { throw new Error("mine"); });
    log.follow("r", (_event, _before, after) => { seqs.push(after.seq); });
    expect(() => log.append("r", [connect("a", "ann", 1)])).toThrow("mine");
    stop();
    log.append("r", [bye("a")]);
    expect(seqs).toEqual([2]);
  });

  it("[L1] reads the system's clock by default", () => {
    const before = Date.now();
    const { delta } = memoryLog<Meta>().append("r", [connect("a", "ann", 1)]);
    expect(delta!.epoch).toBeGreaterThanOrEqual(before);
  });
});
