import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sameJson } from "../../src/core/json.js";
import "../support/seed.js";

const parsed = fc.jsonValue({ maxDepth: 3 }).map((value): unknown => JSON.parse(JSON.stringify(value)));

/** The text with all keys in one order. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  return `{${Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).sort().join()}}`;
}

/** The same value with its keys the other way round. */
function turned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(turned);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).reverse().map(([key, item]) => [key, turned(item)]));
}

describe("sameJson", () => {
  it("[R14] is what a comparison of sorted texts would be", () => {
    fc.assert(
      fc.property(fc.oneof(fc.tuple(parsed, parsed), parsed.map((value) => [value, turned(value)] as const)), ([a, b]) => {
        expect(sameJson(a, b)).toBe(canonical(a) === canonical(b));
        expect(sameJson(b, a)).toBe(sameJson(a, b));
      }),
      { numRuns: 200 },
    );
  });

  it.each<[string, unknown, unknown, boolean]>([
    ["the order of keys", { a: 1, b: 2 }, { b: 2, a: 1 }, true],
    ["a member that is undefined", { a: 1, b: undefined }, { a: 1 }, true],
    ["a member that is undefined, against another one", { a: undefined }, { b: undefined }, true],
    ["an undefined member against null", { a: undefined }, { a: null }, false],
    ["another key", { a: 1 }, { b: 1 }, false],
    ["one key more", { a: 1 }, { a: 1, b: 2 }, false],
    ["no object against one", null, {}, false],
    ["an object against none", {}, null, false],
    ["a text against a number", "1", 1, false],
    ["an array against an object", [], {}, false],
    ["an object against an array", { 0: 1 }, [1], false],
    ["the order of items", [1, 2], [2, 1], false],
    ["one item more", [1], [1, 2], false],
    ["depth", { a: [{ b: [1, { c: null }] }] }, { a: [{ b: [1, { c: null }] }] }, true],
    ["depth, with one leaf other", { a: [{ b: [1, { c: null }] }] }, { a: [{ b: [1, { c: 0 }] }] }, false],
    ["a key that is __proto__", JSON.parse('{"__proto__":1}'), JSON.parse('{"__proto__":1}'), true],
    ["a key that is __proto__ against none", JSON.parse('{"__proto__":{}}'), {}, false],
    ["a key that all objects inherit", { constructor: Object }, {}, false],
    ["zero and minus zero, which are one in JSON", 0, -0, true],
  ])("[R14] %s", (_, a, b, expected) => {
    expect(sameJson(a, b)).toBe(expected);
    expect(sameJson(b, a)).toBe(expected);
  });
});
