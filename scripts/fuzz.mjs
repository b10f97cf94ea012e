// `npm run fuzz -- --runs N --seed S`: hostile frames and requests against live servers, with honest clients who must notice nothing.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { bundle } from "./bundle.mjs";

const program = fileURLToPath(await bundle("scripts/fuzz/main.ts"));
process.exitCode = spawnSync(process.execPath, [program, ...process.argv.slice(2)], { stdio: "inherit" }).status ?? 1;
