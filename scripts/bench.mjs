// Bundles bench/bench.ts as it would be shipped, and runs it in a process whose garbage collector it may call.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const folder = mkdtempSync(join(tmpdir(), "headcount-bench-"));
try {
  const outfile = join(folder, "bench.mjs");
  await build({
    entryPoints: [fileURLToPath(new URL("../bench/bench.ts", import.meta.url))],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    define: { "process.env.NODE_ENV": '"production"' },
  });
  const { status } = spawnSync(process.execPath, ["--expose-gc", outfile], { stdio: "inherit" });
  process.exitCode = status ?? 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
