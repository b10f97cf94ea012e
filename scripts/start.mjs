// `npm start` serves the page; with arguments (`npm start -- --bots 50`) it runs a crowd of bots instead.
// Both are bundled with the library's own sources, as they are or with one fault built in.
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { FAULTS, withFault } from "./bots/faults.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const args = process.argv.slice(2);
const crowd = args.length > 0;
const fault = faultIn(args);
if (fault !== undefined && !Object.hasOwn(FAULTS, fault)) {
  console.error(`--break takes one of: ${Object.keys(FAULTS).join(", ")}`);
  process.exit(2);
}

// Inside the project, so that the bundle finds the installed packages.
const folder = mkdtempSync(join(root, "node_modules", ".bots-"));
process.on("exit", () => { rmSync(folder, { recursive: true, force: true }); });
const outfile = join(folder, "bundle.mjs");
await build({
  entryPoints: [join(root, crowd ? "scripts/bots/main.ts" : "scripts/page/main.ts")],
  outfile,
  bundle: true,
  platform: "node",
  format: "esm",
  packages: "external",
  logLevel: "error",
  plugins: fault !== undefined ? [withFault(root, fault)] : [],
});
const { main } = await import(pathToFileURL(outfile).href);
if (!crowd) await main(root);

/** What is asked to break: `--break seq` or `--break=seq`. */
function faultIn(args) {
  const at = args.findIndex((one) => one === "--break" || one.startsWith("--break="));
  if (at < 0) return undefined;
  return args[at] === "--break" ? args[at + 1] ?? "" : args[at].slice("--break=".length);
}
