// `npm run check:package`, after a build: what would be published works for those who install it.
import { execFile } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { RECORD, USE, USE_REACT, USE_SOCKET_IO, USE_TESTING, USE_VUE, USE_WS } from "./check-package/uses.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));
const modules = join(root, "node_modules");
const { name, exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const subpaths = Object.keys(exports).filter((key) => key !== "./package.json").map((key) => ({ id: name + key.slice(1), cjs: "require" in exports[key] }));

/** What loads third parties. The others are loaded where there is none of them. */
const NEEDS_PEERS = [`${name}/testing`, `${name}/react`, `${name}/vue`];
const bare = ({ id }) => !NEEDS_PEERS.includes(id);

const temp = mkdtempSync(join(tmpdir(), "headcount-package-"));
const consumer = join(temp, "consumer");
mkdirSync(consumer);
let failures = 0;

/** Runs a program of Node, or npm; rejects with what it said. */
function run(file, args, cwd = root) {
  return new Promise((resolve, reject) => {
    const npm = file === "npm";
    execFile(npm ? "npm" : process.execPath, npm ? args : [file, ...args], { cwd, encoding: "utf8", timeout: 120_000, shell: npm && process.platform === "win32", maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${stdout}${stderr}`.trim() || error.message));
      else resolve(stdout);
    });
  });
}

async function check(title, work) {
  const started = performance.now();
  let problem;
  try {
    await work();
  } catch (error) {
    problem = error;
    failures++;
  }
  console.log(`${problem ? "FAILED" : "ok    "} ${title} (${((performance.now() - started) / 1_000).toFixed(1)} s)`);
  if (problem) console.log(`\n${problem.message}\n`);
}

function write(path, text) {
  const file = join(consumer, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

/** Loads every subpath, and fails when loading one starts, draws, prints or leaves something, or gives nothing. */
const probe = (ids, load) => `
const seen = [];
const watch = (owner, ...names) => {
  for (const name of names) {
    const original = owner[name];
    owner[name] = function (...args) { seen.push(name); return original.apply(this, args); };
  }
};
const globals = () => Object.getOwnPropertyNames(globalThis).sort().join();
const before = globals();
watch(globalThis, "setTimeout", "setInterval", "setImmediate", "queueMicrotask", "fetch");
watch(Math, "random");
watch(globalThis.crypto, "getRandomValues", "randomUUID");
watch(console, "log", "info", "warn", "error");
watch(process, "on", "once", "addListener", "prependListener");
const names = {};
for (const id of ${JSON.stringify(ids)}) {
  const given = Object.keys(${load}).filter((name) => name !== "default" && name !== "module.exports").sort();
  if (seen.length > 0) throw new Error("loading " + id + " called " + seen.join(", "));
  if (globals() !== before) throw new Error("loading " + id + " added a global");
  if (given.length === 0) throw new Error(id + " exports nothing");
  names[id] = given.join(" ");
}
process.stdout.write(JSON.stringify(names));
`;

const COMPILERS = [
  ["typescript", "6.0", ["nodenext", "bundler"]],
  ["typescript-5.4", "5.4", ["nodenext", "bundler", "node10"]],
];
const MODULE = { nodenext: "nodenext", bundler: "esnext", node10: "commonjs" };

/** Type-checks a text as a consumer with these settings has it; our declarations too, where \`skipLibCheck\` is off. */
async function compile(compiler, resolution, label, text, types, skipLibCheck = false) {
  // Under nodenext a package has two faces, by the importing file's format.
  const files = (resolution === "nodenext" ? ["use.mts", "use.cts"] : ["use.ts"]).map((file) => {
    write(join(label, file), text);
    return file;
  });
  write(join(label, "tsconfig.json"), JSON.stringify({
    compilerOptions: { module: MODULE[resolution], moduleResolution: resolution, target: "es2022", lib: ["es2022", "dom"], types, strict: true, exactOptionalPropertyTypes: true, noEmit: true, skipLibCheck },
    files,
  }));
  await run(join(modules, compiler, "bin/tsc"), ["-p", join(consumer, label)]);
}

await check("publint", () => run(join(modules, "publint/src/cli.js"), [".", "--strict"]));

let tarball;
await check("npm pack, and install without any peer", async () => {
  const [{ filename }] = JSON.parse(await run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", temp]));
  tarball = join(temp, filename);
  write("package.json", JSON.stringify({ name: "consumer", private: true }));
  await run("npm", ["install", "--offline", "--ignore-scripts", "--omit=peer", "--no-save", tarball], consumer);
});

if (tarball) {
  const attw = join(modules, "@arethetypeswrong/cli/dist/index.js");
  // The files for pages without a bundler are ES modules, and nothing else on purpose.
  await check("types for every kind of resolution (attw)", () => run(attw, [tarball, "--exclude-entrypoints", "browser.js", "user-presence.js", "--no-emoji", "--format", "ascii"]));

  const names = {};
  await check("import of every subpath that needs no peer", async () => {
    names.esm = JSON.parse(await run(write("probe.mjs", probe(subpaths.filter(bare).map(({ id }) => id), "await import(id)")), [], consumer));
  });
  await check("require of every subpath that needs no peer", async () => {
    const ids = subpaths.filter((one) => one.cjs && bare(one)).map(({ id }) => id);
    names.cjs = JSON.parse(await run(write("probe.cjs", probe(ids, "require(id)")), [], consumer));
    for (const id of ids) if (names.esm && names.esm[id] !== names.cjs[id]) throw new Error(`${id} exports other names to import (${names.esm[id]}) than to require (${names.cjs[id]})`);
  });

  await check("npx headcount replay, without any peer", async () => {
    await run(write("record.mjs", RECORD), [], consumer);
    const told = await run("npm", ["exec", "--offline", "--", "headcount", "replay", "run.jsonl"], consumer);
    if (!/ann joined "board"[^]*The replay agrees with the recording/.test(told)) throw new Error(told);
  });

  for (const [compiler, version, resolutions] of COMPILERS) {
    for (const resolution of resolutions) {
      await check(`TypeScript ${version}, ${resolution}, no peer`, () => compile(compiler, resolution, `bare-${version}-${resolution}`, USE, []));
    }
  }
  for (const dependency of ["ws", "node"]) {
    mkdirSync(join(consumer, "node_modules/@types"), { recursive: true });
    symlinkSync(join(modules, "@types", dependency), join(consumer, "node_modules/@types", dependency), "junction");
  }
  symlinkSync(join(modules, "undici-types"), join(consumer, "node_modules/undici-types"), "junction");
  for (const peer of ["socket.io", "socket.io-client"]) symlinkSync(join(modules, peer), join(consumer, "node_modules", peer), "junction");
  for (const peer of ["fast-check", "pure-rand", "immer"]) symlinkSync(join(modules, peer), join(consumer, "node_modules", peer), "junction");
  await check("headcount/testing, imported, required, and typed", async () => {
    const given = JSON.parse(await run(write("testing.mjs", probe([`${name}/testing`], "await import(id)")), [], consumer));
    const required = JSON.parse(await run(write("testing.cjs", probe([`${name}/testing`], "require(id)")), [], consumer));
    if (JSON.stringify(given) !== JSON.stringify(required)) throw new Error(`it exports other names to import (${JSON.stringify(given)}) than to require (${JSON.stringify(required)})`);
    // fast-check has its types under "exports" only, which "node10" does not read.
    for (const [compiler, version, resolutions] of COMPILERS) {
      for (const resolution of resolutions.filter((one) => one !== "node10")) await compile(compiler, resolution, `testing-${version}-${resolution}`, USE_TESTING, [], true);
    }
  });
  for (const peer of ["react", "vue", "@vue", "csstype"]) symlinkSync(join(modules, peer), join(consumer, "node_modules", peer), "junction");
  symlinkSync(join(modules, "@types/react"), join(consumer, "node_modules/@types/react"), "junction");
  await check("headcount/react and headcount/vue: imported, required, typed; each brings its own framework and no other", async () => {
    const ids = [`${name}/react`, `${name}/vue`];
    // What the frameworks themselves do when they are loaded is theirs.
    const given = await run(write("frontends.mjs", `import "react"; import "vue";${probe(ids, "await import(id)")}`), [], consumer);
    const required = await run(write("frontends.cjs", `require("react"); require("vue");${probe(ids, "require(id)")}`), [], consumer);
    if (given !== required) throw new Error(`they export other names to import (${given}) than to require (${required})`);
    for (const file of ["react.js", "react.cjs"]) {
      if (!/^\s*(["']use strict["'];)?["']use client["'];/.test(readFileSync(join(root, "dist", file), "utf8"))) throw new Error(`${file} does not begin with "use client"`);
    }
    for (const { id } of subpaths) {
      const entry = join(root, "dist", `${exports[id.replace(name, ".")].import?.default ?? exports[id.replace(name, ".")].default}`.replace("./dist/", ""));
      const { metafile } = await build({ entryPoints: [entry], bundle: true, packages: "external", platform: "neutral", format: "esm", write: false, metafile: true, logLevel: "silent" });
      const foreign = new Set(Object.values(metafile.outputs).flatMap(({ imports }) => imports.map(({ path }) => path)).filter((path) => /^(react|vue|svelte)\b/.test(path)));
      const allowed = ids.includes(id) ? id.slice(name.length + 1) : "none";
      if ([...foreign].join() !== (allowed === "none" ? "" : allowed)) throw new Error(`${id} imports ${[...foreign].join(", ")}`);
    }
    for (const [compiler, version, resolutions] of COMPILERS) {
      for (const resolution of resolutions) {
        await compile(compiler, resolution, `react-${version}-${resolution}`, USE_REACT, [], true);
        await compile(compiler, resolution, `vue-${version}-${resolution}`, USE_VUE, [], true);
      }
    }
  });
  // To a compiler under "bundler" a package looks as it does to an ES module under "nodenext".
  for (const [compiler, version, resolutions] of COMPILERS) {
    for (const resolution of resolutions.filter((one) => one !== "bundler")) {
      await check(`TypeScript ${version}, ${resolution}, with ws`, () => compile(compiler, resolution, `ws-${version}-${resolution}`, USE_WS, ["node"]));
      // The declarations of engine.io 6.6 need a later @types/node than ours.
      await check(`TypeScript ${version}, ${resolution}, with socket.io`, () => compile(compiler, resolution, `socket.io-${version}-${resolution}`, USE_SOCKET_IO, ["node"], true));
    }
  }
}

for (const alone of ["browser", "user-presence"]) {
  await check(`dist/${alone}.js stands alone`, async () => {
    const file = join(root, `dist/${alone}.js`);
    const { metafile } = await build({ entryPoints: [file], bundle: true, packages: "external", platform: "neutral", format: "esm", write: false, metafile: true, logLevel: "silent" });
    const imports = Object.values(metafile.inputs).flatMap((input) => input.imports.map(({ path }) => path));
    if (imports.length > 0) throw new Error(`it imports ${imports.join(", ")}`);
    // A page of any kind serves it as it is; Node loads it from anywhere as well.
    copyFileSync(file, write(`alone/${alone}.mjs`, ""));
    await run(write("alone/load.mjs", `await import("./${alone}.mjs");`), [], consumer);
  });
}

await check("size-limit", async () => {
  console.log((await run(join(modules, "size-limit/bin.js"), [])).trimEnd());
});

rmSync(temp, { recursive: true, force: true });
console.log(failures === 0 ? "The package is fit to publish." : `${failures} checks of the package failed.`);
process.exitCode = failures === 0 ? 0 : 1;
