import { existsSync } from "node:fs";
import { apt, onPath } from "./shell.mjs";

const { env, platform } = process;

/** The driver finds its browser by itself. It has no `--version`, and a display is needed to run anything. */
const findDriver = () => (env.WEBKIT_DRIVER ? [env.WEBKIT_DRIVER] : onPath("WebKitWebDriver")).find(existsSync);
const hasDisplay = () => Boolean(env.DISPLAY) || onPath("Xvfb").some(existsSync);

/** The path of a WebKitWebDriver, with a display or what makes one. */
export function needWebKit() {
  if (findDriver() === undefined || !hasDisplay()) apt("webkit2gtk-driver", "xvfb");
  const path = findDriver();
  if (path !== undefined && hasDisplay()) return path;
  const lacks = path === undefined ? "no WebKitWebDriver" : "no display, and no Xvfb that makes one";
  console.error(`There is ${lacks} here, and it could not be installed. ${platform === "linux"
    ? "Install WebKitGTK's driver and Xvfb (Debian: apt install webkit2gtk-driver xvfb), or name the driver: WEBKIT_DRIVER=/path/to/WebKitWebDriver"
    : "WebKit is driven by WebKitGTK's driver, which there is for Linux."}`);
  return undefined;
}
