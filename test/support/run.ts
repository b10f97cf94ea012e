import { spawn } from "node:child_process";
import { build, type Plugin } from "esbuild";
import { root } from "./sources.js";

/** How a process ended, and what it said. */
export type Ran = { readonly code: number | null; readonly output: string };

/**
 * Bundles a TypeScript module that is in `test/` in thought, so `../src/…` is the library, and runs it in a process of its own.
 * One that does not end by itself in time is killed: its code is null.
 */
export async function run(source: string, plugins: readonly Plugin[] = [], timeout = 15_000): Promise<Ran> {
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: `${root}/test`, loader: "ts" },
    bundle: true, write: false, platform: "node", format: "esm", packages: "external", logLevel: "silent", plugins: [...plugins],
  });
  return runNode(["--input-type=module", "-"], outputFiles[0]!.text, timeout);
}

/** Runs node in the project's folder. `timeout`: ms after which it is killed. */
export function runNode(args: readonly string[], input: string, timeout: number): Promise<Ran> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: root, timeout, killSignal: "SIGKILL", env: { ...process.env, PORT: "0" } });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => { output += chunk.toString(); });
    child.on("close", (code) => { resolve({ code, output }); });
    child.stdin.end(input);
  });
}
