import { describe, expect, it } from "vitest";
import { bundle } from "../../scripts/bundle.mjs";
import { root } from "../support/sources.js";
import { FAULTS, withFault } from "./faults.mjs";
import { replay, RUNS, type Again, type Found } from "./find.js";
import * as naive from "./naive.js";
import json from "./recorded.json" with { type: "json" };

// What was found of each; `npm run mutants -- --record` writes it anew.
const recorded = json as unknown as Readonly<Record<string, Found>>;
const names = Object.keys(FAULTS);

/** The library with a fault built in. */
async function planted(name: string): Promise<{ readonly replay: typeof replay }> {
  const { href } = await bundle("test/mutants/find.ts", { fault: name });
  return await import(/* @vite-ignore */ href) as { readonly replay: typeof replay };
}

const findings = names.map((name) => ({ name, finder: FAULTS[name]!.finder, found: recorded[name]! }));

describe("a planted bug", () => {
  it("was found, each of them, within 200 runs and in a story of at most 8 steps", () => {
    expect(Object.keys(recorded)).toEqual(names);
    expect(names.length).toBeGreaterThanOrEqual(20);
    for (const { name, found: { run, steps, story } } of findings) {
      expect(run, name).toBeLessThan(RUNS);
      expect(steps, name).toBeLessThanOrEqual(8);
      expect(story.length, name).toBeGreaterThan(0);
      expect(FAULTS[name]!.pain).toMatch(/^P(0[1-9]|1\d|2[0-5])$/);
    }
    expect(naive.names.length).toBeGreaterThanOrEqual(6);
  });

  it.each(findings)("$name: goes wrong again, with the same story", { timeout: 60_000 }, async ({ name, finder, found }) => {
    expect(await (await planted(name)).replay(finder, found.again)).toEqual(found.story);
  });

  it("is in none of what is published: the same runs go well", { timeout: 60_000 }, async () => {
    for (const { name, finder, found } of findings) expect(await replay(finder, found.again), name).toBeUndefined();
  });

  it("says so when its edit no longer fits the sources, or would fit twice", () => {
    for (const from of ["nothing of the kind", "const"]) {
      expect(() => withFault(root, "seq", { seq: { ...FAULTS.seq!, from } })).toThrow('The fault "seq" no longer fits src/server/log.ts; mend it in test/mutants/faults.mjs.');
    }
  });

  it("is looked for by a finder that there is", async () => {
    await expect(replay("law nonsense", { path: "0" } satisfies Again)).rejects.toThrow('There is no finder "law nonsense".');
  });
});
