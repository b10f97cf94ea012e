import { mkdtempSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { FAULTS, withFault } from "../test/mutants/faults.mjs";

/** Gone when this process is. */
const folders = [];
process.on("exit", () => { for (const folder of folders) rmSync(folder, { recursive: true, force: true }); });

export const root = fileURLToPath(new URL("..", import.meta.url));

/** Bundles a TypeScript program of this repository, as it is or with a fault built in; the URL of what comes out, which is there until this process ends. Others beside it go into its folder. */
export async function bundle(entry, { beside = [], fault, ...options } = {}) {
  // Inside the project, so that the bundle finds the installed packages.
  const folder = mkdtempSync(join(root, "node_modules", ".bundle-"));
  folders.push(folder);
  await build({
    entryPoints: [entry, ...beside].map((one) => join(root, one)),
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    format: "esm",
    packages: "external",
    logLevel: "error",
    plugins: fault === undefined ? [] : [withFault(root, fault)],
    ...options,
  });
  return pathToFileURL(join(folder, `${basename(entry, ".ts")}.mjs`));
}

/** What is asked to break, `--break seq` or `--break=seq`, and the arguments without it. Ends the process when there is no such fault; `more`: faults that the program builds in itself. */
export function faultIn(args, more = []) {
  const at = args.findIndex((one) => one === "--break" || one.startsWith("--break="));
  if (at < 0) return { fault: undefined, rest: args };
  const apart = args[at] === "--break";
  const fault = apart ? args[at + 1] ?? "" : args[at].slice("--break=".length);
  if (!Object.hasOwn(FAULTS, fault) && !more.includes(fault)) {
    console.error(`--break takes one of: ${[...more, ...Object.keys(FAULTS)].join(", ")}`);
    process.exit(2);
  }
  return { fault, rest: args.toSpliced(at, apart ? 2 : 1) };
}
