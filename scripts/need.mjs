// `node scripts/need.mjs chromium` prints the path of a Chromium that runs: one that is here, or one that it installs.
// Where none is to be had it says on stderr what to install, and exits 1. CHROME=/path/to/one is taken before all others.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const { env, platform } = process;
const cache = fileURLToPath(new URL("../node_modules/.cache/headcount", import.meta.url));
const unpacked = join(cache, "unpacked", "chromium");
/** The last of the package that runs on Node 20. */
const PACKAGE = "@sparticuz/chromium@143.0.4";

const onPath = (...names) => (env.PATH ?? "").split(delimiter).flatMap((folder) => names.map((name) => join(folder, platform === "win32" ? `${name}.exe` : name)));

function usualPlaces() {
  if (platform === "darwin") return ["Google Chrome", "Chromium", "Microsoft Edge"].map((app) => `/Applications/${app}.app/Contents/MacOS/${app}`);
  if (platform === "win32") {
    return [env.PROGRAMFILES, env["PROGRAMFILES(X86)"], env.LOCALAPPDATA].filter(Boolean)
      .flatMap((folder) => [join(folder, "Google/Chrome/Application/chrome.exe"), join(folder, "Microsoft/Edge/Application/msedge.exe")]);
  }
  return ["/usr/lib/chromium/chromium", "/usr/lib64/chromium-browser/chromium-browser", "/opt/google/chrome/chrome", "/snap/bin/chromium"];
}

/** What playwright and puppeteer have downloaded, the newest first. */
function downloaded() {
  const caches = { darwin: join(homedir(), "Library/Caches"), win32: env.LOCALAPPDATA ?? homedir() };
  const playwright = env.PLAYWRIGHT_BROWSERS_PATH ?? join(caches[platform] ?? join(homedir(), ".cache"), "ms-playwright");
  const puppeteer = join(env.PUPPETEER_CACHE_DIR ?? join(homedir(), ".cache/puppeteer"), "chrome");
  const programs = ["chrome-linux/chrome", "chrome-linux64/chrome", "chrome-win/chrome.exe", "chrome-win64/chrome.exe",
    ...["chrome-mac", "chrome-mac-x64", "chrome-mac-arm64"].flatMap((folder) => ["Chromium", "Google Chrome for Testing"].map((app) => `${folder}/${app}.app/Contents/MacOS/${app}`))];
  return [playwright, puppeteer].flatMap((folder) => (existsSync(folder) ? readdirSync(folder).sort().reverse() : [])
    .filter((name) => folder === puppeteer || name.startsWith("chromium-"))
    .flatMap((name) => programs.map((program) => join(folder, name, program))));
}

/** Being there is not enough: on some systems `chromium-browser` only says how to install it. */
function runs(path) {
  return existsSync(path) && (platform === "win32" || spawnSync(path, ["--version"], { timeout: 30_000 }).status === 0);
}

function findChromium() {
  const names = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome", "microsoft-edge", "msedge"];
  return [...onPath(...names), ...usualPlaces(), ...downloaded(), unpacked].find(runs);
}

/** Runs a command whose output is nobody's path: it goes to stderr. */
function run(command, args, more = {}) {
  console.error(`$ ${[command, ...args].join(" ")}`);
  return spawnSync(command, args, { stdio: ["ignore", 2, 2], timeout: 8 * 60_000, ...more, env: { ...env, ...more.env } }).status === 0;
}

function byApt() {
  if (platform !== "linux" || process.getuid() !== 0 || !onPath("apt-get").some(existsSync)) return undefined;
  const quiet = { env: { DEBIAN_FRONTEND: "noninteractive" } };
  // Lists that are old may be good enough, and so may what a failed install left.
  run("apt-get", ["-q", "update"], quiet);
  run("apt-get", ["-q", "install", "-y", "--no-install-recommends", "chromium"], quiet);
  return findChromium();
}

/** A Chromium without a window, as an npm package: it needs no rights. */
function byNpm() {
  if (platform !== "linux" || process.arch !== "x64") return undefined;
  const temporary = join(cache, "unpacked");
  mkdirSync(temporary, { recursive: true });
  // Not into our own package.json: a prefix of its own.
  if (!run("npm", ["install", "--prefix", cache, "--no-save", "--no-audit", "--no-fund", PACKAGE])) return undefined;
  const unpack = 'import("@sparticuz/chromium").then(({ default: chromium }) => chromium.executablePath())';
  run(process.execPath, ["-e", unpack], { cwd: cache, env: { TMPDIR: temporary } });
  return findChromium();
}

function needChromium() {
  if (env.CHROME) {
    if (runs(env.CHROME)) return env.CHROME;
    console.error(`CHROME=${env.CHROME} does not run.`);
    return undefined;
  }
  const path = findChromium() ?? byApt() ?? byNpm();
  if (!path) console.error("There is no Chromium here, and none could be installed. Install Chromium or Chrome, or name one: CHROME=/path/to/chrome");
  return path;
}

if (process.argv[2] !== "chromium") {
  console.error("usage: node scripts/need.mjs chromium");
  process.exit(2);
}
const path = needChromium();
if (path) console.log(path);
else process.exitCode = 1;
