import { describe, expect, it } from "vitest";
import { registryNumbers } from "../../src/server/options.js";
import { memoryLog } from "../../src/server/memory-log.js";
import { createRegistry } from "../../src/server/registry.js";
import { mintWith, systemClock } from "../../src/server/system.js";
import { fakeClock } from "../support/fake-clock.js";
import { fakeWire } from "../support/fake-wire.js";
import { seeded, settled } from "../support/server.js";

const names = Object.keys(registryNumbers({}));
const mayBeZero = ["grace", "settle", "flush", "jitter", "maxWatched"];

describe("options", () => {
  it("[H1] are by default what the documentation says", () => {
    expect(registryNumbers({})).toEqual({
      lease: 75_000, ping: 25_000, tick: 1_000, grace: 10_000, settle: 12_000, flush: 50, heartbeat: 25_000, audit: 60_000, patience: 10_000, jitter: 1_000,
      window: 512, windowAge: 120_000, maxId: 256, maxMeta: 4_096, maxFrame: 65_536, page: 65_536, maxRooms: 100, maxConnections: 64, maxUsers: Infinity,
      maxWatched: 5_000, rate: 50, burst: 250,
    });
    expect(registryNumbers({ grace: 3_000 }).settle).toBe(5_000);
    expect(registryNumbers({ grace: 3_000, settle: 0 }).settle).toBe(0);
    expect(Object.isFrozen(createRegistry().options)).toBe(true);
  });

  it.each(names.flatMap((name) => [-1, NaN, "7", null, ...(name === "maxUsers" ? [] : [Infinity]), ...(mayBeZero.includes(name) ? [] : [0])].map((value) => [name, value])))(
    "[S4] %s: %s makes no sense, and the error says which it is", (name, value) => {
      expect(() => createRegistry({ [name as string]: value } as never)).toThrow(new RegExp(`^createRegistry: option "${String(name)}" must be a number of at least [01], not `));
    });

  it("[S4] so does a name that is none, a lease that no ping renews in time, and a port that is none", () => {
    expect(() => createRegistry({ graze: 5 } as never)).toThrow(new TypeError('createRegistry: there is no option "graze".'));
    expect(() => createRegistry({ lease: 25_000 })).toThrow(/"lease" \(25000 ms\) must be longer than "ping" \(25000 ms\)/);
    for (const [name, value] of [["meta", {}], ["meta", 5], ["meta", null], ["log", {}], ["log", null], ["clock", { now: 5 }], ["random", 4]] as const) {
      expect(() => createRegistry({ [name]: value } as never)).toThrow(new RegExp(`^createRegistry: option "${name}" is not what it should be`));
    }
    expect(createRegistry({ lease: 25_001, grace: undefined as never }).options.grace).toBe(10_000);
  });

  it("[S4] so do numbers that must be whole and aren't, times beyond what timers can wait, and a lease shorter than the tick", () => {
    for (const name of ["window", "maxId", "maxMeta", "maxFrame", "page", "maxRooms", "maxConnections", "maxUsers", "maxWatched"]) {
      expect(() => createRegistry({ [name]: 1.5 })).toThrow(`option "${name}" must be a whole number, not 1.5`);
    }
    expect(createRegistry({ rate: 0.5 + 1, burst: 1.5, tick: 999.5 }).options.rate).toBe(1.5);
    for (const name of ["lease", "ping", "tick", "grace", "settle", "flush", "heartbeat", "audit", "patience", "jitter", "windowAge"]) {
      expect(() => createRegistry({ lease: 2 ** 31 - 1, [name]: 2 ** 31 })).toThrow(`option "${name}" must be at most 2147483647 ms`);
    }
    expect(createRegistry({ lease: 2 ** 31 - 1 }).options.lease).toBe(2_147_483_647);
    expect(() => createRegistry({ lease: 900, ping: 300 })).toThrow(/"lease" \(900 ms\) must be at least "tick" \(1000 ms\)/);
    for (const bad of [{ window: -1 }, { window: 1.5 }, { windowAge: NaN }, { settle: "5" }, { windw: 5 }]) expect(() => memoryLog(bad as never)).toThrow(new RegExp(`^memoryLog: .*"${Object.keys(bad)[0]!}"`));
  });

  it("[S4] a link's lease is checked too", () => {
    const registry = createRegistry({ clock: fakeClock() });
    for (const lease of [0, -1, NaN, Infinity, 2 ** 31, "5"] as never[]) expect(() => registry.open({ wire: fakeWire(), peer: "a", lease })).toThrow(/"lease"/);
    expect(registry.health().links).toBe(0);
  });

  it("[S4] kick and drain refuse times that are none", async () => {
    const registry = createRegistry({ clock: fakeClock() });
    for (const block of [-1, NaN, Infinity]) expect(() => registry.kick("ann", "r", { block })).toThrow(/registry\.kick: "block"/);
    for (const reconnectWithin of [-1, NaN, 2 ** 31, undefined as never]) await expect(registry.drain({ reconnectWithin })).rejects.toThrow(/registry\.drain: "reconnectWithin"/);
    expect(() => registry.on("joined", 5 as never)).toThrow(TypeError);
    expect(() => registry.on("jioned" as never, () => undefined)).toThrow('there is no event "jioned"');
  });
});

describe("the system's own", () => {
  it("[S5] ids have at most twelve letters, and tags 48 bits without 0", () => {
    const [lowest, highest] = [mintWith(() => 0)(), mintWith(() => 1 - 2 ** -53)()];
    expect([lowest.tag, highest.tag]).toEqual([1, 2 ** 48 - 1]);
    expect([lowest.conn, highest.conn]).toEqual([expect.stringMatching(/^0{8,12}$/), expect.stringMatching(/^z{8,12}$/)]);
    const mint = mintWith(seeded(7));
    expect(new Set(Array.from({ length: 500 }, () => mint().conn)).size).toBe(500);
  });

  it("timers run, stop, and keep no process alive", async () => {
    const ran: string[] = [];
    const stop = systemClock.after(0, () => ran.push("stopped"));
    stop();
    // Longer than a timer can wait, which the platform would take for at once.
    const stopLong = systemClock.after(2 ** 31, () => ran.push("too soon"));
    await new Promise<void>((resolve) => { setTimeout(resolve, 5); });
    stopLong();
    await new Promise<void>((resolve) => { systemClock.after(0, () => { ran.push("ran"); resolve(); }); setTimeout(() => undefined, 50); });
    await settled();
    expect(ran).toEqual(["ran"]);
    expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(60_000);
  });
});
