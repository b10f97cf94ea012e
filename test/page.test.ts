import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { ROOM } from "../scripts/bots/server.js";
import { startPage, type Page } from "../scripts/page/server.js";
import { launchChromium, type Chromium, type Tab } from "./support/chromium.js";
import { runNode } from "./support/run.js";
import { root } from "./support/sources.js";
import { until } from "./support/until.js";

/** What a tab shows, or what it should. */
type Shown = { readonly status: string; readonly people: string; readonly connections: string; readonly list: readonly (readonly [user: string, name: string, tabs: number])[] };

const picture = process.env.npm_lifecycle_event === "demo:picture";
// An installation may take minutes.
const { code, output } = await runNode(["scripts/need.mjs", "chromium"], "", 9 * 60_000);
const path = code === 0 ? output.trim().split("\n").at(-1) : undefined;
if (path === undefined) console.warn(`test/page.test.ts: SKIPPED, there is no Chromium.\n${output}`);

it("has a Chromium, or is not in CI", () => {
  if (process.env.CI) expect(path, output).toBeDefined();
});

/** As short as a page that loads on a busy machine allows. */
const TIMES = { grace: 2_500, lease: 3_000, ping: 500, tick: 100, heartbeat: 500 };
const FREEZE = 7_000;

let page: Page;
let browser: Chromium;
let tabs: Tab[] = [];

async function start(company: number): Promise<void> {
  page = await startPage({ root, port: 0, company, freeze: FREEZE, ...(!picture && { times: TIMES }) });
}

async function open(user: string, link = "ws"): Promise<Tab> {
  const tab = await browser.tab(`${page.url}/?${new URLSearchParams({ user, link })}`);
  tabs.push(tab);
  return tab;
}

const shown = (tab: Tab): Promise<Shown> => tab.value(`({
  status: document.querySelector("#status").dataset.status,
  people: document.querySelector("#user-count").textContent,
  connections: document.querySelector("#connection-count").textContent,
  list: [...document.querySelectorAll("#people > li")].map((li) => [li.dataset.user, li.querySelector(".name").textContent, Number(li.dataset.tabs)]),
})`);

/** What was said in a tab, the oldest first. */
const news = (tab: Tab): Promise<string[]> => tab.value('[...document.querySelectorAll("#feed li > span")].map((span) => span.textContent).reverse()');

function truth(): Shown {
  const users = page.registry.users(ROOM);
  return {
    status: "live",
    people: String(page.registry.userCount(ROOM)),
    connections: String(page.registry.connectionCount(ROOM)),
    list: users.map(({ id, meta, connections }) => [id, meta.name, connections.length]),
  };
}

/** Every tab shows what the registry holds, and that is so many people with so many connections. */
async function agree(people: number, connections: number, among = tabs): Promise<void> {
  await until(async () => {
    expect([page.registry.userCount(ROOM), page.registry.connectionCount(ROOM)]).toEqual([people, connections]);
    for (const tab of among) expect(await shown(tab)).toEqual(truth());
  });
}

async function renamed(tab: Tab, name: string): Promise<void> {
  await tab.value(`document.querySelector("#name").value = ${JSON.stringify(name)}`);
  await tab.click("#rename button");
}

describe.skipIf(path === undefined || picture)("the page, in a real Chromium", () => {
  beforeAll(async () => { browser = await launchChromium(path!); }, 60_000);
  afterAll(async () => { await browser.close(); });
  afterEach(async () => {
    await Promise.all(tabs.splice(0).map((tab) => tab.close()));
    await page.close();
  });

  it("[V1, H5, pain P01, pain P02] shows in five tabs of two users what the registry holds, while one is closed, one refreshed, one cut and one frozen", { timeout: 60_000 }, async () => {
    await start(0);
    const [ann1, ann2, ann3] = [await open("ann"), await open("ann"), await open("ann")];
    const [bob1, bob2] = [await open("bob", "socket.io"), await open("bob", "socket.io")];
    await agree(2, 5);

    await ann3.close();
    tabs = [ann1, ann2, bob1, bob2];
    await agree(2, 4);

    await ann2.reload();
    await agree(2, 4);

    await bob1.click("#cut");
    await until(async () => { expect(await news(bob1)).toContain("My line is silent: what I show may be old"); });
    await agree(2, 4);

    await bob2.value('globalThis.heard = []; for (const type of ["freeze", "resume"]) document.addEventListener(type, () => heard.push(type))');
    await bob2.freeze(true);
    await renamed(ann1, "Ann of the north");
    await until(() => { expect(page.registry.users(ROOM).map(({ meta }) => meta.name)).toContain("Ann of the north"); });
    await until(async () => { for (const tab of [ann1, ann2, bob1]) expect(await shown(tab)).toEqual(truth()); });
    await bob2.freeze(false);
    await agree(2, 4);
    expect(await bob2.value("heard")).toEqual(["freeze", "resume"]);

    for (const tab of [ann1, bob1, bob2]) expect((await news(tab)).filter((line) => / (joined|left)/.test(line)), "in the news of who stayed").toEqual(tab === ann1 ? ["bob joined"] : []);
  });

  it("[H2, V3] lets people whose lines are frozen time out, and return", { timeout: 60_000 }, async () => {
    await start(0);
    const ann = await open("ann");
    const frozen = [await open("bob", "ws"), await open("cem", "socket.io")];
    await agree(3, 3);
    for (const tab of frozen) {
      await tab.value(`new MutationObserver(() => {
        if (/does not know/.test(document.querySelector("#check").textContent)) (globalThis.doubts ??= new Set()).add(document.querySelector("#status").dataset.status);
      }).observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true })`);
      await tab.click("#freeze");
    }
    await agree(1, 1, [ann]);
    // They know nothing of that: each sees how it was, and that it is old.
    await until(async () => { for (const tab of frozen) expect(await shown(tab)).toMatchObject({ status: "stale", people: "3" }); });
    await agree(3, 3);
    for (const tab of frozen) expect(await tab.value("[...doubts]"), "as what the page shows itself while it says that it does not know").toEqual(["stale"]);
    const told = (await news(ann)).filter((line) => / (joined|left)/.test(line));
    expect(told.slice(2).sort()).toEqual(["bob joined", "bob left: fell silent for too long", "cem joined", "cem left: fell silent for too long"]);
  });

  it("[H7, R10] takes names for text, and people at their word when they leave", { timeout: 60_000 }, async () => {
    await start(0);
    const [ann, bob] = [await open("__proto__"), await open("bob")];
    const name = '<img src=x onerror="document.title=1">';
    await renamed(ann, name);
    await until(async () => { expect(await shown(bob)).toMatchObject({ list: [["__proto__", name, 1], ["bob", "bob", 1]] }); });
    expect(await bob.value("document.images.length")).toBe(1);

    await ann.click("#leave");
    await agree(1, 1);
    expect(await news(bob)).toContain(`${name} left: said goodbye`);
    await ann.click("#leave");
    await agree(2, 2);
  });

  it("is reached by keyboard alone, on a phone as well, and fits", { timeout: 60_000 }, async () => {
    await start(3);
    const ann = await open("ann");
    await ann.picture({ width: 360, height: 740 });
    expect(await ann.value("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
    const reached: string[] = [];
    for (let i = 0; i < 12; i++) {
      for (const type of ["keyDown", "keyUp"]) await ann.send("Input.dispatchKeyEvent", { type, key: "Tab", code: "Tab", windowsVirtualKeyCode: 9 });
      const at = await ann.value<string>('document.activeElement === document.body ? "" : (({ id, textContent }) => id || textContent.trim())(document.activeElement)');
      // Behind the last there is the browser's own, then the first again.
      if (at) expect(await ann.value("getComputedStyle(document.activeElement).outlineStyle"), at).not.toBe("none");
      reached.push(at);
    }
    expect(reached).toEqual(expect.arrayContaining(["name", "Rename me", "another", "refresh", "cut", "freeze", "leave", "feed"]));
  });
});

describe("`npm start`", () => {
  it("answers strangers without falling over", async () => {
    await start(0);
    const answers = await Promise.all(["//", "/%", "/../server.ts", "/tabs/zz/cut", "/state"].map(async (path) => (await fetch(page.url + path)).status));
    expect(answers).toEqual([404, 404, 404, 404, 200]);
    expect((await fetch(`${page.url}/tabs/00/cut`, { method: "POST" })).status).toBe(200);
    expect((await fetch(page.url, { method: "DELETE" })).status).toBe(405);
    await page.close();
  });

  it("serves until Ctrl-C, and says when its port is taken, or its host is not to be had", { timeout: 60_000 }, async () => {
    const first = spawn(process.execPath, ["scripts/start.mjs"], { cwd: root, env: { ...process.env, PORT: "0" } });
    const ended = once(first, "close");
    let said = "";
    first.stdout.on("data", (chunk: Buffer) => { said += chunk.toString(); });
    await until(() => { expect(said).toMatch(/localhost:\d+/); });
    const port = /localhost:(\d+)/.exec(said)![1]!;
    expect(await (await fetch(`http://localhost:${port}/`)).text()).toContain("<title>headcount</title>");

    const second = spawn(process.execPath, ["scripts/start.mjs"], { cwd: root, env: { ...process.env, PORT: port } });
    const complaint = once(second.stderr, "data");
    expect(await once(second, "close")).toEqual([1, null]);
    expect(String((await complaint)[0])).toContain(`Port ${port} is taken.`);

    const third = spawn(process.execPath, ["scripts/start.mjs"], { cwd: root, env: { ...process.env, PORT: "0", HOST: "192.0.2.1" } });
    const another = once(third.stderr, "data");
    expect(await once(third, "close")).toEqual([1, null]);
    expect(String((await another)[0])).toBe("HOST=192.0.2.1 is no address of this machine. All of them: HOST=0.0.0.0 npm start\n");

    first.kill("SIGINT");
    expect(await ended).toEqual([0, null]);
    expect(said).toContain("Sending everybody away");
  });
});

it.runIf(picture && path !== undefined)("takes the picture of the README", { timeout: 60_000 }, async () => {
  browser = await launchChromium(path!);
  await start(7);
  const mine = await open("Sam Green", "socket.io");
  await open("Sam Green", "ws");
  await sleep(20_000);
  writeFileSync(join(root, "docs/demo.png"), await mine.picture({ width: 1280, height: 800 }));
  await browser.close();
  await page.close();
});
