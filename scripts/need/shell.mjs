import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

const { env, platform } = process;

/** Where a program of one of these names would be, in the order of PATH. */
export const onPath = (...names) => (env.PATH ?? "").split(delimiter).flatMap((folder) => names.map((name) => join(folder, platform === "win32" ? `${name}.exe` : name)));

/** Being there is not enough: on some systems `chromium-browser` and `firefox` only say how to install it. */
export function runs(path) {
  return existsSync(path) && (platform === "win32" || spawnSync(path, ["--version"], { timeout: 30_000 }).status === 0);
}

/** Runs a command whose output is nobody's path: it goes to stderr. */
export function run(command, args, more = {}) {
  console.error(`$ ${[command, ...args].join(" ")}`);
  return spawnSync(command, args, { stdio: ["ignore", 2, 2], timeout: 8 * 60_000, ...more, env: { ...env, ...more.env } }).status === 0;
}

/** Installs packages where there is an apt and the right to use it; whether that helped, who looks again will see. */
export function apt(...packages) {
  if (platform !== "linux" || process.getuid() !== 0 || !onPath("apt-get").some(existsSync)) return;
  const quiet = { env: { DEBIAN_FRONTEND: "noninteractive" } };
  // Lists that are old may be good enough, and so may what a failed install left.
  run("apt-get", ["-q", "update"], quiet);
  run("apt-get", ["-q", "install", "-y", "--no-install-recommends", ...packages], quiet);
}

/** The one that a variable names, taken before all others; null = it names one that does not run. */
export function named(variable) {
  const path = env[variable];
  if (!path) return undefined;
  if (runs(path)) return path;
  console.error(`${variable}=${path} does not run.`);
  return null;
}
