import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { setTimeout as sleep } from "node:timers/promises";
import type { Plugin } from "esbuild";
import { launchChromium } from "../../test/support/chromium.js";
import { startPage } from "../page/server.js";
import { buildPlayground, singleFile } from "./build.js";
import type { Report } from "./main.js";
import type { Mistake } from "./tally.js";

/** Writes the playground as one file that needs no server. */
export async function writeFile(root: string, path: string, plugins: readonly Plugin[] = []): Promise<void> {
  writeFileSync(path, singleFile(await buildPlayground(root, plugins), readFileSync(join(root, "scripts/page/site/icon.svg"), "utf8")));
}

export type CheckOptions = {
  readonly root: string;
  readonly chromium: string;
  /** Where the single file goes. */
  readonly file: string;
  readonly plugins?: readonly Plugin[];
  /** Also over real sockets, which takes a real minute. */
  readonly live: boolean;
  /** How much faster than time the simulated minute goes by. */
  readonly speed: number;
  readonly seed: number;
  readonly log: (line: string) => void;
};

/** To a tenth, and never to nothing what is something. */
const s = (ms: number): string => `${(ms / 1_000).toFixed(ms > 0 && ms < 100 ? 3 : 1)} s`;

/** Plays the scripted minute in Chromium. Returns whether headcount was right within its promises, and the naive counter was not. */
export async function check({ root, chromium, file, plugins = [], live, speed, seed, log }: CheckOptions): Promise<boolean> {
  await writeFile(root, file, plugins);
  const browser = await launchChromium(chromium);
  const page = live ? await startPage({ root, port: 0, company: 0, plugins }) : undefined;
  try {
    const address = pathToFileURL(file);
    address.search = String(new URLSearchParams({ play: "", speed: String(speed), seed: String(seed) }));
    const runs = [{ name: "simulated network", url: address.href }, ...(page ? [{ name: "real sockets", url: `${page.url}/playground?play` }] : [])];
    const reports = await Promise.all(runs.map(async ({ name, url }) => {
      const tab = await browser.tab(url);
      for (;;) {
        const report = await tab.value<Report>("playground()");
        if (report.over) return { name, report };
        await sleep(200);
      }
    }));
    for (const { name, report } of reports) print(name, report, log);
    const first = reports[0]?.report.promised;
    if (first) log(`\npromised: who vanishes is gone within ${s(first.leaving)}, who comes is there within ${s(first.coming)}, a line that died unnoticed is said to be old within ${s(first.noticing)}`);
    const both = (counter: "naive" | "headcount"): string => reports.map(({ name, report }) => `${s(report.totals.by[counter].wrong)} (${name})`).join(", ");
    log(`wrong beyond what is promised, of 60 s: the naive counter ${both("naive")}; headcount ${both("headcount")}`);
    return reports.every(({ report: { totals: { by } } }) => by.headcount.wrong === 0 && by.headcount.right > 0 && by.naive.wrong > 0);
  } finally {
    await browser.close();
    await page?.close();
  }
}

/** Writes what the page shows after the scripted minute. */
export async function picture({ root, chromium, file, plugins = [], seed }: Pick<CheckOptions, "root" | "chromium" | "file" | "plugins" | "seed">, path: string): Promise<void> {
  await writeFile(root, file, plugins);
  const browser = await launchChromium(chromium);
  try {
    const tab = await browser.tab(`${pathToFileURL(file).href}?play&speed=20&seed=${seed}`);
    const look = { width: 1_240, height: 1_245 };
    // Shadows are half of the bytes of a picture.
    await tab.value("document.documentElement.style.setProperty('--shadow', 'none')");
    // The timeline is drawn for the width that it has.
    await tab.picture(look);
    while (!(await tab.value<Report>("playground()")).over) await sleep(200);
    writeFileSync(path, await tab.picture(look));
  } finally {
    await browser.close();
  }
}

function print(name: string, { totals: { ms, by, mistakes } }: Report, log: (line: string) => void): void {
  log(`${name}, ${s(ms)}${" ".repeat(Math.max(1, 22 - name.length - s(ms).length))}  right   says so itself   as promised   wrong`);
  for (const counter of ["naive", "headcount"] as const) {
    const { right, says, promised, wrong } = by[counter];
    log(`  ${counter.padEnd(20)} ${s(right).padStart(8)} ${s(says).padStart(16)} ${s(promised).padStart(13)} ${s(wrong).padStart(7)}`);
  }
  for (const mistake of mistakes.filter(({ counter }) => counter === "headcount").slice(0, 10)) log(`  headcount was wrong: ${story(mistake)}`);
}

function story({ tab, user, shows, from, to }: Mistake): string {
  return `tab ${tab} showed ${user} as ${shows} from ${s(from)} to ${s(to)}`;
}
