// `npm run exhaustive -- [--depth 9] [--start live]`: bundles test/exhaustive/main.ts and runs it.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { bundle } from "./bundle.mjs";

const program = fileURLToPath(await bundle("test/exhaustive/main.ts"));
process.exitCode = spawnSync(process.execPath, ["--max-old-space-size=6144", program, ...process.argv.slice(2)], { stdio: "inherit" }).status ?? 1;
