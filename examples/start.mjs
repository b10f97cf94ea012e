// `npm start` of an example: installs what it needs, builds headcount if that was not done yet, and runs its server.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const root = resolve(import.meta.dirname, "..");
const npm = (cwd, ...args) => {
  const { status } = spawnSync("npm", args, { cwd, stdio: ["ignore", "ignore", "inherit"], shell: process.platform === "win32" });
  if (status !== 0) {
    console.error(`npm ${args.join(" ")} failed in ${cwd}`);
    process.exit(1);
  }
};
if (!existsSync(resolve(root, "node_modules"))) npm(root, "install");
if (!existsSync(resolve(root, "dist/server.js"))) npm(root, "run", "build");
if (!existsSync("node_modules")) npm(".", "install", "--no-audit", "--no-fund");
process.env.PORT ??= "3000";
await import(pathToFileURL(resolve(process.argv[2] ?? "server.js")).href);
