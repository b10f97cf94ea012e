// `npm run playground:build`: the playground as one HTML file that needs no server. `npm run playground:check`: the scripted minute in a Chromium,
// on real sockets and simulated; exit 1 when headcount was wrong beyond what it promises, or the naive counter never was.
// `--break last-socket` builds a fault into the library first; `--simulated` leaves out the real minute; `--seed 7`. `npm run playground:picture`: that of the README.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { withFault } from "../test/mutants/faults.mjs";
import { bundle, faultIn, root } from "./bundle.mjs";

const { fault, rest } = faultIn(process.argv.slice(2));
const { command, simulated, seed } = given(rest);
const { check, picture, writeFile } = await import(await bundle("scripts/playground/check.ts", { fault }));
const plugins = fault === undefined ? [] : [withFault(root, fault)];
const file = join(root, "playground.html");

if (command === "build") {
  await writeFile(root, file, plugins);
  console.log("playground.html: open it in a browser; it needs no server.");
} else {
  const { status, stdout } = spawnSync(process.execPath, [join(root, "scripts/need.mjs"), "chromium"], { stdio: ["ignore", "pipe", "inherit"], encoding: "utf8" });
  if (status !== 0) process.exit(1);
  const options = { root, chromium: stdout.trim().split("\n").at(-1), file, plugins, seed, live: !simulated, speed: 10, log: console.log };
  if (command === "picture") await picture(options, join(root, "docs/playground.png"));
  else process.exitCode = (await check(options)) ? 0 : 1;
}

function given(args) {
  try {
    const { values, positionals } = parseArgs({ args, allowPositionals: true, options: { simulated: { type: "boolean" }, seed: { type: "string", default: "1" } } });
    const [command, ...more] = positionals;
    if (!["build", "check", "picture"].includes(command) || more.length > 0) throw new TypeError("one of build, check, picture");
    if (!Number.isSafeInteger(Number(values.seed))) throw new TypeError(`--seed must be a whole number, not "${values.seed}"`);
    return { command, simulated: values.simulated, seed: Number(values.seed) };
  } catch (error) {
    console.error(`usage: node scripts/playground.mjs build | check [--simulated] | picture, [--seed N] [--break FAULT]\n${error.message}`);
    process.exit(2);
  }
}
