import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RoomEvent } from "../../src/core/event.js";
import { toSnapshot } from "../../src/core/snapshot.js";
import type { Op } from "../../src/ports.js";
import type { HostInput, How, Said } from "../../src/server/host-input.js";
import { connectionAt, connectionsIn, emptyHost, roomsAt, step, type Host } from "../../src/server/host.js";
import { append, emptyLog, type LogState } from "../../src/server/log.js";

type Meta = { readonly name: string };
type Input = HostInput<Meta>;
const OPTIONS = { tick: 1000, grace: 10_000 };
const LEASE = 75_000;

/** Anything that edits its input throws from now on. */
function freeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const member of Object.values(value)) freeze(member);
  return value;
}

/** Some hosts on one log, where everything that is said is heard at once. */
function network(hosts = 1, options = OPTIONS) {
  const logs = new Map<string, LogState<Meta>>();
  const clocks = Array.from({ length: hosts }, () => 0);
  const net = {
    hosts: Array.from({ length: hosts }, () => freeze(emptyHost<Meta>(options))),
    /** What the log made true: `+c1`, `-c1 leave`. */
    facts: [] as string[],
    /** Who turned: `+ann`, `-ann`. */
    turns: [] as string[],
    lost: [] as Said<Meta>["lost"][number][],
    expired: [] as string[],
    epoch: 1,
    tags: 0,
    do(host: number, input: Input): Said<Meta> {
      const said = step(net.hosts[host]!, freeze(input));
      net.hosts[host] = freeze(said.host);
      net.lost.push(...said.lost);
      net.expired.push(...said.expired);
      for (const { room, op } of said.ops) net.append(room, [op]);
      return said;
    },
    log: (room = "r"): LogState<Meta> => logs.get(room) ?? emptyLog<Meta>(net.epoch, 0, { window: 512, windowAge: 1e9, settle: 0 }),
    append(room: string, ops: readonly Op<Meta>[]) {
      const { log, delta, turns, refused } = append(net.log(room), ops, 1_000_000 + Math.max(...clocks));
      logs.set(room, log);
      for (const { user, present } of turns) net.turns.push((present ? "+" : "-") + user);
      for (const fact of delta?.facts ?? []) net.facts.push(fact.type === "connect" ? `+${fact.conn}` : `-${fact.conn} ${fact.reason}`);
      if (delta) net.hear(room, delta);
      return refused.map((r) => r.code);
    },
    hear(room: string, event: RoomEvent<Meta>) {
      for (let i = 0; i < hosts; i++) net.do(i, { type: "log", room, event });
    },
    /** The room's log begins anew; every host hears of it. */
    restart(room = "r") {
      net.epoch++;
      logs.delete(room);
      net.hear(room, toSnapshot(net.log(room).room, 0));
    },
    /** Ticks of one interval, and one for the rest. */
    pass(ms: number, heard: readonly string[] = [], only?: number) {
      for (let left = ms; left > 0; left -= options.tick) {
        for (let i = 0; i < hosts; i++) if (only === undefined || only === i) net.do(i, { type: "tick", now: (clocks[i]! += Math.min(left, options.tick)), heard });
      }
    },
    open(host: number, link: string, user: string | undefined = "ann", lease = LEASE) {
      net.do(host, { type: "open", link, lease });
      net.do(host, { type: "identify", link, user });
    },
    join(host: number, link: string, conn: string, more: { room?: string; by?: "client" | "server"; name?: string } = {}) {
      return net.do(host, { type: "join", link, room: more.room ?? "r", by: more.by ?? "client", conn, tag: ++net.tags, meta: { name: more.name ?? "" } });
    },
    close(host: number, link: string, how: How = "vanished") {
      return net.do(host, { type: "close", link, how });
    },
    conns: (host = 0, room = "r") => [...connectionsIn(net.hosts[host]!, room)].map((c) => c.id).sort(),
  };
  for (let i = 0; i < hosts; i++) net.do(i, { type: "tick", now: 0, heard: [] });
  return net;
}

describe("leases", () => {
  it("[H2] [pain P01] a silent link ends exactly with its lease: one timeout a room, no grace, and the link is named", () => {
    const net = network();
    net.open(0, "l");
    net.join(0, "l", "c", { room: "r" });
    net.join(0, "l", "d", { room: "s" });
    net.pass(1000);
    net.pass(LEASE - 1);
    expect([net.facts, net.expired]).toEqual([["+c", "+d"], []]);
    net.pass(1);
    expect(net.facts.slice(2).sort()).toEqual(["-c timeout", "-d timeout"]);
    expect(net.expired).toEqual(["l"]);
    expect(net.close(0, "l")).toMatchObject({ ops: [], expired: [] });
    net.pass(100_000);
    expect(net.facts.length).toBe(4);
  });

  it("[H1] only being heard renews a lease, and each link has its own", () => {
    const net = network();
    net.open(0, "short", "ann", 5000);
    net.open(0, "long", "bob", 20_000);
    net.join(0, "short", "c");
    net.join(0, "long", "d");
    net.pass(30_000, ["short", "nobody"]);
    expect(net.facts).toEqual(["+c", "+d", "-d timeout"]);
    // What is said to a link, and what it does without a frame of its own, is not its being heard.
    net.do(0, { type: "update", link: "short", room: "r", tag: ++net.tags, meta: { name: "x" } });
    net.pass(4999);
    expect(net.expired).toEqual(["long"]);
    net.pass(1);
    expect(net.expired).toEqual(["long", "short"]);
  });

  it("[H3] [pain P22] a pause, lag or a clock that jumps either way expires nobody who could not be heard", () => {
    const net = network();
    net.open(0, "l");
    net.join(0, "l", "c");
    net.pass(1000);
    for (const now of [3_600_000, -5_000_000, 9e12, 9e12 + 1000, 0, 1000]) net.do(0, { type: "tick", now, heard: [] });
    expect(net.expired).toEqual([]);
    expect(net.hosts[0]!.clock).toBe(1000 + 2000 + 0 + 2000 + 1000 + 0 + 1000);
  });

  it("[H3] a server that is always late still ends a silent link (attack A13, U5)", () => {
    const net = network();
    net.open(0, "ghost");
    net.join(0, "ghost", "c");
    let now = 0;
    for (; net.expired.length === 0 && now < 3_600_000; now += 2500) net.do(0, { type: "tick", now, heard: [] });
    expect(net.facts).toEqual(["+c", "-c timeout"]);
    expect(now).toBeLessThanOrEqual(100_000);
  });

  it("[H3] what happens between ticks has its deadline from the next tick on", () => {
    const net = network(1, { tick: 1000, grace: 3000 });
    net.open(0, "l", "ann", 5000);
    net.join(0, "l", "c");
    // The step to the first tick after it does not count against it.
    net.do(0, { type: "tick", now: 2000, heard: [] });
    net.do(0, { type: "tick", now: 4000, heard: [] });
    net.do(0, { type: "tick", now: 6000, heard: ["l"] });
    net.do(0, { type: "tick", now: 8000, heard: [] });
    net.close(0, "l");
    net.do(0, { type: "tick", now: 10_000, heard: [] });
    net.do(0, { type: "tick", now: 12_000, heard: [] });
    expect(net.facts).toEqual(["+c"]);
    net.do(0, { type: "tick", now: 13_000, heard: [] });
    expect(net.facts).toEqual(["+c", "-c vanished"]);
  });

  it("[H8] a tick looks at who was heard and at what falls due, never at all links", () => {
    const net = network();
    for (let i = 0; i < 500; i++) net.open(0, `l${i}`, `u${i}`);
    net.pass(1000);
    // Counts what is read of any of the host's tables: look-ups, and values gone through.
    const tables = Object.getPrototypeOf(net.hosts[0]!.links) as object;
    const get = Reflect.get(tables, "get") as (this: unknown, id: string) => unknown;
    const values = Reflect.get(tables, "values") as (this: unknown) => Iterable<unknown>;
    let reads = 0;
    const counted = {
      get(this: unknown, id: string): unknown {
        reads++;
        return get.call(this, id);
      },
      *values(this: unknown) {
        for (const value of values.call(this)) {
          reads++;
          yield value;
        }
      },
    };
    const readsOf = (now: number, heard: readonly string[]): number => {
      reads = 0;
      net.hosts[0] = step(net.hosts[0]!, { type: "tick", now, heard }).host;
      return reads;
    };
    Object.assign(tables, counted);
    try {
      const { links, leases } = net.hosts[0]!;
      expect(readsOf(2000, [])).toBeLessThanOrEqual(4);
      expect(net.hosts[0]!.links).toBe(links);
      expect(net.hosts[0]!.leases.buckets).toBe(leases.buckets);
      expect(readsOf(3000, ["l1", "l2", "l3"])).toBeLessThanOrEqual(4 + 3);
      // Heard at every tick, all are looked at a second time only once in a lease.
      const everyone = Array.from({ length: 500 }, (_, i) => `l${i}`);
      let all = 0;
      for (let i = 1; i <= 150; i++) all += readsOf(3000 + i * 1000, everyone);
      expect(all).toBeLessThan(150 * 504 + 2 * 500 * 8);
    } finally {
      Object.assign(tables, { get, values });
    }
    expect(net.hosts[0]!.links.size).toBe(500);
  });
});

describe("grace", () => {
  it("[H5] [pain P06] who returns within the grace was never away; who does not has left once", () => {
    const net = network();
    net.open(0, "l1");
    net.join(0, "l1", "c1");
    net.pass(1000);
    net.close(0, "l1");
    net.pass(9000);
    net.open(0, "l2");
    net.join(0, "l2", "c2");
    expect(net.facts).toEqual(["+c1", "+c2", "-c1 vanished"]);
    net.pass(20_000, ["l2"]);
    expect(net.turns).toEqual(["+ann"]);
    net.close(0, "l2");
    net.pass(1000);
    net.pass(9999);
    expect(net.turns).toEqual(["+ann"]);
    net.pass(1);
    expect(net.turns).toEqual(["+ann", "-ann"]);
    expect(net.facts.slice(3)).toEqual(["-c2 vanished"]);
  });

  it("[H5] with grace 0 a vanishing is a goodbye at once", () => {
    const net = network(1, { tick: 1000, grace: 0 });
    net.open(0, "l");
    net.join(0, "l", "c");
    expect(net.close(0, "l").ops).toEqual([{ room: "r", op: { type: "disconnect", conn: "c", reason: "vanished" } }]);
  });

  it("[H5] a leave is immediate, and so is a transport's own time-out", () => {
    for (const how of ["leave", "timeout"] as const) {
      const net = network();
      net.open(0, "l");
      net.join(0, "l", "c");
      net.close(0, "l", how);
      expect(net.facts).toEqual(["+c", `-c ${how}`]);
    }
  });

  it("[H5] two tabs on two servers that vanish together don't take each other for the return (attack A8, T1)", () => {
    const net = network(2);
    net.open(0, "l1");
    net.open(1, "l2");
    net.join(0, "l1", "c1");
    net.join(1, "l2", "c2");
    net.pass(1000);
    net.close(0, "l1");
    net.close(1, "l2");
    net.pass(7000);
    expect(net.facts).toEqual(["+c1", "+c2"]);
    net.open(0, "l3");
    net.join(0, "l3", "c3");
    expect(net.facts.slice(2).sort()).toEqual(["+c3", "-c1 vanished", "-c2 vanished"]);
    net.pass(20_000, ["l3"]);
    expect(net.turns).toEqual(["+ann"]);
  });

  it("[H5] nor when each hears of the other only after the vanishing: the newest keeps its grace (attack A8, T8)", () => {
    const a = network(1);
    const b = network(1);
    a.open(0, "l1");
    b.open(0, "l2");
    const connected = (conn: string, seq: number): RoomEvent<Meta> => ({ type: "connect", epoch: 1, seq, at: 0, conn, user: "ann", tag: seq, first: seq, since: 0, meta: { name: "" } });
    a.join(0, "l1", "c1");
    b.hosts[0] = step(b.hosts[0]!, { type: "join", link: "l2", room: "r", by: "client", conn: "c2", tag: 2, meta: { name: "" } }).host;
    a.close(0, "l1");
    b.close(0, "l2");
    b.do(0, { type: "log", room: "r", event: connected("c1", 1) });
    const older = b.do(0, { type: "log", room: "r", event: connected("c2", 2) });
    const newer = a.do(0, { type: "log", room: "r", event: connected("c2", 2) });
    // The older is let go; the newer stays, so Ann does.
    expect(newer.ops).toEqual([{ room: "r", op: { type: "disconnect", conn: "c1", reason: "vanished" } }]);
    expect(older.ops).toEqual([]);
    expect(b.do(0, { type: "log", room: "r", event: connected("c1", 1) }).ops).toEqual([]);
  });

  it("[H5] an update of another tab is not a return, nor is anything of another user", () => {
    const net = network();
    net.open(0, "l1");
    net.open(0, "l2");
    net.join(0, "l1", "c1");
    net.join(0, "l2", "c2");
    net.close(0, "l1");
    net.do(0, { type: "update", link: "l2", room: "r", tag: 99, meta: { name: "busy" } });
    net.open(0, "l3", "bob");
    net.join(0, "l3", "c3");
    expect(net.conns()).toEqual(["c1", "c2", "c3"]);
    net.pass(1000, ["l2", "l3"]);
    net.pass(10_000, ["l2", "l3"]);
    expect(net.facts).toEqual(["+c1", "+c2", "+c2", "+c3", "-c1 vanished"]);
  });

  it("[H5] while its own age is unknown it waits; a compacted delta may tell both at once, the newer first", () => {
    const net = network();
    net.open(0, "l1");
    const { host } = step(net.hosts[0]!, { type: "join", link: "l1", room: "r", by: "client", conn: "c1", tag: 1, meta: { name: "" } });
    net.hosts[0] = step(host, { type: "close", link: "l1", how: "vanished" }).host;
    const fact = (conn: string, seq: number, first: number) => ({ type: "connect" as const, epoch: 1, seq, at: 0, conn, user: "ann", tag: seq, first, since: 0, meta: { name: "" } });
    expect(net.do(0, { type: "log", room: "r", event: fact("other", 3, 3) }).ops).toEqual([]);
    const both = net.do(0, { type: "log", room: "r", event: { type: "delta", epoch: 1, from: 3, to: 6, at: 0, digest: undefined, facts: [fact("c2", 5, 5), fact("c1", 6, 4)] } });
    expect(both.ops).toEqual([{ room: "r", op: { type: "disconnect", conn: "c1", reason: "vanished" } }]);
  });

  it("[H5] a drained connection stays silent for as long as was said and its grace, and goes early if its user is back", () => {
    const net = network(2);
    net.do(0, { type: "drain", within: 30_000 });
    net.open(0, "l1", "ann");
    net.open(0, "l2", "bob");
    net.join(0, "l1", "c1");
    net.join(0, "l2", "c2");
    net.pass(1000);
    net.close(0, "l1", "drain");
    net.close(0, "l2", "drain");
    net.open(1, "l3", "ann");
    net.join(1, "l3", "c3");
    net.pass(1000, ["l3"]);
    net.pass(39_999, ["l3"]);
    expect(net.facts).toEqual(["+c1", "+c2", "+c3", "-c1 vanished"]);
    net.pass(1, ["l3"]);
    expect(net.facts.slice(4)).toEqual(["-c2 vanished"]);
  });

  it("[H5] without a drain a drained connection has its grace, and without a grace it goes at once", () => {
    const net = network();
    net.open(0, "l");
    net.join(0, "l", "c");
    expect(net.close(0, "l", "drain").ops).toEqual([]);
    net.pass(1000);
    net.pass(9_999);
    expect(net.facts).toEqual(["+c"]);
    net.pass(1);
    expect(net.facts).toEqual(["+c", "-c vanished"]);

    const blunt = network(1, { tick: 1000, grace: 0 });
    blunt.open(0, "l");
    blunt.join(0, "l", "c");
    blunt.close(0, "l", "drain");
    expect(blunt.facts).toEqual(["+c", "-c vanished"]);
  });

  it("[H5] a user whose connections have all vanished is away only once the last of them had its grace", () => {
    const action = fc.oneof(
      { weight: 3, arbitrary: fc.record({ type: fc.constant("join" as const), host: fc.nat(1), user: fc.constantFrom("ann", "bob") }) },
      { weight: 3, arbitrary: fc.record({ type: fc.constant("close" as const), link: fc.nat(20) }) },
      { weight: 4, arbitrary: fc.record({ type: fc.constant("pass" as const), ms: fc.integer({ min: 1, max: 6000 }) }) },
      { weight: 1, arbitrary: fc.record({ type: fc.constant("update" as const), link: fc.nat(20) }) },
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 40 }), (actions) => {
        const net = network(2);
        const open: { host: number; link: string; user: string; made: number }[] = [];
        const vanishedAt = new Map<string, number>();
        let clock = 0;
        let made = 0;
        for (const one of actions) {
          if (one.type === "join") {
            const link = `l${made++}`;
            net.open(one.host, link, one.user, 1e9);
            net.join(one.host, link, `c${made}`);
            open.push({ host: one.host, link, user: one.user, made });
          } else if (one.type === "pass") {
            for (let left = one.ms; left > 0; left -= 1000) {
              const turned = net.turns.length;
              net.pass(Math.min(left, 1000));
              clock += Math.min(left, 1000);
              for (const turn of net.turns.slice(turned)) {
                const user = turn.slice(1);
                expect(turn[0]).toBe("-");
                expect(open.some((o) => o.user === user)).toBe(false);
                expect(clock - vanishedAt.get(user)!).toBeGreaterThanOrEqual(10_000);
              }
            }
          } else {
            const [which] = one.type === "close" ? open.splice(one.link % (open.length || 1), 1) : [open[one.link % (open.length || 1)]];
            if (!which) continue;
            if (one.type === "close") {
              net.close(which.host, which.link);
              vanishedAt.set(which.user, clock);
            } else net.do(which.host, { type: "update", link: which.link, room: "r", tag: ++net.tags, meta: { name: String(net.tags) } });
          }
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe("links and rooms", () => {
  it("[H7] [pain P23] a close leaves all rooms, once each; a leave only its own", () => {
    const net = network();
    net.open(0, "l");
    for (const room of ["r1", "r2", "r3"]) net.join(0, "l", `c-${room}`, { room });
    net.do(0, { type: "leave", link: "l", room: "r2", by: undefined, reason: "leave" });
    expect(roomsAt(net.hosts[0]!, "l")).toEqual(["r1", "r3"]);
    net.join(0, "l", "again", { room: "r2" });
    net.close(0, "l", "leave");
    expect(net.facts.slice(3).sort()).toEqual(["+again", "-again leave", "-c-r1 leave", "-c-r2 leave", "-c-r3 leave"]);
    expect(net.hosts[0]!.rooms.size).toBe(0);
  });

  it("[H7] leave and join again on one link is another stay with an id of its own (attack A11)", () => {
    const net = network();
    net.open(0, "l");
    net.join(0, "l", "c1");
    net.do(0, { type: "leave", link: "l", room: "r", by: "client", reason: "leave" });
    net.join(0, "l", "c2");
    expect(net.facts).toEqual(["+c1", "-c1 leave", "+c2"]);
  });

  it("[H6] [pain P15] after a close nothing of a link can happen, and what was in grace still ends", () => {
    const net = network();
    net.open(0, "l");
    net.join(0, "l", "c");
    net.pass(1000);
    net.close(0, "l");
    const late: Input[] = [
      { type: "identify", link: "l", user: "eve" },
      { type: "join", link: "l", room: "s", by: "client", conn: "d", tag: 50, meta: { name: "" } },
      { type: "update", link: "l", room: "r", tag: 51, meta: { name: "late" } },
      { type: "leave", link: "l", room: "r", by: undefined, reason: "leave" },
      { type: "close", link: "l", how: "leave" },
    ];
    for (const input of late) expect(net.do(0, input)).toMatchObject({ ops: [], lost: [], expired: [] });
    net.pass(12_000, ["l"]);
    expect(net.facts).toEqual(["+c", "-c vanished"]);
  });

  it("[H8] steps for what is not there keep every table, and freeze nothing that was given", () => {
    const net = network();
    net.open(0, "l");
    net.join(0, "l", "c");
    const before = net.hosts[0]!;
    const nothing: Input[] = [
      { type: "open", link: "l", lease: 5 },
      { type: "identify", link: "l", user: "ann" },
      { type: "join", link: "x", room: "r", by: "client", conn: "d", tag: 50, meta: { name: "" } },
      { type: "leave", link: "l", room: "s", by: undefined, reason: "leave" },
      { type: "refused", room: "r", conn: "nobody" },
      { type: "announce", room: "r", fresh: [["nobody", { conn: "d", tag: 9 }], ["c", { conn: "e", tag: 9 }]] },
      { type: "log", room: "elsewhere", event: { type: "heartbeat", epoch: 1, seq: 1, at: 0, digest: 0 } },
      { type: "log", room: "r", event: { type: "heartbeat", epoch: 7, seq: 1, at: 0, digest: 0 } },
    ];
    for (const input of nothing) {
      const after = net.do(0, input);
      expect(after.ops).toEqual([]);
      expect(net.hosts[0]!.links).toBe(before.links);
      expect(net.hosts[0]!.rooms).toBe(before.rooms);
    }
  });

  it("[R10] any string is a link, a room, a conn and a user", () => {
    const net = network();
    const ids = ["__proto__", "constructor", "", "10", "2", "\ud800", "\\ud800"];
    for (const id of ids) {
      net.open(0, id, id);
      for (const room of ids) net.join(0, id, JSON.stringify([id, room]), { room });
    }
    for (const room of ids) expect(net.log(room).room.users.size).toBe(ids.length);
    for (const id of ids) net.close(0, id);
    net.pass(1000);
    net.pass(10_000);
    expect(net.hosts[0]).toMatchObject({ links: { size: 0 }, rooms: { size: 0 }, leases: { buckets: { size: 0 } }, graces: { buckets: { size: 0 } } });
  });
});

describe("identity and claims", () => {
  it("[H9] nobody joins before their user is known", () => {
    const net = network();
    net.do(0, { type: "open", link: "l", lease: LEASE });
    expect(net.join(0, "l", "c").ops).toEqual([]);
    net.do(0, { type: "identify", link: "l", user: "" });
    expect(net.join(0, "l", "c").ops).toMatchObject([{ op: { type: "connect", user: "" } }]);
  });

  it("[H9] another user, or none, ends the old one's connections with a leave; the same user ends nothing", () => {
    const net = network();
    net.open(0, "l");
    net.join(0, "l", "c1", { room: "r" });
    net.join(0, "l", "c2", { room: "s", by: "server" });
    net.do(0, { type: "identify", link: "l", user: "ann" });
    expect(net.facts).toEqual(["+c1", "+c2"]);
    net.do(0, { type: "identify", link: "l", user: "bob" });
    expect(net.facts.slice(2).sort()).toEqual(["-c1 leave", "-c2 leave"]);
    expect(roomsAt(net.hosts[0]!, "l")).toEqual([]);
    net.join(0, "l", "c3");
    net.do(0, { type: "identify", link: "l", user: undefined });
    expect(net.facts.slice(4)).toEqual(["+c3", "-c3 leave"]);
    expect(net.join(0, "l", "c4").ops).toEqual([]);
  });

  it("[H9] a connection lives while client or server wants it, whoever came first", () => {
    for (const [first, second] of [["client", "server"], ["server", "client"]] as const) {
      const net = network();
      net.open(0, "l");
      net.join(0, "l", "c", { by: first });
      expect(net.join(0, "l", "other", { by: second }).ops).toEqual([]);
      net.do(0, { type: "leave", link: "l", room: "r", by: first, reason: "leave" });
      net.do(0, { type: "leave", link: "l", room: "r", by: first, reason: "leave" });
      expect(net.facts).toEqual(["+c"]);
      net.do(0, { type: "leave", link: "l", room: "r", by: second, reason: "leave" });
      expect(net.facts).toEqual(["+c", "-c leave"]);
    }
  });

  it("[H9] a join of a room one is in is an update if the meta differs as JSON, else nothing (attack A10)", () => {
    const net = network();
    net.open(0, "l");
    net.join(0, "l", "c", { name: "a" });
    expect(net.join(0, "l", "d", { name: "a" }).ops).toEqual([]);
    expect(net.join(0, "l", "e", { name: "b" }).ops).toEqual([{ room: "r", op: { type: "update", conn: "c", user: "ann", tag: 3, meta: { name: "b" } } }]);
    expect(net.do(0, { type: "update", link: "l", room: "r", tag: 4, meta: { name: "b" } }).ops).toEqual([]);
    expect(connectionAt(net.hosts[0]!, "l", "r")).toMatchObject({ id: "c", tag: 3, meta: { name: "b" }, first: 1, lost: false, claims: ["client"] });
  });

  it("[L2] a refused connect never was", () => {
    const net = network();
    net.open(0, "l");
    net.append("r", [{ type: "block", user: "ann", until: 1e12 }]);
    const { ops } = net.join(0, "l", "c");
    expect(ops.length).toBe(1);
    expect(net.do(0, { type: "refused", room: "r", conn: "c" })).toMatchObject({ ops: [], lost: [] });
    expect([net.conns(), roomsAt(net.hosts[0]!, "l")]).toEqual([[], []]);
  });
});

describe("what the log says of own connections", () => {
  it("[H10] a kicked connection is gone and named; its link stays", () => {
    const net = network();
    net.open(0, "l");
    net.join(0, "l", "c", { room: "r" });
    net.join(0, "l", "d", { room: "s" });
    net.append("r", [{ type: "disconnect", conn: "c", reason: "kicked" }]);
    expect(net.lost).toEqual([{ link: "l", room: "r", conn: "c", reason: "kicked" }]);
    expect([net.conns(0, "r"), net.conns(0, "s")]).toEqual([[], ["d"]]);
    net.close(0, "l", "leave");
    expect(net.facts).toEqual(["+c", "+d", "-c kicked", "-d leave"]);
  });

  it("[H10] an asked-for goodbye, and one of somebody else, is no loss", () => {
    const net = network(2);
    net.open(0, "l");
    net.open(1, "m", "bob");
    net.join(0, "l", "c");
    net.join(1, "m", "d");
    net.close(0, "l", "leave");
    net.append("r", [{ type: "disconnect", conn: "d", reason: "node-lost" }]);
    expect(net.lost).toEqual([{ link: "m", room: "r", conn: "d", reason: "node-lost" }]);
  });

  it("[H10] what the log reaped of an open link is announced again, as old as it was; of a vanished one it is gone", () => {
    const net = network();
    net.open(0, "l");
    net.open(0, "m", "bob");
    net.join(0, "l", "c", { name: "here" });
    net.join(0, "m", "d");
    net.pass(5000);
    net.close(0, "m");
    net.append("r", [{ type: "disconnect", conn: "c", reason: "node-lost" }, { type: "disconnect", conn: "d", reason: "node-lost" }]);
    expect(net.lost).toEqual([{ link: "l", room: "r", conn: "c", reason: "node-lost" }]);
    expect(net.conns()).toEqual(["c"]);
    // What it shows meanwhile is shown by the announcement.
    expect(net.do(0, { type: "update", link: "l", room: "r", tag: 70, meta: { name: "still" } }).ops).toEqual([]);
    const { ops } = net.do(0, { type: "announce", room: "r", fresh: [["c", { conn: "c2", tag: 71 }]] });
    expect(ops).toEqual([{ room: "r", op: { type: "connect", conn: "c2", user: "ann", tag: 71, meta: { name: "still" }, since: 1_000_000 } }]);
    expect(net.log().room.users.get("ann")?.since).toBe(1_000_000);
    expect(connectionAt(net.hosts[0]!, "l", "r")).toMatchObject({ id: "c2", first: 5, lost: false });
    net.close(0, "l", "leave");
    expect(net.facts.slice(-1)).toEqual(["-c2 leave"]);
  });

  it("[H10] a goodbye is not said for what the log has lost already", () => {
    const net = network();
    net.open(0, "l");
    net.join(0, "l", "c");
    net.append("r", [{ type: "disconnect", conn: "c", reason: "node-lost" }]);
    expect(net.close(0, "l", "leave").ops).toEqual([]);
    expect(net.do(0, { type: "announce", room: "r", fresh: [["c", { conn: "c2", tag: 71 }]] }).ops).toEqual([]);
  });

  it("[H10] a log that began anew lost all, also who is in grace: they keep their deadline", () => {
    const net = network();
    net.open(0, "l");
    net.open(0, "m", "bob");
    net.join(0, "l", "c");
    net.join(0, "m", "d");
    net.pass(1000);
    net.close(0, "m");
    net.pass(5000);
    net.restart();
    expect(new Map(net.lost.map((one) => [one.conn, one]))).toEqual(
      new Map([["c", { link: "l", room: "r", conn: "c", reason: "node-lost" }], ["d", { link: undefined, room: "r", conn: "d", reason: "node-lost" }]]),
    );
    net.do(0, { type: "announce", room: "r", fresh: [["c", { conn: "c2", tag: 81 }], ["d", { conn: "d2", tag: 82 }]] });
    expect(net.facts.slice(2)).toEqual(["+c2", "+d2"]);
    net.pass(5999, ["l"]);
    expect(net.facts.length).toBe(4);
    net.pass(1, ["l"]);
    expect(net.facts.slice(4)).toEqual(["-d2 vanished"]);
  });

  it("[H5] [H10] tabs in grace that are announced again are nobody's return", () => {
    const net = network();
    for (const [link, conn] of [["l1", "c1"], ["l2", "c2"]] as const) {
      net.open(0, link);
      net.join(0, link, conn);
    }
    net.pass(1000);
    net.close(0, "l2");
    net.pass(9000, ["l1"]);
    net.close(0, "l1");
    net.pass(500);
    net.restart();
    net.do(0, { type: "announce", room: "r", fresh: [["c1", { conn: "c3", tag: 81 }], ["c2", { conn: "c4", tag: 82 }]] });
    net.pass(5000);
    // The one that vanished last would have been let go for the other, which ended with its own grace.
    expect(net.turns.slice(1)).toEqual(["+ann"]);
  });

  it("[H10] a connect on its way when its log began anew is announced again, and taken back should it arrive", () => {
    const net = network();
    net.open(0, "l0");
    net.join(0, "l0", "c0");
    net.open(0, "l");
    const joined = step(net.hosts[0]!, { type: "join", link: "l", room: "r", by: "client", conn: "c", tag: 50, meta: { name: "" } });
    net.hosts[0] = joined.host;
    net.restart();
    expect(net.lost.map((one) => one.conn).sort()).toEqual(["c", "c0"]);
    net.append("r", joined.ops.map((one) => one.op));
    // It arrived before it was announced: so it is there.
    expect(connectionAt(net.hosts[0], "l", "r")).toMatchObject({ id: "c", first: 1, lost: false });
    expect(net.do(0, { type: "announce", room: "r", fresh: [["c", { conn: "x", tag: 51 }]] }).ops).toEqual([]);

    const again = network();
    again.open(0, "l0");
    again.join(0, "l0", "c0");
    again.open(0, "l");
    again.hosts[0] = step(again.hosts[0]!, { type: "join", link: "l", room: "r", by: "client", conn: "c", tag: 50, meta: { name: "" } }).host;
    again.restart();
    const { ops } = again.do(0, { type: "announce", room: "r", fresh: [["c", { conn: "c2", tag: 51 }]] });
    expect(ops.map(({ op }) => op)).toEqual([{ type: "connect", conn: "c2", user: "ann", tag: 51, meta: { name: "" } }, { type: "disconnect", conn: "c", reason: "node-lost" }]);
  });

  it("[H10] until it is announced again, what is lost is named once, and a goodbye is said only if it may still arrive", () => {
    const net = network();
    for (const [link, user] of [["l", "ann"], ["m", "bob"]] as const) net.open(0, link, user);
    net.join(0, "l", "c");
    net.hosts[0] = step(net.hosts[0]!, { type: "join", link: "m", room: "r", by: "client", conn: "d", tag: 50, meta: { name: "" } }).host;
    net.restart();
    net.restart();
    expect(net.lost.map((one) => one.conn).sort()).toEqual(["c", "d"]);
    expect(net.close(0, "l", "leave").ops).toEqual([]);
    expect(net.close(0, "m", "leave").ops).toEqual([{ room: "r", op: { type: "disconnect", conn: "d", reason: "leave" } }]);
  });

  it("[H5] what is heard a second time does not make it forget how far it knew the log", () => {
    const net = network(2);
    net.open(0, "l");
    net.open(1, "m");
    net.join(0, "l", "c1");
    const early = toSnapshot(net.log().room);
    net.join(1, "m", "c2");
    const late = { type: "connect" as const, epoch: 1, seq: 2, at: 0, conn: "c2", user: "ann", tag: 2, first: 2, since: 0, meta: { name: "" } };
    net.do(0, { type: "log", room: "r", event: { ...late, seq: 1, first: 1, conn: "c1" } });
    net.close(0, "l");
    expect(net.do(0, { type: "log", room: "r", event: late }).ops).toEqual([]);
    const other = network(2);
    other.open(0, "l");
    other.open(1, "m");
    other.join(0, "l", "c1");
    other.join(1, "m", "c2");
    other.do(0, { type: "log", room: "r", event: early });
    other.close(0, "l");
    expect(other.do(0, { type: "log", room: "r", event: late }).ops).toEqual([]);
  });

  it("[L2] a conn that is in use here makes no second connection", () => {
    const net = network();
    net.open(0, "l");
    net.open(0, "m", "bob");
    net.join(0, "l", "c");
    expect(net.join(0, "m", "c").ops).toEqual([]);
    expect(connectionAt(net.hosts[0]!, "l", "r")?.user).toBe("ann");
  });

  it("[H10] a snapshot of the same epoch loses what it should have and has not, and waits for what is on its way", () => {
    const net = network();
    net.open(0, "l");
    net.open(0, "m", "bob");
    net.open(0, "n", "cy");
    net.join(0, "l", "c");
    net.join(0, "m", "d");
    net.hosts[0] = step(net.hosts[0]!, { type: "join", link: "n", room: "r", by: "client", conn: "e", tag: 50, meta: { name: "" } }).host;
    const whole = toSnapshot(net.log().room);
    const without = (conn: string, seq: number): RoomEvent<Meta> => ({ ...whole, seq, connections: whole.connections.filter((c) => c.conn !== conn) });
    // Older than what is known of it: proves nothing.
    net.do(0, { type: "log", room: "r", event: without("d", 1) });
    expect(net.lost).toEqual([]);
    net.do(0, { type: "log", room: "r", event: without("d", 3) });
    net.do(0, { type: "log", room: "r", event: without("d", 3) });
    expect(net.lost).toEqual([{ link: "m", room: "r", conn: "d", reason: "node-lost" }]);
  });

  it("[H5] a snapshot may show the return, too", () => {
    const net = network();
    net.open(0, "l");
    net.join(0, "l", "c");
    net.close(0, "l");
    const whole = toSnapshot(net.log().room);
    const back = { conn: "x", user: "ann", tag: 5, first: 2, since: 0, meta: { name: "" } };
    const { ops } = net.do(0, { type: "log", room: "r", event: { ...whole, seq: 2, connections: [...whole.connections, back] } });
    expect(ops).toEqual([{ room: "r", op: { type: "disconnect", conn: "c", reason: "vanished" } }]);
  });

  it("[L1] facts of an epoch that is over say nothing", () => {
    const net = network();
    net.open(0, "l");
    net.join(0, "l", "c");
    net.do(0, { type: "log", room: "r", event: { type: "disconnect", epoch: 0.5, seq: 9, at: 0, conn: "c", user: "ann", reason: "kicked" } });
    expect([net.lost, net.conns()]).toEqual([[], ["c"]]);
  });
});

describe("hosts whose ops and news are under way", () => {
  const host = fc.nat(1);
  const link = fc.nat(4);
  const room = fc.constantFrom("r", "__proto__");
  const action = fc.oneof(
    { weight: 3, arbitrary: fc.record({ type: fc.constant("open" as const), host, link, user: fc.constantFrom("ann", "bob", undefined) }) },
    { weight: 5, arbitrary: fc.record({ type: fc.constant("join" as const), host, link, room, by: fc.constantFrom("client" as const, "server" as const), name: fc.constantFrom("a", "b") }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant("update" as const), host, link, room, name: fc.constantFrom("a", "b", "c") }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant("leave" as const), host, link, room, by: fc.constantFrom("client" as const, "server" as const, undefined) }) },
    { weight: 3, arbitrary: fc.record({ type: fc.constant("close" as const), host, link, how: fc.constantFrom<How>("leave", "vanished", "vanished", "timeout", "drain") }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant("identify" as const), host, link, user: fc.constantFrom("ann", "bob", undefined) }) },
    { weight: 4, arbitrary: fc.record({ type: fc.constant("tick" as const), host, ms: fc.integer({ min: -500, max: 5000 }), heard: fc.subarray([0, 1, 2, 3, 4]) }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant("drain" as const), host, within: fc.constantFrom(0, 3000) }) },
    { weight: 8, arbitrary: fc.record({ type: fc.constant("flow" as const), host, room, what: fc.constantFrom("append" as const, "hear" as const) }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant("end" as const), room, which: fc.nat(20), reason: fc.constantFrom("kicked" as const, "node-lost" as const) }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant("block" as const), room, user: fc.constantFrom("ann", "bob"), until: fc.nat(60_000) }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant("restart" as const), room }) },
  );

  it("[H6] [H7] [H10] keep their tables whole, say each thing once, and end with what the log has", () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 90 }), (actions) => {
        let epoch = 1;
        let minted = 0;
        let wall = 1000;
        const options = { window: 512, windowAge: Infinity, settle: 0 };
        const logs = new Map(["r", "__proto__"].map((name) => [name, emptyLog<Meta>(epoch, 0, options)]));
        const clocks = [0, 0];
        const hosts = clocks.map(() => freeze(emptyHost<Meta>({ tick: 1000, grace: 4000 })));
        const outbox = clocks.map(() => new Map([...logs.keys()].map((name) => [name, [] as Op<Meta>[]])));
        const inbox = clocks.map(() => [] as Input[]);
        const connects = new Map<string, string>();
        const byes = new Set<string>();
        const closed = new Set<string>();
        const fresh = () => ({ conn: `c${++minted}`, tag: minted });

        const feed = (i: number, input: Input): void => {
          const said = step(hosts[i]!, freeze(input));
          hosts[i] = freeze(said.host);
          checkTables(said.host);
          for (const { room: name, op } of said.ops) {
            if (op.type === "block") throw new Error("no host blocks");
            if (op.type === "connect") {
              expect(connects.has(op.conn)).toBe(false);
              const owner = [...connectionsIn(said.host, name)].find((c) => c.id === op.conn);
              connects.set(op.conn, `${i}/${owner?.link ?? ""}`);
            } else expect(connects.has(op.conn)).toBe(true);
            if (op.type === "disconnect") {
              expect(byes.has(op.conn)).toBe(false);
              byes.add(op.conn);
            } else {
              expect(byes.has(op.conn)).toBe(false);
              expect(closed.has(connects.get(op.conn) ?? "")).toBe(false);
            }
            outbox[i]!.get(name)!.push(op);
          }
          if (input.type === "close") closed.add(`${i}/${input.link}`);
          for (const id of said.expired) closed.add(`${i}/${id}`);
          const again = said.lost.filter((one) => one.reason === "node-lost");
          for (const name of new Set(again.map((one) => one.room))) {
            feed(i, { type: "announce", room: name, fresh: again.filter((one) => one.room === name).map((one) => [one.conn, fresh()] as const) });
          }
        };
        const write = (i: number | undefined, name: string, ops: readonly Op<Meta>[]): void => {
          const { log, delta, refused } = append(logs.get(name)!, freeze(ops), wall);
          logs.set(name, freeze(log));
          if (delta) for (const box of inbox) box.push({ type: "log", room: name, event: delta });
          for (const { op: at, code } of refused) {
            const op = ops[at]!;
            if (i !== undefined && op.type === "connect" && code !== "repeat") inbox[i]!.push({ type: "refused", room: name, conn: op.conn });
          }
        };
        const flow = (i: number, name: string, what: "append" | "hear"): boolean => {
          if (what === "hear") {
            const next = inbox[i]!.shift();
            if (next) feed(i, next);
            return !!next;
          }
          const ops = outbox[i]!.get(name)!.splice(0);
          if (ops.length > 0) write(i, name, ops);
          return ops.length > 0;
        };
        const settle = (): void => {
          for (let busy = true; busy; ) {
            busy = false;
            for (const i of [0, 1]) for (const name of logs.keys()) for (const what of ["append", "hear"] as const) busy = flow(i, name, what) || busy;
          }
          for (const [name, log] of logs) {
            const own = hosts.flatMap((h) => [...connectionsIn(h, name)]).map((c) => [c.id, c.user, c.tag, c.meta.name, c.first, c.lost]);
            const known = toSnapshot(log.room).connections.map((c) => [c.conn, c.user, c.tag, c.meta.name, c.first, false]);
            expect(own.sort()).toEqual(known.sort());
          }
        };

        // A link id comes once: a socket that closed is not opened again.
        const generation = new Map<string, number>();
        const linkId = (i: number, n: number): string => `${n}.${generation.get(`${i}/${n}`) ?? 0}`;
        for (const one of actions) {
          wall += 1;
          if (one.type === "restart") {
            logs.set(one.room, freeze(emptyLog<Meta>(++epoch, 0, options)));
            for (const box of inbox) box.push({ type: "log", room: one.room, event: toSnapshot(logs.get(one.room)!.room) });
          } else if (one.type === "end") {
            const { connections } = toSnapshot(logs.get(one.room)!.room);
            const conn = connections[one.which % (connections.length || 1)]?.conn;
            if (conn !== undefined) write(undefined, one.room, [{ type: "disconnect", conn, reason: one.reason }]);
          } else if (one.type === "block") write(undefined, one.room, [{ type: "block", user: one.user, until: wall + one.until }]);
          else if (one.type === "flow") flow(one.host, one.room, one.what);
          else if (one.type === "tick") feed(one.host, { type: "tick", now: (clocks[one.host]! += one.ms), heard: one.heard.map((n) => linkId(one.host, n)) });
          else if (one.type === "drain") feed(one.host, { type: "drain", within: one.within });
          else {
            const id = linkId(one.host, one.link);
            if (one.type === "open") {
              feed(one.host, { type: "open", link: id, lease: 6000 });
              feed(one.host, { type: "identify", link: id, user: one.user });
            } else if (one.type === "join") feed(one.host, { type: "join", link: id, room: one.room, by: one.by, ...fresh(), meta: { name: one.name } });
            else if (one.type === "update") feed(one.host, { type: "update", link: id, room: one.room, tag: fresh().tag, meta: { name: one.name } });
            else if (one.type === "leave") feed(one.host, { type: "leave", link: id, room: one.room, by: one.by, reason: "leave" });
            else if (one.type === "identify") feed(one.host, { type: "identify", link: id, user: one.user });
            else {
              feed(one.host, { type: "close", link: id, how: one.how });
              generation.set(`${one.host}/${one.link}`, (generation.get(`${one.host}/${one.link}`) ?? 0) + 1);
            }
          }
          for (const i of [0, 1]) for (const key of [0, 1, 2, 3, 4]) if (closed.has(`${i}/${linkId(i, key)}`)) generation.set(`${i}/${key}`, (generation.get(`${i}/${key}`) ?? 0) + 1);
        }
        settle();
        // Silence ends everything: no link, no connection, no deadline, and nobody in the log.
        for (let n = 0; n < 14; n++) for (const i of [0, 1]) feed(i, { type: "tick", now: (clocks[i]! += 2000), heard: [] });
        settle();
        for (let n = 0; n < 14; n++) for (const i of [0, 1]) feed(i, { type: "tick", now: (clocks[i]! += 2000), heard: [] });
        settle();
        for (const h of hosts) {
          expect([h.links.size, h.rooms.size, h.opened.size, h.vanishing.size, h.leases.buckets.size, h.graces.buckets.size]).toEqual([0, 0, 0, 0, 0, 0]);
        }
        for (const log of logs.values()) expect(log.room.connectionCount).toBe(0);
      }),
      { numRuns: 150 },
    );
  });
});

/** Everything that a host keeps twice agrees. */
function checkTables(host: Host<Meta>): void {
  const leases = [...host.leases.buckets.values()].flatMap((bucket) => [...bucket.items.values()]).map((d) => [d.id, d.at]);
  const graces = [...host.graces.buckets.values()].flatMap((bucket) => [...bucket.items.values()]).map((d) => [d.room, d.conn, d.at]);
  const links = [...host.links.values()];
  const all = [...host.rooms.values()].flatMap((room) => [...room.connections.values()]);
  expect(leases.sort()).toEqual(links.filter((l) => l.queued !== undefined).map((l) => [l.id, l.queued]).sort());
  expect([...host.opened.keys()].sort()).toEqual(links.filter((l) => l.queued === undefined).map((l) => l.id).sort());
  expect(links.flatMap((l) => [...l.rooms.values()].map((r) => [l.id, r.id, r.conn])).sort()).toEqual(all.filter((c) => c.link !== undefined).map((c) => [c.link, c.room, c.id]).sort());
  const vanished = all.filter((c) => c.vanished);
  expect(all.filter((c) => c.link === undefined)).toEqual(vanished);
  expect([...host.vanishing.values()].map((g) => [g.room, g.conn]).sort()).toEqual(vanished.filter((c) => c.vanished?.until === undefined).map((c) => [c.room, c.id]).sort());
  expect(graces.sort()).toEqual(vanished.filter((c) => c.vanished?.until !== undefined).map((c) => [c.room, c.id, c.vanished?.until]).sort());
  const index = [...host.rooms.values()].flatMap((room) => [...room.vanished.values()].flatMap((v) => v.conns.map((conn) => [room.id, v.id, conn])));
  expect(index.sort()).toEqual(vanished.map((c) => [c.room, c.user, c.id]).sort());
  for (const room of host.rooms.values()) expect(room.connections.size).toBeGreaterThan(0);
  for (const c of all) expect(c.claims.length).toBeGreaterThan(0);
}
