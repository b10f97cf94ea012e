import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { apt, named, onPath, run, runs } from "./shell.mjs";

const { env, platform } = process;
const cache = fileURLToPath(new URL("../../node_modules/.cache/headcount", import.meta.url));
const unpacked = join(cache, "unpacked", "chromium");
/** The last of the package that runs on Node 20. */
const PACKAGE = "@sparticuz/chromium@143.0.4";

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

function findChromium() {
  const names = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome", "microsoft-edge", "msedge"];
  return [...onPath(...names), ...usualPlaces(), ...downloaded(), unpacked].find(runs);
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

function byApt() {
  apt("chromium");
  return findChromium();
}

/** The path of a Chromium that runs. */
export function needChromium() {
  const chosen = named("CHROME");
  if (chosen !== undefined) return chosen;
  const path = findChromium() ?? byApt() ?? byNpm();
  if (path === undefined) console.error("There is no Chromium here, and none could be installed. Install Chromium or Chrome, or name one: CHROME=/path/to/chrome");
  return path;
}
