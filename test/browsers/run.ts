import { setTimeout as sleep } from "node:timers/promises";
import { inspect } from "node:util";
import type { Engine, EngineName } from "../support/engines/engine.js";
import { JOURNEYS, type Journey } from "./journeys.js";
import { startWorld } from "./world.js";

/** How a journey went in an engine. `seen`: what was really seen, or why it can't be, or what was wrong. */
export type Row = { readonly engine: EngineName; readonly journey: string; readonly state: "ok" | "cannot" | "FAILED"; readonly seconds: number; readonly seen: string };

/** A browser that no longer answers would be waited for for ever. */
const LIMIT_MS = 90_000;

/** One journey in an engine, with a server of its own. Does not reject. */
export async function live(engine: Engine, { name, not, times, live: run }: Journey): Promise<Row> {
  const row = { engine: engine.name, journey: name, seconds: 0 };
  const cannot = not?.[engine.name];
  if (cannot !== undefined) return { ...row, state: "cannot", seen: cannot };
  const started = performance.now();
  const seconds = (): number => (performance.now() - started) / 1_000;
  const world = await startWorld(engine, times);
  try {
    const late = sleep(LIMIT_MS, undefined, { ref: false }).then(() => { throw new Error(`it was not over after ${LIMIT_MS / 1_000} s`); });
    const seen = await Promise.race([run(world, engine.name), late]);
    return { ...row, state: "ok", seconds: seconds(), seen };
  } catch (error) {
    return { ...row, state: "FAILED", seconds: seconds(), seen: error instanceof Error ? error.message : inspect(error) };
  } finally {
    // As long again for a browser that does not let go.
    await Promise.race([world.end(), sleep(LIMIT_MS, undefined, { ref: false })]);
  }
}

/** Those whose name has this part. */
export const journeysOf = (part = ""): readonly Journey[] => JOURNEYS.filter(({ name }) => name.includes(part));
