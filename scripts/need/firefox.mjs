import { homedir } from "node:os";
import { join } from "node:path";
import { apt, named, onPath, runs } from "./shell.mjs";

const { env, platform } = process;

function usualPlaces() {
  if (platform === "darwin") return ["/Applications", join(homedir(), "Applications")].map((folder) => join(folder, "Firefox.app/Contents/MacOS/firefox"));
  if (platform === "win32") return [env.PROGRAMFILES, env["PROGRAMFILES(X86)"], env.LOCALAPPDATA].filter(Boolean).map((folder) => join(folder, "Mozilla Firefox/firefox.exe"));
  return ["/usr/lib/firefox-esr/firefox-esr", "/usr/lib/firefox/firefox", "/snap/bin/firefox"];
}

const findFirefox = () => [...onPath("firefox-esr", "firefox"), ...usualPlaces()].find((path) => runs(path));

/** The path of a Firefox that runs. No npm package carries one: without the rights to use apt there is only what is here. */
export function needFirefox() {
  const chosen = named("FIREFOX");
  if (chosen !== undefined) return chosen;
  let path = findFirefox();
  if (path === undefined) {
    apt("firefox-esr");
    path = findFirefox();
  }
  if (path === undefined) console.error("There is no Firefox here, and none could be installed. Install it (Debian: apt install firefox-esr), or name one: FIREFOX=/path/to/firefox");
  return path;
}
