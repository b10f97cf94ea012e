import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { changes } from "../../src/core/change.js";
import { doubt, reduce, reduceAll } from "../../src/core/reduce.js";
import { emptyRoom, type Room } from "../../src/core/room.js";
import { askOf, connectionCount, userCount, usersOf } from "../../src/core/select.js";
import { toSnapshot } from "../../src/core/snapshot.js";
import { since } from "../../src/server/log.js";
import { courses, deliveries, deltaOf, heartbeatAt, histories, snapshotAt, type Delivery, type History } from "../../src/testing/arbitraries.js";
import { freeze } from "../../src/testing/freeze.js";
import * as laws from "../../src/testing/laws.js";
import { digestOf, peopleOf, snapshotOf } from "../../src/testing/rows.js";
import { nowhere, standingAfter, standingAfterDoubt, standingOf } from "../support/model.js";
import "../support/seed.js";

type AnyRoom = Room<unknown>;
const nobody = (): AnyRoom => freeze(emptyRoom<unknown>());

/** All that a room is, as plain data. */
const plain = (room: AnyRoom) => ({ content: toSnapshot(room), count: room.connectionCount, behind: room.behind });
const heard = (room: AnyRoom, delivery: Delivery): AnyRoom => freeze(delivery.doubt ? doubt(room) : reduce(room, delivery.event));

const historyAt = (all: readonly History[], epoch: number): History | undefined => all.find((history) => history.epoch === epoch);

describe("a room that hears the truth in any order, with losses, repeats and other epochs amid it", () => {
  it("[R3] [R4] [R9] [R11] holds at each position exactly what was true there: people, order, metas, times, counts", () => {
    let moved = 0;
    fc.assert(
      fc.property(courses({ lies: true }), ([all, deliveries]) => {
        let room = nobody();
        for (const delivery of deliveries) {
          const before = room;
          room = heard(room, delivery);
          if (room.seq !== before.seq) moved++;
          const rows = historyAt(all, room.epoch)?.rows[room.seq] ?? [];
          const content = toSnapshot(room);
          if (!isDeepStrictEqual(content, snapshotOf(rows, room.epoch, room.seq))) expect(content).toEqual(snapshotOf(rows, room.epoch, room.seq));
          if (!isDeepStrictEqual(usersOf(room), peopleOf(rows))) expect(usersOf(room)).toEqual(peopleOf(rows));
          expect(userCount(room)).toBe(new Set(rows.map((row) => row.user)).size);
          expect(connectionCount(room)).toBe(rows.length);
        }
      }),
      { numRuns: 120 },
    );
    expect(moved).toBeGreaterThan(100);
  });

  it("[R3] [R5] [R6] [R7] stands where the rules, read word by word, put it", () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(courses({ lies: true }), ([all, deliveries]) => {
        const truth = (epoch: number, seq: number): number => digestOf(historyAt(all, epoch)?.rows[seq] ?? []);
        let room = nobody();
        let standing = nowhere;
        for (const delivery of deliveries) {
          room = heard(room, delivery);
          standing = delivery.doubt ? standingAfterDoubt(standing) : standingAfter(standing, delivery.event, truth);
          const { held, ...where } = standingOf(room);
          const { held: expectedHeld, ...expected } = standing;
          if (!isDeepStrictEqual(where, expected)) expect(where).toEqual(expected);
          const ends = expectedHeld.map((d) => [d.epoch, d.from, d.to]).sort(([a, b, c], [d, e, f]) => a! - d! || b! - e! || c! - f!);
          expect(held.map((d) => [d.epoch, d.from, d.to]).sort(([a, b, c], [d, e, f]) => a! - d! || b! - e! || c! - f!)).toEqual(ends);
          seen.add(where.why ?? "in step");
          if (held.length > 2) seen.add("held");
        }
      }),
      { numRuns: 200 },
    );
    expect([...seen].sort()).toEqual(["drift", "epoch", "gap", "held", "in step", "link"]);
  });

  it("[R1] [R2] comes back as the same reference if and only if nothing changed", () => {
    let same = 0;
    fc.assert(
      fc.property(courses({ lies: true }), ([, deliveries]) => {
        let room = nobody();
        for (const delivery of deliveries) {
          const before = plain(room);
          const next = heard(room, delivery);
          const unchanged = isDeepStrictEqual(plain(next), before);
          expect(next === room).toBe(unchanged);
          if (unchanged) same++;
          expect(plain(room)).toEqual(before);
          room = next;
        }
      }),
      { numRuns: 100 },
    );
    expect(same).toBeGreaterThan(50);
  });
});

describe("a delta", () => {
  it("[R4] [R1] leads where its facts lead one by one, and reduceAll where reduce does", () => {
    fc.assert(
      fc.property(histories(9), (history) => {
        const start = reduce(nobody(), snapshotAt(history, 0));
        const last = history.facts.length;
        const one = history.facts.reduce<AnyRoom>(reduce, start);
        expect(plain(reduceAll(start, history.facts))).toEqual(plain(one));
        expect(plain(last > 0 ? reduce(start, deltaOf(history, 0, last)) : start)).toEqual(plain(one));
        expect(plain(one)).toEqual(plain(history.log.room));
      }),
      { numRuns: 40 },
    );
  });
});

describe("convergence", () => {
  /** One answered request, if the room has one. */
  const answered = (room: AnyRoom, { log }: History): AnyRoom => {
    const ask = askOf(room);
    if (!ask) return room;
    const answer = since(log, ask, 1_000_000);
    if (answer.type === "later") throw new Error("a settled log answers");
    return freeze(reduce(room, freeze(answer)));
  };
  const expectInStep = (room: AnyRoom, { log }: History): void => {
    expect(toSnapshot(room)).toEqual(toSnapshot(log.room));
    expect(room.behind).toBeUndefined();
    expect(askOf(room)).toBeUndefined();
  };

  it("[R13] [R6] lies about digests are found out and mended by one answer", () => {
    fc.assert(
      fc.property(histories(9).chain((h) => fc.tuple(fc.constant(h), deliveries([h], { lies: true }))), ([history, deliveries]) => {
        const room = freeze(reduce(deliveries.reduce(heard, nobody()), heartbeatAt(history, history.facts.length)));
        expectInStep(answered(room, history), history);
      }),
      { numRuns: 80 },
    );
  });
});

describe("changes", () => {
  it("[R14] folded over the people of before give the people of after; each at most once, with its cause and last reason", () => {
    const kinds = new Set<string>();
    laws.changes((before, event, after) => {
      const said = freeze(changes(before, event, after, { connections: true }));
      expect(changes(before, event, after)).toEqual(said.filter(({ type }) => type !== "connected" && type !== "disconnected"));
      for (const { type, cause } of said) kinds.add(`${type} ${cause}`);
      return said;
    }, { connections: true });
    expect([...kinds].sort()).toEqual(["connected", "disconnected", "joined", "left", "updated"].flatMap((kind) => [`${kind} live`, `${kind} resync`]));
  });
});

/** A law that is tried on dull histories proves little. */
describe("the arbitrary histories", () => {
  it("have people with several tabs, updates, goodbyes, rooms beyond a flat map, and equal ages", () => {
    const seen = { tabs: 0, updates: 0, goodbyes: 0, crowds: 0, ties: 0 };
    fc.assert(
      fc.property(histories(9), ({ facts, rows }) => {
        const people = peopleOf(rows.at(-1)!);
        if (people.some((user) => user.connections.length > 1)) seen.tabs++;
        if (facts.some((fact) => fact.type === "connect" && fact.first < fact.seq)) seen.updates++;
        if (facts.some((fact) => fact.type === "disconnect")) seen.goodbyes++;
        if (people.length > 16) seen.crowds++;
        if (people.some((user, i) => i > 0 && people[i - 1]!.since === user.since)) seen.ties++;
      }),
      { numRuns: 60 },
    );
    for (const [what, times] of Object.entries(seen)) expect(times, what).toBeGreaterThan(3);
  });
});

