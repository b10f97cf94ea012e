// `npm run test:examples`: every example, as somebody would have it who installed the package: with the packed tarball, in a folder outside of this one.
import { spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const wanted = process.argv.slice(2);
const names = readdirSync(join(root, "examples"), { withFileTypes: true }).filter((entry) => entry.isDirectory() && existsSync(join(root, "examples", entry.name, "package.json"))).map(({ name }) => name);
const unknown = wanted.filter((name) => !names.includes(name));
if (unknown.length > 0) {
  console.error(`There is no example ${unknown.join(", ")}, only ${names.join(", ")}.`);
  process.exit(2);
}

/** Runs a command to its end; what it printed counts only if it failed, or `loud`. */
function run(cwd, [command, ...args], loud = false) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, stdio: ["ignore", "pipe", "pipe"], shell: process.platform === "win32", timeout: 5 * 60_000 });
    let output = "";
    child.stdout.on("data", (chunk) => { output += chunk; });
    child.stderr.on("data", (chunk) => { output += chunk; });
    child.on("error", (error) => { output += String(error); });
    child.on("close", (code) => {
      if (code !== 0 || loud) console.log(output.trimEnd());
      resolve(code === 0);
    });
  });
}

const folder = mkdtempSync(join(tmpdir(), "headcount-examples-"));
process.on("exit", () => { rmSync(folder, { recursive: true, force: true }); });
if (!await run(root, ["npm", "run", "build"]) || !await run(root, ["npm", "pack", "--ignore-scripts", "--pack-destination", folder])) process.exit(1);
const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz"));
cpSync(join(root, "examples"), join(folder, "examples"), { recursive: true, filter: (path) => !path.includes("node_modules") });

let failed = 0;
const table = [];
const chosen = wanted.length > 0 ? wanted : names;
if (chosen.some((name) => readFileSync(join(root, "examples", name, "test.mjs"), "utf8").includes("chromium.mjs"))) {
  // One that doesn't run is none: the tests say so, and fail under CI.
  const found = spawnSync(process.execPath, [join(root, "scripts/need.mjs"), "chromium"], { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"], timeout: 9 * 60_000 });
  process.env.CHROME = found.status === 0 ? found.stdout.trim().split("\n").at(-1) : "";
}
for (const name of chosen) {
  const here = join(folder, "examples", name);
  const file = join(here, "package.json");
  writeFileSync(file, readFileSync(file, "utf8").replace("file:../..", `file:${join(folder, tarball)}`));
  console.log(`\n${name}`);
  const started = performance.now();
  const installed = await run(here, ["npm", "install", "--prefer-offline", "--no-audit", "--no-fund", "--no-package-lock"]);
  const ready = performance.now();
  const ok = installed && await run(here, ["npm", "test", "--silent"], true);
  if (!ok) failed++;
  table.push({ name, ok, install: ready - started, test: performance.now() - ready });
}

const seconds = (ms) => `${(ms / 1_000).toFixed(1)} s`.padStart(8);
console.log(`\n${"example".padEnd(18)}         install    test`);
for (const { name, ok, install, test } of table) console.log(`${name.padEnd(18)} ${ok ? "ok    " : "FAILED"} ${seconds(install)} ${seconds(test)}`);
console.log(`${table.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
