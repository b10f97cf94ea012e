// `npm run mutants`: looks for every planted bug of test/mutants/faults.mjs and test/naive, two at a time, and prints what was found.
// `--only NAME` tells its story; `--record` writes test/mutants/recorded.json, which `npm test` plays again.
import { readFileSync, writeFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { FAULTS } from "../test/mutants/faults.mjs";
import { bundle } from "./bundle.mjs";

const AT_ONCE = 2;
const MOST_STEPS = 8;
const RECORDED = new URL("../test/mutants/recorded.json", import.meta.url);

if (isMainThread) process.exitCode = await main();
else {
  const { find } = await import(workerData.program);
  parentPort.postMessage(await find(workerData.what));
}

async function main() {
  const { only, record } = given();
  const naive = await bundle("test/mutants/naive.ts");
  const { names } = await import(naive);
  const all = [
    ...Object.entries(FAULTS).map(([name, fault]) => ({ name, ...fault, program: () => bundle("test/mutants/find.ts", { fault: name }) })),
    ...names.map((name) => ({ name, what: "a server as strangers write it", pain: "", finder: "checkServer", file: "test/naive", program: () => naive })),
  ];
  const wanted = all.filter(({ name }) => only === undefined || name === only);
  if (wanted.length === 0) {
    console.error(`--only takes one of: ${all.map(({ name }) => name).join(", ")}`);
    return 2;
  }
  const waiting = [...wanted];
  const found = new Map();
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (let next; (next = waiting.shift()); ) found.set(next.name, await look(next));
  }));
  console.log(table(wanted, found));
  if (only !== undefined) for (const line of found.get(only)?.story ?? []) console.log(line);
  const missed = wanted.filter(({ name }) => !found.get(name)?.steps);
  const long = wanted.filter(({ name }) => found.get(name)?.steps > MOST_STEPS);
  console.log(`\n${wanted.length - missed.length} of ${wanted.length} found${naming("not found", missed)}${naming(`stories of more than ${MOST_STEPS} steps`, long)}.`);
  if (record) keep(wanted, found);
  return missed.length + long.length > 0 ? 1 : 0;
}

function given() {
  try {
    return parseArgs({ options: { only: { type: "string" }, record: { type: "boolean" } } }).values;
  } catch (error) {
    console.error(`usage: npm run mutants -- [--only NAME] [--record]\n${error.message}`);
    process.exit(2);
  }
}

async function look({ name, finder, program }) {
  const began = performance.now();
  const url = (await program()).href;
  const found = await new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: { program: url, what: finder === "checkServer" ? name : finder } });
    worker.once("message", resolve);
    worker.once("error", reject);
  });
  const seconds = (performance.now() - began) / 1_000;
  console.error(`${found ? "found    " : "NOT FOUND"} ${name}, in ${seconds.toFixed(1)} s`);
  return { ...found, seconds };
}

function table(wanted, found) {
  const rows = wanted.map(({ name, what, pain, finder, file }) => {
    const { run = "none", steps = "", seconds } = found.get(name);
    return `| ${name} | ${what} | ${file.replace(/^src\//, "")} | ${pain} | ${finder} | ${run} | ${steps} | ${seconds.toFixed(1)} |`;
  });
  return ["| name | what it does | in | pain | finder | found in run | steps | s |", "|---|---|---|---|---|--:|--:|--:|", ...rows].join("\n");
}

function naming(title, some) {
  return some.length === 0 ? "" : `; ${title}: ${some.map(({ name }) => name).join(", ")}`;
}

/** The naive servers have a test of their own. */
function keep(wanted, found) {
  const recorded = JSON.parse(readFileSync(RECORDED, "utf8"));
  for (const { name, finder } of wanted) {
    const { seconds: _, ...one } = found.get(name);
    if (finder !== "checkServer" && one.steps) recorded[name] = one;
  }
  const sorted = Object.keys(FAULTS).filter((name) => recorded[name]).map((name) => [name, recorded[name]]);
  writeFileSync(RECORDED, `{\n${sorted.map(([name, one]) => `  ${JSON.stringify(name)}: ${JSON.stringify(one, null, 1).replace(/\n\s*/g, " ")}`).join(",\n")}\n}\n`);
}
