// `npm run mutate [-- --group core] [--file src/core/map.ts:90-120,src/core/draft.ts] [--force]`: Stryker changes the sources, one place at a time, and runs the tests that come
// past that place. Prints what no test noticed, and a table of groups; exits 1 when a group is under its mark (scripts/mutate/groups.mjs).
// What was found before is kept in node_modules/.cache/mutate and tried anew only where sources or tests changed, unless `--force`.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { Stryker } from "@stryker-mutator/core";
import { GROUPS } from "./mutate/groups.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const cache = "node_modules/.cache/mutate";
const args = process.argv.slice(2);
const valueOf = (name) => (args.includes(name) ? args[args.indexOf(name) + 1] ?? "" : undefined);
const known = ["--group", "--file", "--force"];
const unknown = args.find((arg, i) => !known.includes(arg) && !["--group", "--file"].includes(args[i - 1]));
const only = valueOf("--group");
const file = valueOf("--file");
if (unknown !== undefined || (only !== undefined && !GROUPS.some(({ name }) => name === only)) || (file !== undefined && (only === undefined || !file.split(",").every((one) => /^src\/.+\.ts(:\d+-\d+)?$/.test(one))))) {
  console.error(`Usage: npm run mutate -- [--group ${GROUPS.map(({ name }) => name).join("|")} [--file src/….ts[:10-20],…]] [--force]`);
  process.exit(2);
}

process.chdir(root);
mkdirSync(cache, { recursive: true });
// A change is judged by what always happens, not by the luck of a run.
process.env.FC_SEED ??= "20241124";
process.env.MUTATION = "yes";

async function run(group) {
  const started = Date.now();
  process.env.MUTATE_GROUP = group.name;
  const mutants = await new Stryker({
    testRunner: "vitest",
    plugins: ["@stryker-mutator/vitest-runner"],
    vitest: { configFile: "vitest.mutation.config.ts", related: false },
    mutate: file === undefined ? group.mutate : file.split(","),
    coverageAnalysis: "perTest",
    incremental: true,
    incrementalFile: `${cache}/${group.name}.json`,
    force: args.includes("--force"),
    // What runs while a module is loaded would need all tests, in a new process, for each change. What runs in a test as well is tried there.
    ignoreStatic: true,
    // Of two one often waits for a time-out.
    concurrency: 3,
    timeoutMS: 5_000,
    dryRunTimeoutMinutes: 15,
    // Where vitest looks for tests, which it does not in node_modules; git ignores it.
    tempDirName: ".cache/mutate",
    ignorePatterns: ["dist", "bench", "coverage", "*.tgz", "docs/*.png"],
    reporters: ["json", "progress-append-only"],
    jsonReporter: { fileName: `${cache}/${group.name}-report.json` },
    allowConsoleColors: false,
    logLevel: "error",
    thresholds: { high: 100, low: 0, break: null },
  }).runMutationTest();
  const seconds = (Date.now() - started) / 1_000;
  return { ...group, ...tally(mutants), survivors: survivors(mutants), seconds };
}

/** As Stryker counts: what ends by a time-out was noticed; what could not be built or run at all does not count. */
function tally(mutants) {
  const of = (...statuses) => mutants.filter(({ status }) => statuses.includes(status)).length;
  const [killed, timeout, survived, uncovered] = [of("Killed"), of("Timeout"), of("Survived"), of("NoCoverage")];
  const counted = killed + timeout + survived + uncovered;
  return { mutants: counted, killed, timeout, survived, uncovered, ignored: of("Ignored"), score: counted === 0 ? 100 : (100 * (killed + timeout)) / counted };
}

function survivors(mutants) {
  return mutants.filter(({ status }) => status === "Survived" || status === "NoCoverage").map(({ fileName, location: { start, end }, mutatorName, replacement, status }) => {
    const path = relative(root, fileName);
    const lines = readFileSync(join(root, path), "utf8").split("\n");
    const line = lines[start.line - 1];
    const was = start.line === end.line ? line.slice(start.column - 1, end.column - 1) : `${line.slice(start.column - 1)} …`;
    return { path, line: start.line, mutatorName, status, text: line.trim(), was, is: (replacement ?? "").replace(/\s+/g, " ").slice(0, 100) };
  }).sort((a, b) => (a.path === b.path ? a.line - b.line : a.path < b.path ? -1 : 1));
}

const done = [];
for (const group of GROUPS.filter(({ name }) => only === undefined || name === only)) {
  const ran = await run(group);
  done.push(ran);
  for (const { path, line, mutatorName, status, was, is } of ran.survivors) console.log(`${path}:${line} ${status === "NoCoverage" ? "(no test comes here) " : ""}${mutatorName}: ${was} → ${is}`);
  writeFileSync(join(cache, `${group.name}-survivors.json`), JSON.stringify(ran.survivors, undefined, 1));
}
rmSync(join(root, ".cache/mutate"), { recursive: true, force: true });

console.log("\n| group | mutants | killed | timeout | survived | no coverage | at load | score | mark | time |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
for (const { name, mutants, killed, timeout, survived, uncovered, ignored, score, mark, seconds } of done) {
  console.log(`| ${name} | ${mutants} | ${killed} | ${timeout} | ${survived} | ${uncovered} | ${ignored} | ${score.toFixed(1)} % | ${mark} % | ${Math.round(seconds)} s |`);
}
const under = done.filter(({ score, mark }) => score < mark);
if (under.length > 0) console.log(`\nUnder the mark: ${under.map(({ name }) => name).join(", ")}`);
process.exitCode = under.length > 0 ? 1 : 0;
