// `npm run simulate -- --runs 1000 --seed 7 --workers 2`: histories of people, networks and servers in virtual time.
// The library's sources are bundled as they are, or with one fault built in (`--break merge`).
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { FAULTS, withFault } from "./bots/faults.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
// `--runs=10` is the same as `--runs 10`.
const args = process.argv.slice(2).flatMap((one) => one.split("="));
const fault = args.includes("--break") ? args[args.indexOf("--break") + 1] ?? "" : undefined;
if (fault !== undefined && !Object.hasOwn(FAULTS, fault)) {
  console.error(`--break takes one of: ${Object.keys(FAULTS).join(", ")}`);
  process.exit(2);
}

// Inside the project, so that the bundle finds the installed packages.
const folder = mkdtempSync(join(root, "node_modules", ".simulate-"));
process.on("exit", () => { rmSync(folder, { recursive: true, force: true }); });
const outfile = join(folder, "bundle.mjs");
await build({
  entryPoints: [join(root, "scripts/simulate/main.ts")],
  outfile,
  bundle: true,
  platform: "node",
  format: "esm",
  packages: "external",
  logLevel: "error",
  define: { "process.env.NODE_ENV": '"production"' },
  plugins: fault !== undefined ? [withFault(root, fault)] : [],
});
const bundle = pathToFileURL(outfile);
const { main } = await import(bundle.href);
process.exitCode = await main(bundle, args);
