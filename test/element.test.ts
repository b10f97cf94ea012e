import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { build } from "esbuild";
import { createElement } from "react";
import { renderToReadableStream, renderToString } from "react-dom/server";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocketServer } from "ws";
import { UserPresence } from "../src/adapters/react.js";
import { attachWs } from "../src/adapters/ws.js";
import { createRegistry } from "../src/server/index.js";
import type { FakeUser } from "../src/testing/fakes/fake-view.js";
import { fakeRoom } from "../src/testing/fakes/index.js";
import { launchChromium, type Chromium, type Tab } from "./support/chromium.js";
import { runNode } from "./support/run.js";
import { root } from "./support/sources.js";
import { until } from "./support/until.js";

const picture = process.env.npm_lifecycle_event === "element:picture";
const { code, output } = await runNode(["scripts/need.mjs", "chromium"], "", 9 * 60_000);
const path = code === 0 ? output.trim().split("\n").at(-1) : undefined;
if (path === undefined) console.warn(`test/element.test.ts: SKIPPED, there is no Chromium.\n${output}`);

it("has a Chromium, or is not in CI", () => {
  if (process.env.CI) expect(path, output).toBeDefined();
});

const [snippet = ""] = [...readFileSync(join(root, "README.md"), "utf8").matchAll(/^```html\n(.*?)^```$/gms)].map(([, text]) => text!).filter((text) => text.includes("<user-presence"));

/** A page whose rooms the test fills: `put(name, view, attributes)`, `room(name).show(view)`. */
const FAKES = `
import { defineUserPresence } from "../src/adapters/element.ts";
import { fakeRoom } from "../src/testing/fakes/fake-room.ts";
const rooms = new Map();
globalThis.room = (name) => rooms.get(name);
globalThis.put = (name, view, attributes = {}, inside = document.querySelector("main")) => {
  rooms.set(name, fakeRoom(view, name));
  const element = document.createElement("user-presence");
  element.dataset.host = "";
  for (const [key, value] of Object.entries({ room: name, ...attributes })) element.setAttribute(key, value);
  inside.append(element);
};
defineUserPresence({ client: { room: (name) => rooms.get(name) } });
`;
/** The same, by React's component. */
const REACT_FAKES = `
import { createElement } from "react";
import { createRoot } from "react-dom/client";
import { UserPresence } from "../src/adapters/react.ts";
import { fakeRoom } from "../src/testing/fakes/fake-room.ts";
const rooms = new Map();
globalThis.room = (name) => rooms.get(name);
globalThis.put = (name, view, { max } = {}, inside = document.querySelector("main")) => {
  rooms.set(name, fakeRoom(view, name));
  const element = document.createElement("div");
  element.dataset.host = "";
  inside.append(element);
  createRoot(element).render(createElement(UserPresence, { room: rooms.get(name), max: max && Number(max) }));
  return new Promise((drawn) => { setTimeout(drawn, 20); });
};
`;
/** What takes over what `drawn` drew. */
const TAKES_OVER = `
import { createElement as h } from "react";
import { hydrateRoot } from "react-dom/client";
import { UserPresence } from "../src/adapters/react.ts";
import { fakeRoom } from "../src/testing/fakes/fake-room.ts";
globalThis.complaints = [];
addEventListener("error", ({ message }) => complaints.push(message));
console.error = (...words) => complaints.push(words.join(" "));
hydrateRoot(document.querySelector("main"), h(UserPresence, { room: fakeRoom(USERS) }));
`;
const html = (lang: string, body: string): string => `<!doctype html><html ${lang}><head><meta charset="utf-8"><title>Who is here</title>
<meta name="viewport" content="width=device-width"><link rel="stylesheet" href="/page.css"></head><body>${body}</body></html>`;
const FACES_IN_REACT = '<main><h1>Faces</h1></main><script type="module" src="/react-fakes.js"></script>';
const FACES = '<main><h1>Faces</h1></main><script type="module" src="/fakes.js"></script>';
const CSS = ":root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;margin:1.5rem}h1{font-size:1rem;margin:0 0 1rem}main{display:grid;gap:1rem;justify-items:start}";

async function bundled(source: string): Promise<string> {
  const { outputFiles } = await build({ stdin: { contents: source, resolveDir: join(root, "test"), loader: "ts" }, bundle: true, write: false, format: "esm", logLevel: "silent" });
  return outputFiles[0]!.text;
}

const AXE = readFileSync(join(root, "node_modules/axe-core/axe.min.js"), "utf8");

const PEOPLE: readonly FakeUser<unknown>[] = [
  { id: "ann", meta: { name: "Ann Lee", picture: "/ann.svg" } }, { id: "bob", meta: { name: "Bob Stone" } }, { id: "cem", meta: { name: "Cem Öz" } },
  { id: "dora", meta: { name: "ليلى حسن" } }, { id: "eve", meta: { name: "Eve" } }, { id: "fay", meta: { name: "Fay <b>Day</b>" } }, { id: "gus", meta: { name: "Gus" } }, { id: "hal", meta: { name: "Hal" } },
];

describe.runIf(path !== undefined)("<user-presence> in Chromium", { timeout: 60_000 }, () => {
  let http: Server;
  let url: string;
  let browser: Chromium;
  const registry = createRegistry();

  beforeAll(async () => {
    const body = createElement("body", null, [1, 2].map((key) => createElement(UserPresence, { key, room: fakeRoom({ users: PEOPLE }), nonce: "n0nce" })));
    const nonced = await new Response(await renderToReadableStream(createElement("html", null, createElement("head"), body), { nonce: { style: "n0nce" } })).text();
    const drawn = renderToString(createElement(UserPresence, { room: fakeRoom({ users: PEOPLE }) }));
    const files = new Map([
      ["/", html('lang="en"', FACES)],
      ["/rtl", html('lang="ar" dir="rtl"', FACES)],
      ["/readme", html('lang="en"', `<main><h1>Page</h1>${snippet}</main>`)],
      ["/page.css", CSS],
      ["/react", html('lang="en"', FACES_IN_REACT)],
      ["/react-rtl", html('lang="ar" dir="rtl"', FACES_IN_REACT)],
      ["/drawn", html('lang="en"', `<main>${drawn}</main>`)],
      ["/nonced", nonced],
      ["/taken-over", html('lang="en"', `<main>${drawn}</main><script type="module" src="/takes-over.js"></script>`)],
      ["/takes-over.js", await bundled(TAKES_OVER.replace("USERS", JSON.stringify({ users: PEOPLE })))],
      ["/fakes.js", await bundled(FAKES)],
      ["/react-fakes.js", await bundled(REACT_FAKES)],
      ["/headcount/user-presence.js", await bundled('export * from "../src/user-presence.ts";')],
      ["/ann.svg", '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><rect width="8" height="8" fill="#fcd34d"/><circle cx="4" cy="3.2" r="1.6" fill="#78350f"/><circle cx="4" cy="8" r="3" fill="#78350f"/></svg>'],
    ]);
    http = createServer((request, response) => {
      const name = request.url ?? "/";
      const type = name.endsWith(".js") ? "text/javascript" : name.endsWith(".css") ? "text/css" : name.endsWith(".svg") ? "image/svg+xml" : "text/html";
      // Nothing inline: neither scripts nor styles, but for what a server draws and no script touches.
      response.writeHead(files.has(name) ? 200 : 404, { "content-type": `${type}; charset=utf-8`, "content-security-policy": `default-src 'self'; connect-src 'self' ws:; object-src 'none'${name === "/drawn" ? "; style-src 'unsafe-inline'" : name === "/nonced" ? "; style-src 'nonce-n0nce'" : ""}` }).end(files.get(name));
    });
    let people = 0;
    attachWs(new WebSocketServer({ server: http }), registry, { identify: () => ({ user: `u${++people}`, meta: { name: `Visitor ${people}` } }), authorize: () => true });
    await new Promise<void>((resolve) => { http.listen(0, "127.0.0.1", resolve); });
    url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
    browser = await launchChromium(path!);
  }, 60_000);

  afterAll(async () => {
    await browser.close();
    registry.close();
    http.closeAllConnections();
    http.close();
  });

  const open = async (page: string): Promise<Tab> => {
    const tab = await browser.tab(url + page);
    await until(async () => { expect(await tab.value("!!document.querySelector('user-presence, .hc-face') || typeof put === 'function'")).toBe(true); });
    return tab;
  };
  const put = (tab: Tab, name: string, view: object, attributes: object = {}): Promise<unknown> => tab.value(`put(${JSON.stringify(name)}, ${JSON.stringify(view)}, ${JSON.stringify(attributes)})`);
  const inside = <T>(tab: Tab, expression: string): Promise<T> => tab.value(`((host) => { const root = host.shadowRoot ?? host; const $ = (name) => root.querySelector(".hc-" + name); return ${expression}; })(document.querySelector("[data-host], user-presence"))`);
  const key = async (tab: Tab, name: string, codeOf: number): Promise<void> => {
    for (const type of ["keyDown", "keyUp"]) await tab.send("Input.dispatchKeyEvent", { type, key: name, code: name, windowsVirtualKeyCode: codeOf });
  };
  const scheme = (tab: Tab, value: "light" | "dark"): Promise<unknown> => tab.send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value }] });
  const STALE = new Date(2026, 10, 24, 12, 3).getTime();

  it("[U15] the README's tag shows who is here, as it stands there", async () => {
    const [ann, bob] = [await open("/readme"), await open("/readme")];
    await until(async () => {
      for (const tab of [ann, bob]) expect(await inside(tab, "$('count')?.textContent")).toBe("2 here");
      expect(await inside(bob, "[...root.querySelectorAll('.hc-name')].map((one) => one.textContent)")).toEqual(["Visitor 1", "Visitor 2 (you)"]);
    });
    await ann.close();
    expect(registry.connectionCount("project-1")).toBeGreaterThan(0);
    await bob.close();
  });

  it.each(["/", "/rtl", "/react", "/react-rtl"])("[U14] axe finds nothing, light and dark, live, stale, before the first answer and with nobody: %s", async (page) => {
    const tab = await open(page);
    await put(tab, "live", { users: PEOPLE, self: "eve" });
    await put(tab, "stale", { users: PEOPLE, status: "stale", staleSince: STALE });
    await put(tab, "syncing", { status: "syncing" });
    await put(tab, "ended", { status: "ended" });
    await put(tab, "nobody", { users: [] });
    await put(tab, "count", { userCount: 70_000 });
    await tab.value(`${AXE};void 0`);
    for (const look of ["light", "dark"] as const) {
      await scheme(tab, look);
      for (const focused of [false, true]) {
        await inside(tab, focused ? "$('names').focus()" : "document.activeElement?.blur()");
        const found = await tab.value<{ violations: string[]; passes: string[] }>(`axe.run(document, { resultTypes: ["violations"] }).then(({ violations, passes }) => ({
          violations: violations.map(({ id, nodes }) => id + " " + nodes.map(({ html, failureSummary }) => html + failureSummary).join()), passes: passes.map(({ id }) => id) }))`);
        expect(found.violations, look).toEqual([]);
        expect(found.passes).toContain("color-contrast");
      }
    }
    await tab.close();
  });

  it("[U12] white on every colour has a contrast of 4.5, and every colour stands out from white and from a dark page by 3", async () => {
    const tab = await open("/");
    const least = await tab.value<number[]>(`(() => {
      const context = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
      const light = (colour) => {
        context.fillStyle = "#123456";
        context.fillStyle = colour;
        context.fillRect(0, 0, 1, 1);
        const [r, g, b] = [...context.getImageData(0, 0, 1, 1).data].map((c) => c / 255).map((c) => (c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4));
        return .2126 * r + .7152 * g + .0722 * b;
      };
      const contrast = (a, b) => (Math.max(light(a), light(b)) + .05) / (Math.min(light(a), light(b)) + .05);
      const all = Array.from({ length: 360 }, (_, hue) => "oklch(.53 .13 " + hue + ")");
      return [Math.min(...all.map((colour) => contrast(colour, "#fff"))), Math.min(...all.map((colour) => contrast(colour, "#121212")))];
    })()`);
    expect(least[0]).toBeGreaterThanOrEqual(4.5);
    expect(least[1]).toBeGreaterThanOrEqual(3);
    // That it is these which are drawn.
    await put(tab, "one", { users: PEOPLE.slice(1, 2) });
    expect(await inside(tab, "getComputedStyle($('avatar')).backgroundColor")).toMatch(/^oklch\(0\.53 0\.13 /);
    expect(await inside(tab, "getComputedStyle($('avatar')).color")).toBe("rgb(255, 255, 255)");
    await tab.close();
  });

  it.each(["/", "/rtl", "/react", "/react-rtl"])("[U14] Tab stops once, the names are seen on focus and on hover inside of the window, Escape puts them away: %s", async (page) => {
    const tab = await open(page);
    await tab.send("Emulation.setDeviceMetricsOverride", { width: 320, height: 600, deviceScaleFactor: 1, mobile: false });
    // At the side where there is no room for them.
    await tab.value('void document.querySelector("main").style.setProperty("justify-items", "end")');
    await put(tab, "long", { users: [...PEOPLE, { id: "y", meta: {} }, { id: "x", meta: { name: "W".repeat(59) } }] }, { max: "10" });
    const box = () => inside<{ left: number; right: number; width: number; height: number }>(tab, "$('names').getBoundingClientRect().toJSON()");
    const folded = () => inside(tab, "getComputedStyle($('names')).clipPath");
    expect(await folded()).toBe("inset(50%)");
    await key(tab, "Tab", 9);
    expect(await inside(tab, "(host.shadowRoot ?? document).activeElement === $('names')")).toBe(true);
    const seen = async (): Promise<void> => {
      const { left, right, width, height } = await box();
      expect(width).toBeGreaterThan(150);
      expect(height).toBeGreaterThan(100);
      expect(left).toBeGreaterThanOrEqual(0);
      expect(right).toBeLessThanOrEqual(320);
    };
    await seen();
    await key(tab, "Escape", 27);
    expect(await folded()).toBe("inset(50%)");
    await key(tab, "Tab", 9);
    expect(await inside(tab, "root.querySelector(':focus')")).toBe(null);
    const { left, top } = await inside<{ left: number; top: number }>(tab, "$('stack').getBoundingClientRect().toJSON()");
    await tab.send("Input.dispatchMouseEvent", { type: "mouseMoved", x: left + 5, y: top + 5 });
    await seen();
    // Wherever the focus is.
    await tab.value("document.activeElement?.blur()");
    await key(tab, "Escape", 27);
    expect(await folded()).toBe("inset(50%)");
    // A family name in another script turns itself and nothing else; a bold one is its text.
    expect(await inside(tab, "[...root.querySelectorAll('.hc-name')].slice(3, 6).map((one) => [one.textContent, getComputedStyle(one).unicodeBidi])"))
      .toEqual([["ليلى حسن", "isolate"], ["Eve", "isolate"], ["Fay <b>Day</b>", "isolate"]]);
    // "10 here" stays so, and the first is where the text begins.
    const order = await inside<number[]>(tab, "[0, 3].map((at) => { const range = document.createRange(); range.setStart($('count').firstChild, at); range.setEnd($('count').firstChild, at + 1); return range.getBoundingClientRect().x; })");
    expect(order[0]).toBeLessThan(order[1]!);
    const xs = await inside<number[]>(tab, "[...root.querySelectorAll('.hc-stack .hc-avatar')].map((one) => one.getBoundingClientRect().x)");
    expect(xs).toEqual([...xs].sort((a, b) => (page.endsWith("rtl") ? b - a : a - b)));
    await tab.close();
  });

  it("[U14] nothing moves", async () => {
    const tab = await open("/");
    await put(tab, "r", { users: PEOPLE, status: "stale", staleSince: STALE });
    await inside(tab, "$('names').focus()");
    expect(await tab.value("document.getAnimations({ subtree: true }).length")).toBe(0);
    await tab.close();
  });

  it.each(["/", "/react"])("[U11] a hostile crowd starts no script and breaks no layout: %s", async (page) => {
    const tab = await open(page);
    const names = ["<img src=x onerror='globalThis.pwned=1'>", "\u202Egnp.exe", "👨‍👩‍👧‍👦".repeat(372), `a${"\u0301".repeat(4_000)}`, "﷽".repeat(60)];
    const pictures = ["javascript:globalThis.pwned=1", "data:text/html,<script>parent.pwned=1</script>", "data:image/svg+xml,<svg onload='parent.pwned=1'/>", "/none.png", "\0"];
    await put(tab, "r", { users: names.map((name, i) => ({ id: `u${i}`, meta: { name, picture: pictures[i] } })) });
    await until(async () => { expect(await inside(tab, "[...root.querySelectorAll('img')].length")).toBe(0); });
    expect(await tab.value("globalThis.pwned")).toBeUndefined();
    const sizes = await inside<number[][]>(tab, "[...root.querySelectorAll('.hc-stack .hc-avatar')].map((one) => [one.offsetWidth, one.offsetHeight])");
    expect(sizes).toEqual(names.map(() => [32, 32]));
    expect(await inside(tab, "host.offsetHeight")).toBeLessThan(50);
    await tab.close();
  });

  it.each(["/", "/react"])("[U14] a list of names that is longer than its place is scrolled by keyboard: %s", async (page) => {
    const tab = await open(page);
    await tab.send("Emulation.setDeviceMetricsOverride", { width: 400, height: 400, deviceScaleFactor: 1, mobile: false });
    await put(tab, "long", { users: Array.from({ length: 30 }, (_, i) => ({ id: `u${i}`, meta: { name: `User ${i}` } })) });
    const state = () => inside<{ focused: string; scrolled: number; folded: string }>(tab, "({ focused: root.querySelector(':focus')?.className, scrolled: $('names').scrollTop, folded: getComputedStyle($('names')).clipPath })");
    await key(tab, "Tab", 9);
    expect(await state()).toEqual({ focused: "hc-names", scrolled: 0, folded: "none" });
    await tab.value(`${AXE};void 0`);
    expect(await tab.value("axe.run(document).then(({ violations }) => violations.map(({ id }) => id))")).toEqual([]);
    await key(tab, "End", 35);
    await until(async () => { expect((await state()).scrolled).toBeGreaterThan(300); });
    await key(tab, "Escape", 27);
    expect(await state()).toMatchObject({ focused: "hc-names", folded: "inset(50%)" });
    await key(tab, "Tab", 9);
    expect((await state()).focused).toBeUndefined();
    await tab.close();
  });

  it.each(["/", "/react"])("[U14] the names open where the window has room, whatever the page's body is: %s", async (page) => {
    const tab = await open(page);
    await tab.send("Emulation.setDeviceMetricsOverride", { width: 1_000, height: 500, deviceScaleFactor: 1, mobile: false });
    await tab.value('void (document.body.style.cssText = "width:500px;margin:0 auto", document.querySelector("main").style.cssText = "display:block;padding:420px 0 0 300px")');
    await put(tab, "r", { users: PEOPLE.slice(0, 4) });
    const { x, y } = await inside<{ x: number; y: number }>(tab, "$('stack').getBoundingClientRect().toJSON()");
    await tab.send("Input.dispatchMouseEvent", { type: "mouseMoved", x: x + 5, y: y + 5 });
    const [face, names] = await inside<{ left: number; top: number; bottom: number }[]>(tab, "['face', 'names'].map((name) => $(name).getBoundingClientRect().toJSON())");
    expect(names!.left).toBe(face!.left);
    expect(names!.top).toBeGreaterThan(0);
    expect(names!.bottom).toBeLessThanOrEqual(500);
    await tab.close();
  });

  it("[U14] faces, dot and names are seen where colours are the system's few", async () => {
    const tab = await open("/");
    await put(tab, "live", { users: PEOPLE });
    await tab.send("Emulation.setEmulatedMedia", { features: [{ name: "forced-colors", value: "active" }] });
    await inside(tab, "$('names').focus()");
    const lines = await inside<string[]>(tab, "[...['avatar', 'dot'].map((name) => getComputedStyle($(name)).outline), getComputedStyle($('names')).border]");
    const [front, back] = await inside<string[]>(tab, "((one) => [one.color, one.backgroundColor])(getComputedStyle($('names')))");
    expect(front).not.toBe(back);
    for (const line of lines) expect([line.includes("1px"), line.includes("solid"), line.includes(front!)], line).toEqual([true, true, true]);
    await tab.close();
  });

  it.each(["/", "/react"])("[U12] looks as it should in the page of another window, and again in its own; aligned as it reads in a page that centres: %s", async (page) => {
    const tab = await open(page);
    const looks = await tab.value<unknown[]>(`(async () => {
      const frame = document.createElement("iframe");
      frame.width = 600;
      document.querySelector("main").append(frame);
      document.body.style.textAlign = "center";
      const { body } = frame.contentDocument;
      await put("r", ${JSON.stringify({ users: PEOPLE, status: "stale", staleSince: STALE })}, {}, body);
      const host = body.firstElementChild;
      const look = () => { const $ = (name) => (host.shadowRoot ?? host).querySelector(".hc-" + name); return [$("avatar").offsetWidth, getComputedStyle($("names")).clipPath, getComputedStyle($("status")).textAlign]; };
      const inFrame = look();
      document.querySelector("main").append(host);
      const inPage = host.shadowRoot ? look() : inFrame;
      body.append(host);
      // A document without a window, as a popup's is that was closed.
      const none = document.implementation.createHTMLDocument("").body;
      await put("none", { userCount: 7 }, {}, none);
      const there = none.firstElementChild;
      return [inFrame, inPage, look(), (there.shadowRoot ?? there).querySelector(".hc-count").textContent];
    })()`);
    expect(looks.pop()).toBe("7 here");
    for (const look of looks) expect(look).toEqual([32, "inset(50%)", "start"]);
    await tab.close();
  });

  it("[U6] what a server drew looks as it should before any script runs, and after where a page allows no style written into it", async () => {
    const drawn = await open("/drawn");
    const taken = await open("/taken-over");
    await until(async () => { expect(await taken.value("document.adoptedStyleSheets.length")).toBe(1); });
    for (const tab of [drawn, taken]) {
      const look = await tab.value<unknown[]>(`[getComputedStyle(document.querySelector(".hc-avatar")).backgroundColor, document.querySelector(".hc-avatar").offsetWidth, getComputedStyle(document.querySelector(".hc-names")).clipPath]`);
      expect(look).toEqual([expect.stringMatching(/^oklch\(0\.53 0\.13 /), 32, "inset(50%)"]);
    }
    expect(await drawn.value("document.querySelectorAll('img').length")).toBe(0);
    await until(async () => { expect(await taken.value("[...document.querySelectorAll('img')].map((image) => image.naturalWidth > 0)")).toEqual([true, true]); });
    expect(await taken.value("complaints")).toEqual([]);
    // With a nonce, which React is given as well, all but the colours, which are attributes.
    const nonced = await open("/nonced");
    expect(await nonced.value("[document.querySelectorAll('style').length, document.querySelector('.hc-avatar').offsetWidth, getComputedStyle(document.querySelector('.hc-names')).clipPath]")).toEqual([1, 32, "inset(50%)"]);
    for (const tab of [drawn, taken, nonced]) await tab.close();
  });

  it.runIf(picture)("takes the pictures", async () => {
    const tab = await open("/");
    await tab.value(`void (() => {
      const main = document.querySelector("main");
      main.replaceChildren();
      document.body.style.margin = 0;
      main.style.cssText = "display:grid;grid-template-columns:1fr 1fr;gap:0;justify-items:stretch";
      globalThis.cell = (look, dir, name, view, open) => {
        const cell = document.createElement("div");
        cell.style.cssText = "padding:24px;height:" + (open ? 272 : 40) + "px;color-scheme:" + look + ";background:Canvas;color:CanvasText";
        cell.dir = dir;
        cell.lang = dir === "rtl" ? "ar" : "en-GB";
        main.append(cell);
        put(name, view, {}, cell);
      };
    })()`);
    const view = JSON.stringify({ users: PEOPLE, self: "eve" });
    const stale = JSON.stringify({ users: PEOPLE, self: "eve", status: "stale", staleSince: STALE });
    await tab.value(`void (cell("light", "ltr", "a", ${view}, true), cell("dark", "ltr", "b", ${view}, true), cell("light", "ltr", "c", ${stale}), cell("light", "rtl", "d", ${view}))`);
    await tab.value(`void document.querySelectorAll("user-presence").forEach((host, i) => {
      // Two can't be hovered at once: these look as if.
const rule = [...host.shadowRoot.adoptedStyleSheets[0].cssRules].find(({ selectorText }) => selectorText?.includes(":hover"));
      if (i < 2) host.shadowRoot.querySelector(".hc-names").style.cssText = rule.style.cssText + ";max-height:none";
    })`);
    await sleep(300);
    const png = await tab.picture({ width: 920, height: 408, scale: 1 });
    expect(png.length).toBeLessThan(60_000);
    writeFileSync(join(root, "docs/user-presence.png"), png);
    await tab.close();
  });
});
