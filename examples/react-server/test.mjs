import assert from "node:assert/strict";
import { setTimeout as wait } from "node:timers/promises";
import { serve, until } from "../check.mjs";
import { inBrowser } from "../chromium.mjs";

const shown = (tab) => tab.value("[document.querySelector('h1'), ...document.querySelectorAll('li')].map((one) => one.textContent)");

// That the page takes the server's HTML over without a word of complaint is checked with the rest: no complaint passes.
inBrowser("a page drawn on the server: who is here in its HTML, then live; a refresh that nobody sees, a closed tab", async (tab, test) => {
  const address = new URL(await serve(test, "server.js", { GRACE: "1000" })).origin;
  const html = async () => /<main.*<\/main>/s.exec(await (await fetch(`${address}/?user=Eve`)).text())[0].replaceAll("<!-- -->", "");
  assert.match(await html(), /<h1>…<.h1>/, "of a room that nobody entered yet nothing is known");
  const ann = await tab(`${address}/?user=Ann`);
  await until(async () => assert.deepEqual(await shown(ann), ["1 here", "Ann (you)"]));
  assert.match(await html(), /1 here.*<li>Ann<\/li>/, "drawn, and Eve is not here by that");
  const [bob, second] = [await tab(`${address}/?user=Bob`), await tab(`${address}/?user=Bob`)];
  await until(async () => assert.deepEqual(await shown(ann), ["2 here", "Ann (you)", "Bob"]));
  for (const one of [bob, second]) await until(async () => assert.deepEqual(await shown(one), ["2 here", "Ann", "Bob (you)"]));

  await ann.value(`globalThis.seen = ["2 here"]; new MutationObserver(() => {
    const now = document.querySelector("h1").textContent;
    if (seen.at(-1) !== now) seen.push(now);
  }).observe(document.body, { childList: true, subtree: true, characterData: true })`);
  await bob.close();
  await second.reload();
  await wait(1_500);
  assert.deepEqual(await ann.value("seen"), ["2 here"], "nobody came or went");
  await second.close();
  await until(async () => assert.deepEqual(await shown(ann), ["1 here", "Ann (you)"]));

  // A name that is markup, or the end of a script, is a name.
  const hostile = "</script><script>globalThis.hurt = true</script>";
  const eve = await tab(`${address}/?${new URLSearchParams({ user: hostile })}`);
  await until(async () => assert.deepEqual(await shown(ann), ["2 here", "Ann (you)", hostile]));
  await ann.reload();
  await until(async () => assert.deepEqual(await shown(ann), ["2 here", "Ann (you)", hostile]));
  assert.deepEqual([await ann.value("globalThis.hurt"), await eve.value("globalThis.hurt")], [undefined, undefined]);
});
