import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dropDeadline, emptyDeadlines, setDeadline, takeDue, type Deadline } from "../../src/server/deadlines.js";

describe("deadlines", () => {
  it("[H2] hold nobody back and let nobody go before their time, within a bucket too", () => {
    const set = setDeadline(setDeadline(emptyDeadlines(1000), { id: "a", at: 1500 }), { id: "b", at: 1501 });
    const before = takeDue(set, 1499);
    expect(before.due).toEqual([]);
    const then = takeDue(before.rest, 1500);
    expect(then.due).toEqual([{ id: "a", at: 1500 }]);
    expect(takeDue(then.rest, 1501).due).toEqual([{ id: "b", at: 1501 }]);
  });

  it("[H8] an idle look touches no bucket", () => {
    let set = emptyDeadlines(1000);
    for (let i = 0; i < 100; i++) set = setDeadline(set, { id: String(i), at: 50_000 + i });
    expect(takeDue(set, 49_999).rest.buckets).toBe(set.buckets);
  });

  it("[H2] agree with a plain list, whatever is set, dropped and taken, and touch no older version", () => {
    const action = fc.oneof(
      fc.record({ type: fc.constant("set" as const), id: fc.constantFrom("", "__proto__", "a", "b", "c", "d"), in: fc.integer({ min: 0, max: 5000 }) }),
      fc.record({ type: fc.constant("drop" as const), id: fc.constantFrom("", "__proto__", "a", "b", "c", "d") }),
      fc.record({ type: fc.constant("pass" as const), ms: fc.integer({ min: 0, max: 2500 }) }),
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
        let clock = 0;
        let set = emptyDeadlines<Deadline>(1000);
        const plain = new Map<string, number>();
        for (const one of actions) {
          const old = plain.get("id" in one ? one.id : "");
          if (one.type === "pass") {
            clock += one.ms;
            const before = takeDue(set, clock).due.length;
            const { due, rest } = takeDue(set, clock, {});
            expect(takeDue(set, clock).due.length).toBe(before);
            const expected = [...plain].filter(([, at]) => at <= clock).map(([id, at]) => ({ id, at }));
            expect(new Set(due.map((d) => JSON.stringify(d)))).toEqual(new Set(expected.map((d) => JSON.stringify(d))));
            for (const { id } of expected) plain.delete(id);
            set = rest;
          } else {
            if (old !== undefined) set = dropDeadline(set, { id: one.id, at: old });
            plain.delete(one.id);
            if (one.type === "set") {
              set = setDeadline(set, { id: one.id, at: clock + one.in });
              plain.set(one.id, clock + one.in);
            }
          }
        }
        expect(takeDue(set, clock + 10_000).rest.buckets.size).toBe(0);
        expect(takeDue(set, clock + 10_000).due.length).toBe(plain.size);
      }),
      { numRuns: 200 },
    );
  });
});
