import assert from "node:assert/strict";
import { setTimeout as wait } from "node:timers/promises";
import { serve, until } from "../check.mjs";
import { inBrowser } from "../chromium.mjs";

const shown = (tab) => tab.value("[...document.querySelectorAll('button, li')].map((one) => one.textContent)");

inBrowser("three rooms: numbers on the doors, a refresh that nobody sees, another room, a closed tab", async (tab, test) => {
  const address = await serve(test, "server.js", { NODE_ENV: "production", GRACE: "1000" });
  const ann = await tab(`${address}/?user=Ann`);
  await until(async () => assert.deepEqual(await shown(ann), ["kitchen · 1", "garden · 0", "library · 0", "☕ Ann (you)"]));
  const [bob, second] = [await tab(`${address}/?user=Bob`), await tab(`${address}/?user=Bob`)];
  await until(async () => assert.deepEqual(await shown(bob), ["kitchen · 2", "garden · 0", "library · 0", "☕ Ann", "☕ Bob (you)"]));

  await ann.value(`globalThis.seen = ["kitchen · 2"]; new MutationObserver(() => {
    const now = document.querySelector("button").textContent;
    if (seen.at(-1) !== now) seen.push(now);
  }).observe(document.body, { childList: true, subtree: true, characterData: true })`);
  await second.close();
  await bob.reload();
  await wait(1_500);
  await bob.value("{ const list = document.querySelector('select'); list.value = '🎻'; void list.dispatchEvent(new Event('change')); }");
  await until(async () => assert.deepEqual(await shown(ann), ["kitchen · 2", "garden · 0", "library · 0", "☕ Ann (you)", "🎻 Bob"]));
  assert.deepEqual(await ann.value("seen"), ["kitchen · 2"], "nobody came or went");

  await bob.value("document.querySelectorAll('button')[1].click()");
  await until(async () => assert.deepEqual(await shown(ann), ["kitchen · 1", "garden · 1", "library · 0", "☕ Ann (you)"]));
  assert.deepEqual(await shown(bob), ["kitchen · 1", "garden · 1", "library · 0", "🎻 Bob (you)"]);
  await bob.close();
  await until(async () => assert.deepEqual(await shown(ann), ["kitchen · 1", "garden · 0", "library · 0", "☕ Ann (you)"]));
});
