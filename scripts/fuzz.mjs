// `npm run fuzz -- --runs N --seed S`: hostile frames and requests against live servers, with honest clients who must notice nothing.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../", import.meta.url));
// Beside the packages that it loads.
const folder = mkdtempSync(join(root, "node_modules", ".fuzz-"));
try {
  const outfile = join(folder, "fuzz.mjs");
  await build({ entryPoints: [join(root, "scripts/fuzz/main.ts")], outfile, bundle: true, platform: "node", format: "esm", packages: "external", logLevel: "warning" });
  process.exitCode = spawnSync(process.execPath, [outfile, ...process.argv.slice(2)], { stdio: "inherit" }).status ?? 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
