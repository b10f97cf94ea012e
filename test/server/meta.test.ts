import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { checkMeta, type MetaSchema } from "../../src/server/meta.js";
import { createRegistry } from "../../src/server/registry.js";
import { settled, world, type Meta } from "../support/server.js";

const check = (given: unknown, identity?: object, schema?: MetaSchema<unknown>, max = 4_096): ReturnType<typeof checkMeta> => checkMeta(given, identity, schema, max);
const failing = (checked: ReturnType<typeof checkMeta>): string => (checked.ok ? "" : `${checked.code}: ${checked.message}`);

describe("meta", () => {
  it("[S1] is the client's with identify's laid over it, and nothing given is nothing shown", () => {
    expect(check({ role: "admin", mood: 1 }, { role: "guest" })).toEqual({ ok: true, meta: { role: "guest", mood: 1 } });
    expect(check(undefined, { role: "guest" })).toEqual({ ok: true, meta: { role: "guest" } });
    expect(check(undefined)).toEqual({ ok: true, meta: {} });
    expect(check(JSON.parse('{"__proto__":{"role":"admin"}}'), { role: "guest" })).toMatchObject({ ok: true, meta: { role: "guest" } });
    // Without an identity's, it need not be an object.
    for (const value of [null, 5, "text", [1]]) expect(check(value)).toEqual({ ok: true, meta: value });
    for (const value of [null, 5, "text", [1]]) expect(failing(check(value, {}))).toBe("bad_meta: meta must be an object here: the server adds to it.");
  });

  it("[S4] what has no prototype is JSON, and a member that is undefined is absent", () => {
    const bare = Object.assign(Object.create(null) as object, { name: "Ann", mood: undefined, deep: { gone: undefined } });
    expect(check(bare)).toEqual({ ok: true, meta: { name: "Ann", deep: {} } });
  });

  it("[S4] what is no JSON is refused, with the place", () => {
    const cycle: Record<string, unknown> = {};
    cycle.me = { again: cycle };
    class Point { readonly x = 1; }
    expect([{ a: { b: NaN } }, { f: () => 1 }, { n: 1n }, cycle, { list: [0, new Point()] }, { s: Symbol("x") }, { d: new Date(0) }, () => 1].map((meta) => failing(check(meta)))).toEqual([
      "bad_meta: meta.a.b is NaN; meta must be JSON.",
      "bad_meta: meta.f is a function; meta must be JSON.",
      "bad_meta: meta.n is a bigint; meta must be JSON.",
      "bad_meta: meta.me.again contains itself; meta must be JSON.",
      "bad_meta: meta.list[1] is an instance of a class; meta must be JSON.",
      "bad_meta: meta.s is a symbol; meta must be JSON.",
      "bad_meta: meta.d is an instance of a class; meta must be JSON.",
      "bad_meta: meta is a function; meta must be JSON.",
    ]);
  });

  it("[S4] more than 4 KiB is refused, in bytes and not in characters", () => {
    expect(check({ t: "x".repeat(4_088) })).toMatchObject({ ok: true });
    expect(failing(check({ t: "x".repeat(4_089) }))).toBe("meta_too_large: meta is 4097 bytes of JSON; at most 4096 are allowed.");
    expect(failing(check({ t: "é".repeat(2_045) }))).toMatch(/^meta_too_large/);
    expect(failing(check({ t: "x" }, { more: "x".repeat(4_090) }))).toMatch(/^meta_too_large/);
    expect(failing(check({}, undefined, z.object({}).transform(() => ({ t: "x".repeat(5_000) })) as MetaSchema<unknown>))).toMatch(/^meta_too_large/);
  });

  it("[S4] what is nested beyond all measure costs no stack", () => {
    let deep: unknown = 1;
    for (let i = 0; i < 100_000; i++) deep = [deep];
    expect(failing(check(deep))).toBe("meta_too_large: meta is nested too deeply.");
    expect(failing(check(JSON.parse("[".repeat(3_000) + "]".repeat(3_000))))).toMatch(/^meta_too_large/);
  });

  it("[R10] is a copy: who edits theirs later changes nothing", () => {
    fc.assert(fc.property(fc.jsonValue({ maxDepth: 3 }), (value) => {
      const checked = check(value, undefined, undefined, 1e6);
      expect(checked).toEqual({ ok: true, meta: JSON.parse(JSON.stringify(value)) as unknown });
      if (typeof value === "object" && value !== null) expect((checked as { meta: unknown }).meta).not.toBe(value);
    }), { numRuns: 50 });
  });

  it("[pain P25] the server's own meta, edited after it was given, changes nothing in the room", async () => {
    const w = world();
    const mine: Record<string, unknown> = { role: "guest", list: [1] };
    await w.client("ann").link.join("r", { meta: mine });
    mine.role = "admin";
    (mine.list as number[]).push(2);
    expect(w.registry.users("r")[0]?.meta).toEqual({ role: "guest", list: [1] });
  });
});

describe("a Standard Schema", () => {
  const schema = z.object({ name: z.string().max(8), level: z.coerce.number().default(1) });

  it("[S1] what it makes of a meta is what others see", () => {
    const w = world({ meta: schema });
    const ann = w.client("ann");
    ann.join("r", { meta: { name: "Ann", level: "3", extra: true } });
    ann.join("s", { meta: { name: "Ann" } });
    expect([w.registry.users("r")[0]?.meta, w.registry.users("s")[0]?.meta]).toEqual([{ name: "Ann", level: 3 }, { name: "Ann", level: 1 }]);
    // Of equal meta the second makes no fact.
    const { seq } = w.registry.snapshot("r");
    ann.say({ type: "update", room: "r", meta: { level: "3", name: "Ann" } });
    expect(w.registry.snapshot("r").seq).toBe(seq);
  });

  it("[S1] it sees identify's meta too", () => {
    const w = world({ meta: schema });
    w.client("ann", { meta: { name: "Ann" } }).join("r", { meta: { name: 5 } });
    expect(w.registry.users("r")[0]?.meta).toEqual({ name: "Ann", level: 1 });
  });

  it("[S4] what it refuses is told with the place: a join ends, an update leaves things as they were", () => {
    const w = world({ meta: schema });
    const ann = w.client("ann");
    const join = ann.join("r", { meta: { name: "much too long" } });
    expect(ann.last("ended")).toMatchObject({ re: join, room: "r", reason: "refused", code: "bad_meta", retry: false, message: expect.stringMatching(/^meta\.name: ./) as string });
    ann.join("r", { meta: { name: "Ann" } });
    const update = ann.say({ type: "update", room: "r", meta: {} });
    expect(ann.last("error")).toMatchObject({ re: update, room: "r", code: "bad_meta", message: expect.stringMatching(/^meta\.name: ./) as string });
    expect(w.registry.users("r")[0]?.meta).toEqual({ name: "Ann", level: 1 });
    w.clock.advance(60);
    expect(ann.room("r").users.size).toBe(1);
  });

  it.each([
    ["zod's", z.object({}).refine(() => Promise.resolve(true)) as MetaSchema<Meta>],
    ["one that rejects", { "~standard": { version: 1 as const, vendor: "test", validate: () => Promise.reject(new Error("late")) } }],
  ])("[S4] an asynchronous one is refused, and ends no process: %s", async (_, schema) => {
    const ann = world({ meta: schema }).client("ann");
    ann.join("r", { meta: {} });
    await settled();
    expect(ann.last("ended")).toMatchObject({ code: "bad_meta", message: expect.stringContaining("asynchronous") as string });
  });

  it("[S4] one that throws refuses, and the app hears of it", () => {
    const broken: MetaSchema<Meta> = { "~standard": { version: 1, vendor: "test", validate: () => { throw new Error("no"); } } };
    const w = world({ meta: broken });
    const ann = w.client("ann");
    ann.join("r");
    expect(ann.last("ended")).toMatchObject({ code: "bad_meta" });
    expect(w.errors).toMatchObject([{ code: "bad_meta", cause: { message: "no" } }]);
  });

  it("[S4] issues without a path, with keys as objects, or without any, are told as well as can be", () => {
    const refusing = (issues: readonly object[]): MetaSchema<unknown> => ({ "~standard": { version: 1, vendor: "test", validate: () => ({ issues }) as never } });
    expect([[{ message: "no" }], [{ message: "no", path: [{ key: "a" }, 0, "b"] }], []].map((issues) => failing(check({}, undefined, refusing(issues)))))
      .toEqual(["bad_meta: meta: no", "bad_meta: meta.a.0.b: no", "bad_meta: meta: refused by the schema"]);
  });

  it("[S4] the server's own join and update are refused in the same way, and it hears of it", async () => {
    const w = world({ meta: schema });
    const { link } = w.client("ann");
    expect(await link.join("r", { meta: {} })).toBe(false);
    expect(await link.join("r", { meta: { name: "Ann" } })).toBe(true);
    expect(await link.update("r", { name: 5 })).toBe(false);
    expect(await link.update("nowhere", { name: "Ann" })).toBe(false);
    expect(w.codes()).toEqual(["bad_meta", "bad_meta", "not_joined"]);
    expect(createRegistry({ meta: schema }).options.maxMeta).toBe(4_096);
  });
});
