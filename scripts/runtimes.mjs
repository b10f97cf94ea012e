// `npm run test:runtimes`: what would be published, installed as users install it, in each runtime and bundler that they have.
// What can't be had from npm is skipped, and named; what goes wrong otherwise fails. Programs are in test/runtimes.
import { execFile, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../", import.meta.url));
const fixtures = join(root, "test/runtimes");
const AT_ONCE = 2;
const SOCKETS = ["ws@8.23.0", "socket.io@4.8.4", "socket.io-client@4.8.4"];
/** What npm says of a package that is not there, or not for this machine. */
const NOT_TO_BE_HAD = /\b(?:E404|ETARGET|EBADPLATFORM|ENOVERSIONS)\b/;
/** Without a network a run at home goes on; one of CI must not pass so. */
const OFFLINE = /\b(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED)\b/;

/** A part of the names of those to run: `npm run test:runtimes -- deno`. */
const only = (process.argv[2] ?? "").toLowerCase();
const temp = mkdtempSync(join(tmpdir(), "headcount-runtimes-"));
const started = performance.now();

class NotToBeHad extends Error {}

/** Runs a program; gives what it said, rejects with it where it failed. */
function run(file, args, { cwd = root, env = {} } = {}) {
  return new Promise((resolve, reject) => {
    const shell = file === "npm" && process.platform === "win32";
    execFile(file, args, { cwd, env: { ...process.env, ...env }, encoding: "utf8", timeout: 120_000, killSignal: "SIGKILL", shell, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      const said = `${stdout}${stderr}`.trim();
      if (error) reject(new Error(said || error.message));
      else resolve(said);
    });
  });
}

const node = (args, options) => run(process.execPath, args, options);

/** A project of its own outside the repository, with the tarball and these packages. */
async function project(name, ...packages) {
  const cwd = join(temp, name);
  cpSync(fixtures, cwd, { recursive: true });
  writeFileSync(join(cwd, "package.json"), JSON.stringify({ name: "consumer", private: true }));
  writeFileSync(join(cwd, "check.cjs"), readFileSync(join(cwd, "check.mjs"), "utf8").replace("export async function check", "exports.check = check;\nasync function check"));
  try {
    await run("npm", ["install", "--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error", tarball, ...packages], { cwd });
  } catch (error) {
    const lacks = NOT_TO_BE_HAD.test(error.message) || (!process.env.CI && OFFLINE.test(error.message));
    throw lacks ? new NotToBeHad(`not to be had: ${error.message.replace(/npm error (?:code )?/g, "").split("\n").slice(0, 3).join(" ")}`) : error;
  }
  return cwd;
}

const versionOf = (cwd, name) => JSON.parse(readFileSync(join(cwd, "node_modules", name, "package.json"), "utf8")).version;

/** What the checks of a program did; it says so in one line. */
function ran(said) {
  const [, what] = /^RAN (.+)$/m.exec(said) ?? [];
  if (!what) throw new Error(`it said nothing of its checks:\n${said}`);
  return what;
}

/** The packages `deno` and `bun` carry a binary for each platform in a package of its own. */
function binaryIn(cwd, scope, name) {
  const folder = join(cwd, "node_modules", scope);
  const file = process.platform === "win32" ? `${name}.exe` : name;
  const found = (existsSync(folder) ? readdirSync(folder) : []).flatMap((one) => [join(folder, one, file), join(folder, one, "bin", file)]).filter(existsSync);
  if (found.length === 0) throw new NotToBeHad(`the package ${name} brought no binary for ${process.platform} ${process.arch}`);
  return found;
}

/** The first of the binaries that runs here: some are for newer processors. */
async function firstThatRuns(files) {
  for (const file of files) {
    try {
      return { file, version: /\d+\.\d+\.\d+\S*/.exec(await run(file, ["--version"]))[0] };
    } catch {
      // The next one.
    }
  }
  throw new NotToBeHad(`${files.join(" and ")} do not run on this machine`);
}

/** Another Node than the one that runs this: the package `node` keeps its binaries in such packages. */
async function otherNode(version, env) {
  const name = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;
  const cwd = await project(`node-${version}`, `${name}@${version}`, ...SOCKETS);
  const file = join(cwd, "node_modules", name, "bin", process.platform === "win32" ? "node.exe" : "node");
  const did = new Set();
  for (const program of ["main.mjs", "main.cjs"]) did.add(ran(await run(file, [program], { cwd, env })));
  return { version, did: [...did].join(" / ") };
}

/** Builds two pages, runs the one that checks in jsdom, weighs the other. */
async function bundled(name, version, env) {
  const cwd = await project(name, `${name}@${version}`);
  await node([`${name}.mjs`], { cwd });
  const did = ran(await node([join(fixtures, "page.mjs"), join(cwd, "out/entry.js")], { env }));
  return { version: versionOf(cwd, name), did: `${did}; a badge is ${(gzipSync(readFileSync(join(cwd, "out/badge.js")), { level: 9 }).length / 1_000).toFixed(2)} kB gzip` };
}

let jest;
/** Both environments in one project. */
async function jested(environment, env) {
  jest ??= project("jest", "jest@30.5.2", "jest-environment-jsdom@30.5.2", ...SOCKETS);
  const cwd = await jest;
  const said = await node(["node_modules/jest/bin/jest.js", "--rootDir", ".", "--runInBand", "--forceExit", "--testMatch", "**/jest.test.cjs", "--env", environment], { cwd, env });
  return { version: versionOf(cwd, "jest"), did: ran(said) };
}

const RUNTIMES = new Map([
  ["Node, import", async (env) => ({ version: process.versions.node, did: ran(await node(["main.mjs"], { cwd: served, env })) })],
  ["Node, require", async (env) => ({ version: process.versions.node, did: ran(await node(["main.cjs"], { cwd: served, env })) })],
  // The oldest that `engines` allows, and a newer major.
  ["Node, oldest", (env) => otherNode("20.19.0", env)],
  ["Node, newer", (env) => otherNode("24.9.0", env)],
  ["Jest, CommonJS", (env) => jested("node", env)],
  ["Jest, jsdom", (env) => jested("jsdom", env)],
  ["Vite", (env) => bundled("vite", "8.3.8", env)],
  ["webpack", (env) => bundled("webpack", "5.112.2", env)],
  ["Deno", async (env) => {
    const cwd = await project("deno", "deno@2.9.6", ...SOCKETS);
    const { file, version } = await firstThatRuns(binaryIn(cwd, "@deno", "deno"));
    return { version, did: ran(await run(file, ["run", "--allow-all", "--no-remote", "--node-modules-dir=manual", "main.mjs"], { cwd, env: { ...env, DENO_DIR: join(temp, "deno-cache"), DENO_NO_UPDATE_CHECK: "1" } })) };
  }],
  ["Bun", async (env) => {
    const cwd = await project("bun", "bun@1.4.5", ...SOCKETS);
    const { file, version } = await firstThatRuns(binaryIn(cwd, "@oven", "bun"));
    return { version, did: ran(await run(file, ["run", "main.mjs"], { cwd, env })) };
  }],
  ["@edge-runtime/vm", async (env) => {
    const outfile = join(served, "out/edge.js");
    // It resolves nothing by itself; a module of Node's would stay an import, and fail.
    await build({ entryPoints: [join(served, "edge-entry.mjs")], outfile, bundle: true, format: "iife", platform: "neutral", logLevel: "error" });
    return { version: versionOf(root, "@edge-runtime/vm"), did: ran(await node([join(fixtures, "edge.mjs"), outfile], { env })) };
  }],
]);

async function rowOf(name, test, port) {
  const begun = performance.now();
  const row = { name, state: "ok", version: "", did: "" };
  try {
    Object.assign(row, await test({ HEADCOUNT_URL: `ws://127.0.0.1:${port}/`, HEADCOUNT_ROOM: name }));
  } catch (error) {
    row.state = error instanceof NotToBeHad ? "skipped" : "FAILED";
    row.did = row.state === "skipped" ? error.message : "";
    if (row.state === "FAILED") console.log(`\nFAILED ${name}\n${error.message}\n`);
  }
  row.seconds = (performance.now() - begun) / 1_000;
  console.log(`${row.state.padEnd(7)} ${name.padEnd(17)} ${row.version.padEnd(9)} ${row.seconds.toFixed(1).padStart(5)} s   ${row.did}`);
  return row;
}

let tarball;
let served;
let server;
const rows = [];
try {
  await run("npm", ["run", "build"]);
  mkdirSync(join(temp, "packed"));
  await run("npm", ["pack", "--ignore-scripts", "--pack-destination", join(temp, "packed")]);
  tarball = join(temp, "packed", readdirSync(join(temp, "packed"))[0]);
  served = await project("node", ...SOCKETS);
  server = spawn(process.execPath, ["server.mjs"], { cwd: served, stdio: ["ignore", "pipe", "inherit"] });
  const port = await new Promise((resolve, reject) => {
    server.stdout.once("data", (line) => { resolve(Number(line)); });
    server.once("exit", () => { reject(new Error("the server ended at once")); });
  });
  console.log(`built, packed and served in ${((performance.now() - started) / 1_000).toFixed(1)} s`);

  const waiting = [...RUNTIMES].filter(([name]) => name.toLowerCase().includes(only));
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (let next; (next = waiting.shift()); ) rows.push(await rowOf(...next, port));
  }));
} finally {
  server?.kill();
  rmSync(temp, { recursive: true, force: true, maxRetries: 3 });
}

const named = (state) => rows.filter((row) => row.state === state).map(({ name }) => name);
console.log(`${named("ok").length} runtimes ran, ${named("FAILED").length} failed${named("skipped").length > 0 ? `, skipped: ${named("skipped").join(", ")}` : ""}, in ${((performance.now() - started) / 1_000).toFixed(0)} s.`);
process.exitCode = named("FAILED").length > 0 || rows.length === 0 ? 1 : 0;
