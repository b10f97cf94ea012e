// `npm run exhaustive -- [--depth 9] [--start live]`: bundles test/exhaustive/main.ts and runs it.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const folder = mkdtempSync(join(tmpdir(), "headcount-exhaustive-"));
try {
  const outfile = join(folder, "exhaustive.mjs");
  await build({ entryPoints: [fileURLToPath(new URL("../test/exhaustive/main.ts", import.meta.url))], outfile, bundle: true, platform: "node", format: "esm", logLevel: "warning" });
  const { status } = spawnSync(process.execPath, ["--max-old-space-size=6144", outfile, ...process.argv.slice(2)], { stdio: "inherit" });
  process.exitCode = status ?? 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
