// `npm run playground:build`: the playground as one HTML file that needs no server. `npm run playground:check`: the scripted minute in a Chromium,
// on real sockets and simulated; exit 1 when headcount was wrong beyond what it promises, or the naive counter never was.
// `--break last-socket` builds a fault into the library first; `--simulated` leaves out the real minute; `--seed 7`.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { withFault } from "../test/mutants/faults.mjs";
import { bundle, faultIn, root } from "./bundle.mjs";

const [command, ...args] = process.argv.slice(2);
const { fault, rest } = faultIn(args);
const { check, writeFile } = await import(await bundle("scripts/playground/check.ts", { fault }));
const plugins = fault === undefined ? [] : [withFault(root, fault)];

if (command === "build") {
  await writeFile(root, join(root, "playground.html"), plugins);
  console.log("playground.html: open it in a browser; it needs no server.");
} else if (command === "check") {
  const { status, stdout } = spawnSync(process.execPath, [join(root, "scripts/need.mjs"), "chromium"], { stdio: ["ignore", "pipe", "inherit"], encoding: "utf8" });
  if (status !== 0) process.exit(status ?? 1);
  const seed = Number(rest.flatMap((one) => one.split("="))[rest.flatMap((one) => one.split("=")).indexOf("--seed") + 1] ?? 1) || 1;
  const right = await check({ root, chromium: stdout.trim().split("\n").at(-1), file: join(root, "playground.html"), plugins, live: !rest.includes("--simulated"), speed: 10, seed, log: console.log });
  process.exitCode = right ? 0 : 1;
} else {
  console.error("usage: node scripts/playground.mjs build | check [--simulated] [--seed N] [--break FAULT]");
  process.exitCode = 2;
}
