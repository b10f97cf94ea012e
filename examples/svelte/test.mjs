import assert from "node:assert/strict";
import { setTimeout as wait } from "node:timers/promises";
import { serve, until } from "../check.mjs";
import { inBrowser } from "../chromium.mjs";

const shown = (tab) => tab.value("[...document.querySelectorAll('li, [role=status]')].map((one) => one.textContent.trim())");

inBrowser("a table: who is ready, a refresh that nobody sees, a closed tab", async (tab, test) => {
  const address = await serve(test, "server.js", { NODE_ENV: "production", GRACE: "1000" });
  const ann = await tab(`${address}/?user=Ann`);
  await until(async () => assert.deepEqual(await shown(ann), ["… Ann (you)", "waiting for 1 of 1"]));
  const [bob, second] = [await tab(`${address}/?user=Bob`), await tab(`${address}/?user=Bob`)];
  for (const one of [bob, second]) await until(async () => assert.deepEqual(await shown(one), ["… Ann", "… Bob (you)", "waiting for 2 of 2"]));
  await until(async () => assert.deepEqual(await shown(ann), ["… Ann (you)", "… Bob", "waiting for 2 of 2"]));

  await ann.value(`globalThis.seen = ["waiting for 2 of 2"]; new MutationObserver(() => {
    const now = document.querySelector("[role=status]").textContent.trim();
    if (seen.at(-1) !== now) seen.push(now);
  }).observe(document.body, { childList: true, subtree: true, characterData: true })`);
  await second.close();
  await bob.reload();
  await wait(1_500);
  assert.deepEqual(await ann.value("seen"), ["waiting for 2 of 2"], "nobody came or went");

  await bob.value("document.querySelector('button').click()");
  await until(async () => assert.deepEqual(await shown(ann), ["… Ann (you)", "✓ Bob", "waiting for 1 of 2"]));
  await ann.value("document.querySelector('button').click()");
  await until(async () => assert.deepEqual(await shown(bob), ["✓ Ann", "✓ Bob (you)", "all 2 are ready"]));
  await bob.close();
  await until(async () => assert.deepEqual(await shown(ann), ["✓ Ann (you)", "all 1 are ready"]));
});
