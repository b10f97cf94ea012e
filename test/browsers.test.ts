import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { JOURNEYS } from "./browsers/journeys.js";
import { live } from "./browsers/run.js";
import { chromium } from "./support/engines/chromium.js";
import type { Engine } from "./support/engines/engine.js";
import { runNode } from "./support/run.js";

const { code, output } = await runNode(["scripts/need.mjs", "chromium"], "", 9 * 60_000);
const path = code === 0 ? output.trim().split("\n").at(-1) : undefined;
if (path === undefined) console.warn(`test/browsers.test.ts: SKIPPED, there is no Chromium.\n${output}`);

it("has a Chromium, or is not in CI", () => {
  if (process.env.CI) expect(path, output).toBeDefined();
});

/** In one browser a tab that comes to the front hides the others, and journeys mostly wait: two browsers, each for one at a time. */
const BROWSERS = 2;

// The other engines: `npm run test:browsers`.
describe.runIf(path !== undefined)("[H5, V3, V7, V8, V11, U13] in a real Chromium every view agrees, and nobody flickers", () => {
  let all: Engine[] = [];
  const free: Engine[] = [];
  const waiting: ((engine: Engine) => void)[] = [];
  beforeAll(async () => {
    all = await Promise.all(Array.from({ length: BROWSERS }, () => chromium(path!)));
    free.push(...all);
  }, 60_000);
  afterAll(async () => { await Promise.all(all.map((engine) => engine.close())); });

  it.concurrent.for(JOURNEYS)("$name", { timeout: 120_000 }, async (journey, { expect: expected }) => {
    const engine = free.pop() ?? await new Promise<Engine>((resolve) => { waiting.push(resolve); });
    try {
      expected(await live(engine, journey)).toMatchObject({ state: "ok" });
    } finally {
      const next = waiting.shift();
      if (next) next(engine);
      else free.push(engine);
    }
  });
});
