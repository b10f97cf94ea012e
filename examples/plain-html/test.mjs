import assert from "node:assert/strict";
import { setTimeout as wait } from "node:timers/promises";
import { serve, until } from "../check.mjs";
import { inBrowser } from "../chromium.mjs";

/** What the tag shows: the names and the number. */
const people = (tab) => tab.value(`(({ shadowRoot }) => [...shadowRoot.querySelectorAll("[part=name]")].map((one) => one.textContent).join() + ": " + shadowRoot.querySelector("[part=count]").textContent)(document.querySelector("user-presence"))`);
/** Who came and went, the oldest first, without the times. */
const news = (tab) => tab.value("[...document.querySelectorAll('ol li')].map((one) => one.textContent.split(' ').slice(-2).join(' ')).reverse()");

inBrowser("one tag: names, a refresh that nobody sees, a closed tab", async (tab, test) => {
  const address = await serve(test, "server.js", { GRACE: "1000" });
  const ann = await tab(`${address}/?user=Ann`);
  await until(async () => assert.equal(await people(ann), "Ann (you): 1 here"));
  const [bob, second] = [await tab(`${address}/?user=Bob`), await tab(`${address}/?user=Bob`)];
  await until(async () => assert.equal(await people(ann), "Ann (you),Bob: 2 here"));
  for (const one of [bob, second]) await until(async () => assert.equal(await people(one), "Ann,Bob (you): 2 here"));
  await bob.close();
  await second.reload();
  await wait(1_500);
  assert.equal(await people(ann), "Ann (you),Bob: 2 here");
  await second.close();
  await until(async () => assert.equal(await people(ann), "Ann (you): 1 here"));
  // Ann's own join may be news to her or come with the first answer.
  await until(async () => assert.deepEqual((await news(ann)).filter((line) => line.startsWith("Bob")), ["Bob joined", "Bob left"]));
});
