// `npm start`: bundles the bots with the library's own sources, as they are or with one fault built in, and runs them.
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { FAULTS, withFault } from "./bots/faults.mjs";

const root = new URL("..", import.meta.url).pathname;
const fault = process.argv[process.argv.indexOf("--break") + 1];
if (process.argv.includes("--break") && !(fault in FAULTS)) {
  console.error(`--break takes one of: ${Object.keys(FAULTS).join(", ")}`);
  process.exit(2);
}

// Inside the project, so that the bundle finds the installed packages.
const folder = mkdtempSync(join(root, "node_modules", ".bots-"));
process.on("exit", () => { rmSync(folder, { recursive: true, force: true }); });
const outfile = join(folder, "bots.mjs");
await build({
  entryPoints: [join(root, "scripts/bots/main.ts")],
  outfile,
  bundle: true,
  platform: "node",
  format: "esm",
  packages: "external",
  logLevel: "error",
  plugins: process.argv.includes("--break") ? [withFault(root, fault)] : [],
});
await import(pathToFileURL(outfile).href);
