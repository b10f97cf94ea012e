// `npm run test:browsers -- --engine firefox --journey "second tab"`: what people do with tabs, in three engines that really run.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { bundle } from "./bundle.mjs";

const program = fileURLToPath(await bundle("test/browsers/main.ts"));
process.exitCode = spawnSync(process.execPath, [program, ...process.argv.slice(2)], { stdio: "inherit" }).status ?? 1;
