// `npm test`: everything that must hold before a change lands, two steps at a time.
// FC_SEED=n repeats the property tests of the run that named n; CI uses a fixed seed.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";

const AT_ONCE = 2;
const LIMIT_MS = 10 * 60_000;

const folder = mkdtempSync(join(tmpdir(), "headcount-test-"));
const report = join(folder, "vitest.json");
// Chosen here, so that it can be given again whatever fails; in CI test/support/seed.ts has a fixed one.
const seed = process.env.FC_SEED ?? (process.env.CI ? undefined : String(Math.floor(Math.random() * 2 ** 31)));

const node = (...args) => [process.execPath, ...args];
const script = (name) => ["npm", "run", "--silent", name];

/** Started in this order, each once what it needs is done; `needs` are names. */
const steps = [
  { name: "build", command: script("build"), needs: [] },
  { name: "types", command: script("types"), needs: [] },
  {
    name: "tests",
    command: node("node_modules/vitest/vitest.mjs", "run", "--coverage", "--allowOnly=false", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`),
    needs: ["build"],
  },
  { name: "lint", command: script("lint"), needs: [] },
  { name: "package", command: script("check:package"), needs: ["build"] },
];

/** Runs a command to its end; its output comes whole, so that two steps don't mix theirs. */
function run([command, ...args]) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, FC_SEED: seed }, timeout: LIMIT_MS, killSignal: "SIGKILL", shell: process.platform === "win32" });
    let output = "";
    child.stdout.on("data", (chunk) => { output += chunk; });
    child.stderr.on("data", (chunk) => { output += chunk; });
    child.on("error", (error) => { output += String(error); });
    child.on("close", (code, signal) => {
      resolve({ ok: code === 0, output: signal ? `${output}\nended by ${signal}` : output });
    });
  });
}

async function runStep(step) {
  const started = performance.now();
  const { ok, output } = await run(step.command);
  step.ok = ok;
  const seconds = ((performance.now() - started) / 1_000).toFixed(1);
  console.log(`${ok ? "ok    " : "FAILED"} ${step.name.padEnd(8)} ${seconds.padStart(6)} s${noteOn(step)}`);
  if (!ok) console.log(`\n${output.trimEnd()}\n`);
}

function countsOfTests() {
  try {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(readFileSync(report, "utf8"));
    return { passed: numPassedTests, failed: numFailedTests, skipped: numPendingTests + numTodoTests };
  } catch {
    // It ended before it could report.
    return { passed: 0, failed: 0, skipped: 0 };
  }
}

function noteOn(step) {
  if (step.name !== "tests") return "";
  const { passed, failed, skipped } = countsOfTests();
  return `   ${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

console.log(`seed of the property tests: ${seed ?? "the fixed one of CI"}`);
const waiting = [...steps];
await Promise.all(Array.from({ length: AT_ONCE }, async () => {
  while (waiting.length > 0) {
    const next = waiting.find(({ needs }) => needs.every((name) => steps.find((step) => step.name === name).ok !== undefined));
    if (!next) {
      await new Promise((resolve) => { setTimeout(resolve, 50); });
      continue;
    }
    waiting.splice(waiting.indexOf(next), 1);
    if (next.needs.every((name) => steps.find((step) => step.name === name).ok)) {
      await runStep(next);
    } else {
      next.ok = false;
      console.log(`FAILED ${next.name.padEnd(8)}   not run: ${next.needs.join(", ")} failed`);
    }
  }
}));

// Every test counts one, and so does every other step. Tests can all pass and the step fail: coverage, an error outside a test.
const tests = countsOfTests();
const others = steps.filter(({ name }) => name !== "tests");
const testsStepFailed = steps.some(({ name, ok }) => name === "tests" && !ok);
const passed = tests.passed + others.filter(({ ok }) => ok).length;
const failed = Math.max(tests.failed, testsStepFailed ? 1 : 0) + others.filter(({ ok }) => !ok).length;
rmSync(folder, { recursive: true, force: true });
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
