import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { explore, type Explored } from "./explore.js";
import { STARTS } from "./world.js";

type Job = { readonly start: string; readonly depth: number };
type Word = { readonly level: number; readonly states: number; readonly edges: number } | { readonly done: Explored };

const number = (n: number): string => n.toLocaleString("en");

/** Explores one start in a thread of its own, and says how far it is. */
function run({ start, depth }: Job, started: number): Promise<Explored> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: { start, depth } satisfies Job });
    worker.on("error", reject);
    worker.on("message", (word: Word) => {
      if ("done" in word) resolve(word.done);
      else console.log(`${start.padEnd(6)} depth ${String(word.level).padStart(2)} ${number(word.states).padStart(12)} states ${number(word.edges).padStart(13)} edges ${((performance.now() - started) / 1_000).toFixed(0).padStart(6)} s`);
    });
  });
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { depth: { type: "string", default: "9" }, start: { type: "string" } } });
  const depth = Number(values.depth);
  if (!Number.isInteger(depth) || depth < 1 || depth > 20) throw new RangeError(`--depth must be a whole number from 1 to 20, not ${values.depth}.`);
  if (values.start !== undefined && !STARTS.has(values.start)) throw new RangeError(`--start must be one of ${[...STARTS.keys()].join(", ")}, not ${values.start}.`);
  const started = performance.now();
  // The largest first, so that both cores are busy to the end.
  const starts = [...STARTS.keys()].filter((start) => start === (values.start ?? start)).reverse();
  const results: Explored[] = [];
  await Promise.all([0, 1].map(async () => {
    for (let start; (start = starts.shift()) !== undefined; ) results.push(await run({ start, depth }, started));
  }));
  const total = (of: (result: Explored) => number): string => number(results.reduce((sum, result) => sum + of(result), 0));
  const violations = results.filter(({ violation }) => violation);
  for (const { start, violation } of violations) console.log(`\nFrom the start "${start}":\n${violation!.map((line) => `  ${line}`).join("\n")}`);
  console.log(`\ndepth ${depth}: ${total(({ states }) => states)} states, ${total(({ edges }) => edges)} edges, ${((performance.now() - started) / 1_000).toFixed(0)} s; ${violations.length} violations`);
  console.log(violations.length === 0 ? `From every state a calm run converges, in ${Math.max(...results.map(({ longest }) => longest))} actions at most.` : "");
  process.exitCode = violations.length === 0 ? 0 : 1;
}

if (isMainThread) {
  main().catch((error: unknown) => {
    console.error(error instanceof RangeError ? error.message : error);
    process.exitCode = 2;
  });
} else {
  const { start, depth } = workerData as Job;
  const say = (word: Word): void => parentPort!.postMessage(word);
  say({ done: explore(start, depth, (level, states, edges) => say({ level, states, edges })) });
}
