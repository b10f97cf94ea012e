import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { changes, type Change } from "../../src/core/change.js";
import { sameJson } from "../../src/core/json.js";
import { doubt, reduce } from "../../src/core/reduce.js";
import { emptyRoom, type Room } from "../../src/core/room.js";
import { arrivals } from "../../src/testing/arbitraries.js";
import { arbitraries, LawError, laws, type LawOptions, type Reducer } from "../../src/testing/index.js";
import { digestOf, peopleOf, rowsAfter, type Rows } from "../../src/testing/rows.js";
import type { Ask, Connection, Reason, RoomEvent } from "../../src/core/event.js";
import "../support/seed.js";

type AnyRoom = Room<unknown>;
type LawName = Exclude<keyof typeof laws, "changes">;

/** The error of a law that does not hold for a reducer. */
function broken(law: LawName, wrong: Reducer<AnyRoom>, options: LawOptions<AnyRoom> = {}): LawError {
  try {
    laws[law](wrong, { runs: 500, seed: 7, ...options });
  } catch (error) {
    if (error instanceof LawError) return error;
    throw error;
  }
  throw new Error(`the law of ${law} holds`);
}

describe("our reduce under the laws", () => {
  it("[R1] is pure", () => laws.purity(reduce, { runs: 60 }));
  it("[R2] returns the same reference when it hears the same again", () => laws.identity(reduce, { runs: 60 }));
  it("[R2, R3] [pain P17] changes nothing when it hears the same again", () => laws.idempotence(reduce, { runs: 60 }));
  it("[R3, R4, R8, R11] shows what is true wherever it stands", () => laws.truth(reduce));
  it("[R9] counts what it lists", () => laws.counts(reduce, { runs: 60 }));
  it("[R4] goes by a delta to exactly its end", () => laws.deltas(reduce, { runs: 60 }));
  it("[R3] comes to the same room in whatever order a snapshot and its deltas come", () => laws.commutation(reduce));
  it("[R6, R13] finds out when it has drifted", () => laws.drift(reduce));
  it("[R13] [pain P18] converges after one answer", () => laws.convergence(reduce));
  it("[R5, R7, R13] recovers by one answer at a link-up", () => laws.recovery(reduce));
});

describe("the law of changes", () => {
  const says = (wrong: (said: readonly Change<unknown>[], before: AnyRoom, after: AnyRoom) => readonly Change<unknown>[]): string => {
    try {
      laws.changes((before, event, after) => wrong(changes(before, event, after, { connections: true }), before, after), { connections: true, runs: 500, seed: 7 });
    } catch (error) {
      if (error instanceof LawError) return error.message;
      throw error;
    }
    return "it holds";
  };

  it("[R14] tells of what is said wrongly, or not", { timeout: 120_000 }, () => {
    expect(says((said) => said)).toBe("it holds");
    expect(says((said) => said.filter(({ type }) => type !== "left"))).toContain("by what it says the people are");
    expect(says((said) => said.filter(({ type }) => type !== "connected"))).toContain("by what it says the connections are");
    expect(says((said) => [...said, ...said])).toContain("it has said something of them already");
    expect(says((said) => said.map((change) => ({ ...change, cause: "live" as const })))).toContain('its cause is "live", and should be "resync"');
    expect(says((said) => said.map((change) => (change.type === "left" ? { ...change, reason: undefined } : change)))).toContain('its reason is "undefined", and should be');
    expect(says((said) => said.map((change) => (change.type === "updated" ? { ...change, previous: change.meta } : change)))).toContain("they showed something else before");
    // An update as a goodbye and a return.
    expect(says((said) => said.flatMap((change) => (change.type === "updated" ? [{ ...change, type: "left" as const, meta: change.previous, reason: undefined }, { ...change, type: "joined" as const }] : change)))).toContain("it has said something of them already");
  });

  it("[R14] holds for what a reducer with a state of its own says", () => {
    laws.changes<Least>((before, event, after) => {
      const [was, is] = [before, after].map(({ rows }) => new Map(peopleOf(rows).map(({ id, meta }) => [id, meta]))) as [Map<string, unknown>, Map<string, unknown>];
      const cause = event.type === "snapshot" || before.why === "link" ? "resync" : "live";
      const facts = event.type === "delta" ? event.facts : event.type === "disconnect" ? [event] : [];
      return [...new Set([...was.keys(), ...is.keys()])].flatMap((user): Change<unknown>[] => {
        const goodbye = facts.filter((fact) => fact.type === "disconnect" && fact.user === user && fact.seq > before.seq).at(-1) as { readonly reason: Reason } | undefined;
        if (!was.has(user)) return [{ type: "joined", user, meta: is.get(user), cause }];
        if (!is.has(user)) return [{ type: "left", user, meta: was.get(user), reason: goodbye?.reason, cause }];
        return sameJson(was.get(user), is.get(user)) ? [] : [{ type: "updated", user, meta: is.get(user), previous: was.get(user), cause }];
      });
    }, { ...ofLeast, reduce: least, runs: 60 });
  });

  it("names what is missing", () => {
    expect(() => { laws.changes(undefined as never); }).toThrow(new TypeError("changes must be a function, not undefined."));
  });
});

/** A client as docs/PROTOCOL.md calls the least that works: it holds nothing back. Another shape, and none of our code. */
type Least = { readonly epoch: number; readonly seq: number; readonly rows: Rows; readonly why: "gap" | "link" | "drift" | "epoch" | undefined; readonly to: number };
const RANKS = [undefined, "gap", "link", "epoch", "drift"] as const;
const worse = (s: Least, why: Least["why"], to = 0): Least => ({ ...s, to: Math.max(s.to, to), why: RANKS[Math.max(RANKS.indexOf(s.why), RANKS.indexOf(why))] });
const ended = (s: Least): Least => ((s.why === "gap" || s.why === "link") && s.seq >= s.to ? { ...s, why: undefined, to: s.seq } : s);

function least(s: Least, event: RoomEvent<unknown>): Least {
  const { epoch } = event;
  if (event.type === "snapshot") {
    const earlier = epoch === s.epoch && event.seq < s.seq;
    const later = epoch > s.epoch || (epoch === s.epoch && event.seq > s.seq);
    const taken = s.epoch === 0 || (s.why === undefined ? later : s.why === "gap" ? later || (epoch === s.epoch && !earlier) : !earlier || s.to < s.seq);
    if (!taken) return s;
    const to = Math.max(event.seq, epoch === s.epoch ? s.to : 0);
    return ended({ epoch, seq: event.seq, rows: event.connections, to, why: event.digest === digestOf(event.connections) ? "gap" : "drift" });
  }
  const { seq: end, digest } = event.type === "delta" ? { seq: event.to, digest: event.digest } : { seq: event.seq, digest: event.type === "heartbeat" ? event.digest : undefined };
  if (epoch !== s.epoch) return event.type === "heartbeat" || epoch > s.epoch ? worse(s, "epoch") : s;
  if (end < s.seq) return s;
  let next = s;
  if (event.type !== "heartbeat") {
    const { from, facts } = event.type === "delta" ? event : { from: end - 1, facts: [event] };
    if (from > s.seq) return worse(s, "gap", end);
    next = { ...s, seq: end, rows: facts.filter((fact) => fact.seq > s.seq).reduce<Rows>(rowsAfter, s.rows) };
  } else if (end > s.seq) return worse(s, "gap", end);
  if (digest !== undefined && digest !== digestOf(next.rows)) return worse(next, "drift", end);
  return ended({ ...next, to: Math.max(next.to, end) });
}

const ofLeast: LawOptions<Least> = {
  start: { epoch: 0, seq: 0, rows: [], why: undefined, to: 0 },
  doubt: (s) => ({ ...worse(s, "link"), to: -1 }),
  ask: ({ epoch, seq, rows, why }): Ask | undefined => {
    const full = why === "epoch" || why === "drift";
    return why && (epoch === 0 ? { full } : { pos: { epoch, seq, digest: digestOf(rows) }, full });
  },
  show: ({ epoch, seq, rows }) => ({ epoch, seq, users: peopleOf(rows), userCount: new Set(rows.map(({ user }) => user)).size, connectionCount: rows.length }),
};

describe("a second reducer, with a state of its own", () => {
  it("[R3, R4, R9, R13] keeps the laws, those apart that are about holding back", () => {
    for (const law of ["purity", "idempotence", "truth", "counts", "deltas", "drift", "convergence", "recovery"] as const) laws[law](least, { ...ofLeast, runs: 60 });
  });

  it("[R3] that holds nothing back is told from one that does", () => {
    expect(() => laws.commutation(least, ofLeast)).toThrow(LawError);
  });
});

const connectionsOf = (room: AnyRoom): Connection<unknown>[] => [...room.users.values()].flatMap(({ connections }) => connections);

/** Reducers as people write them, each with the law that finds it. */
const wrong: readonly [what: string, law: LawName, reducer: Reducer<AnyRoom>, told: RegExp, options?: LawOptions<AnyRoom>][] = [
  ["[R5] a snapshot that merges", "convergence", (room, event) => {
    if (event.type !== "snapshot") return reduce(room, event);
    const known = new Set(event.connections.map(({ conn }) => conn));
    return reduce(room, { ...event, connections: [...event.connections, ...connectionsOf(room).filter(({ conn }) => !known.has(conn))] });
  }, /goes from[^]*hears the snapshot/],
  ["[R3] early deltas that are applied", "truth", (room, event) => reduce(room, event.type === "delta" && event.from > room.seq && event.epoch === room.epoch ? { ...event, from: room.seq } : event), /hears the delta \([^0]/],
  ["[R3] early deltas that are dropped", "commutation", (room, event) => {
    const next = reduce(room, event);
    return next.behind ? { ...next, behind: { ...next.behind, held: [] } } : next;
  }, /hears the delta[^]*hears the snapshot/],
  ["[R4] an update that is taken for a birth", "truth", (room, event) => reduce(room, event.type === "delta" ? { ...event, facts: event.facts.map((fact) => (fact.type === "connect" ? { ...fact, first: fact.seq } : fact)) } : event), /updates/],
  ["[R8] an update that is a leave and a join", "truth", (room, event) => {
    if (event.type !== "connect" || event.seq !== room.seq + 1) return reduce(room, event);
    const { seq, at, epoch, user, conn } = event;
    return reduce({ ...reduce(room, { type: "disconnect", epoch, seq, at, user, conn, reason: "leave" }), seq: room.seq }, { ...event, first: seq });
  }, /updates/],
  ["[R5] epochs that are ignored", "truth", (room, event) => reduce(room, { ...event, epoch: 9 }), /epoch/],
  ["[R6] digests that are not compared", "drift", (room, event) => {
    const next = reduce(room, event);
    return next.behind?.reason === "drift" ? { ...next, behind: undefined } : next;
  }, /but the log kept|asks nothing/],
  ["[R2] a copy of each room", "identity", (room, event) => ({ ...reduce(room, event) }), /another object/],
  ["[R1] an edit of what it is given", "purity", (room, event) => Object.assign(room, reduce(room, event)), /it changed the state that it was given/],
  ["[R1] an edit of the event", "purity", (room, event) => {
    if (event.type === "snapshot") (event.connections as Connection<unknown>[]).sort((a, b) => b.first - a.first);
    return reduce(room, event);
  }, /throws TypeError/, { start: emptyRoom() }],
  ["[R1] a count of its own calls", "purity", (() => {
    let calls = 0;
    return (room: AnyRoom, event: RoomEvent<unknown>) => (++calls % 2 ? reduce(room, event) : room);
  })(), /does otherwise|not a pure function/],
  ["[R9] counts by inc and dec", "counts", (room, event) => {
    const next = reduce(room, event);
    if (next === room || !("conn" in event)) return next;
    return { ...next, connectionCount: room.connectionCount + (event.type === "connect" ? 1 : -1) };
  }, /it counts \d+ connections and lists/],
  ["[R8] a goodbye that ends the user", "truth", (room, event) => {
    const next = reduce(room, event);
    if (event.type !== "disconnect" || !next.users.has(event.user)) return next;
    const connections = connectionsOf(next).filter(({ user }) => user !== event.user);
    return { ...next, users: reduce(emptyRoom<unknown>(), { ...next, at: 0, type: "snapshot", epoch: 1, connections }).users };
  }, /goes from/],
  ["[R4] repeats that apply once more", "deltas", (room, event) => reduce(event.type === "delta" && event.to <= room.seq ? { ...room, seq: event.from } : room, event), /hears the delta/],
  ["[R6] lower epochs that are ignored", "convergence", (room, event) => (event.type === "heartbeat" && event.epoch < room.epoch ? room : reduce(room, event)), /heartbeat at 4[^]*asks nothing/],
];

describe("wrong reducers", () => {
  it.each(wrong)("%s: its law says so", { timeout: 120_000 }, (_, law, reducer, told, options) => {
    const { story, message } = broken(law, reducer, options);
    expect(message).toMatch(told);
    expect(story.length).toBeLessThanOrEqual(16);
  });

  it("[R7] a doubt that forgets nothing is found at a link-up", () => {
    expect(broken("recovery", reduce, { doubt: (room) => (room.behind ? doubt(room) : room) }).story.at(-1)).toMatch(/the truth|still asks/);
  });

  it("tell the same story again, and at once, by what the error says", () => {
    const [, , reducer] = wrong[0]!;
    const first = broken("convergence", reducer);
    expect(first.message).toContain(JSON.stringify(first.again));
    expect(broken("convergence", reducer, { ...first.again, runs: 1 }).story).toEqual(first.story);
  });
});

describe("a law", () => {
  it("is tried on nothing when something is missing or out of range", () => {
    const never = (room: AnyRoom): AnyRoom => { throw new Error(`called at ${room.seq}`); };
    for (const runs of [0, -1, 1.5, NaN, Infinity]) expect(() => laws.truth(never, { runs })).toThrow(/options\.runs must be a whole number of at least 1/);
    expect(() => laws.truth(never, { seed: 0.5 })).toThrow(/options\.seed/);
    expect(() => laws.truth(never, { path: "x" })).toThrow(/options\.path/);
    expect(() => laws.truth(undefined as unknown as Reducer<AnyRoom>)).toThrow(/reduce must be a function, not undefined/);
    expect(() => laws.truth(never, { show: 1 as unknown as LawOptions<AnyRoom>["show"] & object })).toThrow(/options\.show must be a function, not 1/);
  });

  it("tells of a reducer that throws", () => {
    expect(broken("convergence", () => { throw new Error("no"); }).message).toContain("it throws Error: no");
  });
});

describe("the arbitraries", () => {
  it("give rooms behind for each reason, and in step", () => {
    const seen = new Set(fc.sample(arbitraries.rooms, { numRuns: 300, seed: 1 }).map(({ behind }) => behind?.reason));
    expect(seen).toEqual(new Set([undefined, "gap", "link", "epoch", "drift"]));
  });

  it("lose, repeat and reorder what arrives, and lose nothing when told so", () => {
    const sent = [1, 2, 3, 4, 5];
    const seen = { lost: 0, twice: 0, swapped: 0 };
    for (const heard of fc.sample(arrivals(sent), { numRuns: 100, seed: 1 })) {
      if (sent.some((one) => !heard.includes(one))) seen.lost++;
      if (new Set(heard).size < heard.length) seen.twice++;
      if (heard.some((one, i) => one < (heard[i - 1] ?? 0))) seen.swapped++;
    }
    for (const [what, times] of Object.entries(seen)) expect(times, what).toBeGreaterThan(10);
    for (const heard of fc.sample(arrivals(sent, { loses: false }), 100)) expect([...new Set(heard)].sort()).toEqual(sent);
  });
});
