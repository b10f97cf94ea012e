// `npm start`: bundles the bots with the library's own sources, as they are or with one fault built in, and runs them.
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { FAULTS, withFault } from "./bots/faults.mjs";

const root = new URL("..", import.meta.url).pathname;
// `--break=seq` is the same as `--break seq`.
const args = process.argv.slice(2).flatMap((one) => one.split("="));
const fault = args.includes("--break") ? args[args.indexOf("--break") + 1] ?? "" : undefined;
if (fault !== undefined && !Object.hasOwn(FAULTS, fault)) {
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
  plugins: fault !== undefined ? [withFault(root, fault)] : [],
});
await import(pathToFileURL(outfile).href);
