// `node scripts/need.mjs chromium` prints the path of a Chromium that runs: one that is here, or one that it installs. `firefox` and `webkit`
// (whose driver it prints) likewise. Where none is to be had it says on stderr what to install, and exits 1.
// CHROME=/path/to/one is taken before all others, and FIREFOX and WEBKIT_DRIVER.
import { needChromium } from "./need/chromium.mjs";
import { needFirefox } from "./need/firefox.mjs";
import { needWebKit } from "./need/webkit.mjs";

const ENGINES = new Map([["chromium", needChromium], ["firefox", needFirefox], ["webkit", needWebKit]]);

const need = ENGINES.get(process.argv[2]);
if (!need) {
  console.error(`usage: node scripts/need.mjs ${[...ENGINES.keys()].join("|")}`);
  process.exit(2);
}
const path = need();
if (path) console.log(path);
else process.exitCode = 1;
