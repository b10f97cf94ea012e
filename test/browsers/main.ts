import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";
import { chromium } from "../support/engines/chromium.js";
import type { Engine, EngineName } from "../support/engines/engine.js";
import { firefox } from "../support/engines/firefox.js";
import { webkit } from "../support/engines/webkit.js";
import { root } from "../support/sources.js";
import { JOURNEYS } from "./journeys.js";
import { journeysOf, live, type Row } from "./run.js";

const ENGINES: ReadonlyMap<EngineName, (path: string) => Promise<Engine>> = new Map([["chromium", chromium], ["firefox", firefox], ["webkit", webkit]]);

function wished(): { readonly engines: readonly EngineName[]; readonly part: string | undefined } {
  const { values } = parseArgs({ options: { engine: { type: "string" }, journey: { type: "string" } } });
  const engines = [...ENGINES.keys()].filter((name) => values.engine === undefined || name === values.engine);
  if (engines.length === 0 || journeysOf(values.journey).length === 0) throw new Error("nothing is called that");
  return { engines, part: values.journey };
}

let wish: ReturnType<typeof wished>;
try {
  wish = wished();
} catch (error) {
  console.error(`${String(error)}\nUsage: npm run test:browsers -- [--engine ${[...ENGINES.keys()].join("|")}] [--journey "part of a name"]\nJourneys: ${JOURNEYS.map(({ name }) => name).join("; ")}`);
  process.exit(2);
}

const started = performance.now();
const rows: Row[] = [];
const lacking: string[] = [];
console.log("engine    journey                            went    seconds  seen");
for (const name of wish.engines) {
  const need = spawnSync(process.execPath, ["scripts/need.mjs", name], { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  if (need.status !== 0) {
    lacking.push(name);
    console.log(`${name.padEnd(9)} FAILED: it could not be had.`);
    continue;
  }
  const engine = await ENGINES.get(name)!(need.stdout.trim()).catch((error: unknown) => {
    lacking.push(name);
    console.log(`${name.padEnd(9)} FAILED: it did not start: ${String(error)}`);
  });
  if (!engine) continue;
  try {
    for (const journey of journeysOf(wish.part)) {
      const row = await live(engine, journey);
      rows.push(row);
      const { state, seconds, seen } = row;
      console.log(`${name.padEnd(9)} ${journey.name.padEnd(34)} ${state.padEnd(7)} ${state === "cannot" ? "       -" : seconds.toFixed(1).padStart(8)}  ${seen}`);
    }
    console.log(`${name.padEnd(9)} was version ${engine.version}.`);
  } finally {
    await engine.close();
  }
}
const count = (state: Row["state"]): number => rows.filter((row) => row.state === state).length;
console.log(`\n${wish.engines.length - lacking.length} engines, ${count("ok")} journeys ok, ${count("FAILED") + lacking.length} failed, ${count("cannot")} that an engine can't, in ${((performance.now() - started) / 1_000).toFixed(0)} s.`);
process.exit(count("FAILED") + lacking.length === 0 ? 0 : 1);
