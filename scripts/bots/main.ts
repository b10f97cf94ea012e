import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { createBot, type Bot } from "./bot.js";
import { chanceOf } from "./chance.js";
import { compare, type Finding } from "./check.js";
import { GRACE, startServer } from "./server.js";
import { LINK_KINDS, type LinkKind } from "./sockets.js";

const values = given();
const botCount = Number(values.bots);
const seconds = Number(values.seconds);
const seed = Number(values.seed);
if (!(botCount >= 2) || !Number.isInteger(botCount) || !(seconds > 0) || !Number.isFinite(seconds) || !Number.isInteger(seed) || (values.only !== undefined && !LINK_KINDS.some((kind) => kind === values.only))) usage();

/** Noisy stretches, each followed by a calm in which everything is compared; the last calm is the end. */
const STRETCHES = 4;
/** How long a calm may take to become right, and how long it must then stay so. */
const PATIENCE = 6_000;
const CALM = 700;
const NAMES = "ann bob cem dia eli fay gus hua ivo jan kim leo mia noa oli pia quy ron sue tom".split(" ");

const chance = chanceOf(seed);
const server = await startServer(Number(process.env.PORT ?? 0));
const users = NAMES.slice(0, Math.max(2, Math.min(NAMES.length, Math.ceil(botCount / 2.5))));
const links = LINK_KINDS.filter((kind) => kind === (values.only ?? kind));
const bots: Bot[] = Array.from({ length: botCount }, (_, i) => {
  const round = Math.floor(i / users.length);
  // By turns, and so that tabs of one user come by both.
  const link = links[(i + round) % links.length] as LinkKind;
  return createBot({ url: server.url, link, user: users[i % users.length] as string, tab: round + 1, chance });
});
const faults = new Map<string, number>();
const started = Date.now();

console.log(`headcount: ${botCount} tabs of ${users.length} users by ${links.join(" and ")}, ${seconds} s of trouble, seed ${seed}, ${server.url}${values.break ? `, with a fault built in: ${values.break}` : ""}`);
for (const bot of bots) if (chance.next() < 0.6) bot.open();

const rows: (Finding & { readonly when: string; readonly syncs: number })[] = [];
for (let stretch = 1; stretch <= STRETCHES; stretch++) {
  await trouble((seconds * 1_000) / STRETCHES);
  rows.push(await calm(stretch === STRETCHES ? "end" : `calm ${stretch}`));
}
report();

function given(): { bots: string; seconds: string; seed: string; break?: string; only?: string } {
  try {
    return parseArgs({
      options: {
        bots: { type: "string", default: "24" },
        seconds: { type: "string", default: "6" },
        seed: { type: "string", default: "1" },
        break: { type: "string" },
        only: { type: "string" },
      },
    }).values;
  } catch {
    // Another argument, or one without its value.
    return usage();
  }
}

function usage(): never {
  console.error("usage: npm start -- [--bots N≥2] [--seconds S>0] [--seed K] [--break merge|seq|last-socket|grace|digest] [--only ws|socket.io]");
  process.exit(2);
}

async function trouble(ms: number): Promise<void> {
  const end = Date.now() + ms;
  let nextLine = Date.now() + 1_000;
  while (Date.now() < end) {
    act(chance.pick(bots) as Bot);
    if (Date.now() >= nextLine) {
      nextLine += 1_000;
      progress();
    }
    await sleep(1_500 / botCount);
  }
}

function act(bot: Bot): void {
  if (!bot.view()) {
    if (chance.next() < 0.25) note("late login", () => { bot.openLate(chance.between(50, 600)); });
    else note("tab opened", bot.open);
    return;
  }
  const dice = chance.next();
  if (dice < 0.2) note("refresh", () => { bot.close(); setTimeout(bot.open, chance.between(20, 300)); });
  else if (dice < 0.35) note("cut", bot.cut);
  else if (dice < 0.42) note("offline", () => { bot.offline(chance.between(500, 1_800)); });
  else if (dice < 0.55) note("stall", () => { bot.stall(chance.between(200, 2_200)); });
  else if (dice < 0.75) note("rename", () => { bot.rename(`${bot.user} ${chance.between(1, 99)}`); });
  else if (dice < 0.85) note("left and returned", () => { bot.step(chance.between(50, 2 * GRACE)); });
  else note("tab closed", bot.close);
}

function note(what: string, run: () => void): void {
  faults.set(what, (faults.get(what) ?? 0) + 1);
  run();
}

/** Waits until all agree, then that they go on agreeing; nobody may have had to ask. */
async function calm(when: string): Promise<(typeof rows)[number]> {
  // What is still under way: stalls, returns, and the grace and lease of those who went.
  await sleep(2_500);
  const before = syncs();
  const limit = Date.now() + PATIENCE;
  let found = compare(bots, server);
  while (found.wrong.length > 0 && Date.now() < limit) {
    await sleep(100);
    found = compare(bots, server);
  }
  for (const end = Date.now() + CALM; found.wrong.length === 0 && Date.now() < end; ) {
    await sleep(100);
    found = compare(bots, server);
  }
  const row = { ...found, when, syncs: syncs() - before };
  console.log(`${time()}  ${when}: ${found.people} people, ${found.connections} connections, ${found.views} views ${found.wrong.length === 0 ? "agree" : "DISAGREE"}`);
  return row;
}

function syncs(): number {
  return bots.reduce((sum, bot) => sum + bot.syncs(), 0);
}

function time(): string {
  return `${((Date.now() - started) / 1_000).toFixed(1).padStart(5)} s`;
}

function progress(): void {
  const { people, connections } = compare(bots, server);
  console.log(`${time()}  people ${people}  connections ${connections}  faults ${[...faults.values()].reduce((a, b) => a + b, 0)}`);
}

function report(): void {
  const flickers = [...server.flickers(), ...bots.flatMap((bot) => bot.flickers().map((what) => `${bot.user}, tab ${bot.tab} (${bot.link}): ${what}`))];
  const wrong = rows.flatMap((row) => row.wrong.map((what) => `${row.when}: ${what}`));
  console.log(`\n${[...faults].map(([what, count]) => `${what} ${count}`).join(" · ")}\n`);
  console.log("when    people  connections  views  disagreements  syncs in calm");
  for (const row of rows) {
    console.log(`${row.when.padEnd(8)}${String(row.people).padStart(6)}${String(row.connections).padStart(13)}${String(row.views).padStart(7)}${String(row.wrong.length).padStart(15)}${String(row.syncs).padStart(15)}`);
  }
  const asked = rows.reduce((sum, row) => sum + row.syncs, 0);
  const bad = [...wrong, ...flickers, ...(asked > 0 ? [`views had to ask ${asked} times in calm`] : [])];
  for (const what of bad.slice(0, 12)) console.log(`  ✗ ${what}`);
  if (bad.length > 12) console.log(`  … and ${bad.length - 12} more`);
  console.log(bad.length === 0 ? "\nEvery view, the registry and the open tabs agree." : `\nWRONG${values.break ? `, as it should be with "${values.break}" built in` : ""}.`);
  server.close();
  for (const bot of bots) bot.close();
  process.exit(bad.length === 0 ? 0 : 1);
}
