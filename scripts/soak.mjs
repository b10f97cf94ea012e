// `npm run soak -- --minutes 10 --connections 10000`: a real ws server under a crowd that comes and goes; heap, handles, lag and wrong counts.
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { FAULTS, withFault } from "./bots/faults.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const args = process.argv.slice(2);
const at = args.findIndex((one) => one === "--break" || one.startsWith("--break="));
const fault = at < 0 ? undefined : args[at] === "--break" ? args[at + 1] ?? "" : args[at].slice("--break=".length);
if (fault !== undefined && fault !== "leak" && !Object.hasOwn(FAULTS, fault)) {
  console.error(`--break takes one of: leak, ${Object.keys(FAULTS).join(", ")}`);
  process.exit(2);
}

// Inside the project, so that the bundles find the installed packages.
const folder = mkdtempSync(join(root, "node_modules", ".soak-"));
process.on("exit", () => { rmSync(folder, { recursive: true, force: true }); });
await build({
  entryPoints: ["main", "server", "crowd"].map((name) => join(root, `scripts/soak/${name}.ts`)),
  outdir: folder,
  outExtension: { ".js": ".mjs" },
  bundle: true,
  platform: "node",
  format: "esm",
  packages: "external",
  logLevel: "error",
  // The leak is planted by the server's process itself; the others are edits of the library.
  plugins: fault !== undefined && fault !== "leak" ? [withFault(root, fault)] : [],
});
const { main } = await import(pathToFileURL(join(folder, "main.mjs")).href);
process.exit(await main(folder, args));
