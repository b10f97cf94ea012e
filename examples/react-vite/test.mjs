import assert from "node:assert/strict";
import { setTimeout as wait } from "node:timers/promises";
import { serve, until } from "../check.mjs";
import { inBrowser } from "../chromium.mjs";

/** The names, and the number beside the faces. */
const NAMES = "[...document.querySelectorAll('.hc-name')].map((name) => name.textContent.replace(' (you)', '')).join()";
const people = (tab) => tab.value(`${NAMES} + ': ' + document.querySelector('.hc-count').textContent`);
const cursors = (tab) => tab.value("[...document.querySelectorAll('.cursor')].map((one) => `${one.querySelector('span').textContent} ${Math.round(parseFloat(one.style.left))} ${Math.round(parseFloat(one.style.top))}`)");

inBrowser("a document: faces, cursors, a refresh that nobody sees, a closed tab", async (tab, test) => {
  const address = await serve(test, "server.js", { NODE_ENV: "production", GRACE: "1000" });
  const ann = await tab(`${address}/?user=Ann`);
  await until(async () => assert.equal(await people(ann), "Ann: 1 here"));
  const [bob, second] = [await tab(`${address}/?user=Bob`), await tab(`${address}/?user=Bob`)];
  for (const one of [ann, bob, second]) await until(async () => assert.equal(await people(one), "Ann,Bob: 2 here"));

  // Whatever Ann's page ever shows from here on.
  await ann.value(`globalThis.seen = ["Ann,Bob"]; new MutationObserver(() => {
    const now = ${NAMES};
    if (seen.at(-1) !== now) seen.push(now);
  }).observe(document.body, { childList: true, subtree: true, characterData: true })`);
  await bob.close();
  await second.reload();
  await wait(1_500);
  assert.equal(await people(ann), "Ann,Bob: 2 here");

  // The mouse goes over the sheet, and rests in its middle.
  const { x, y, width, height } = await second.value("JSON.parse(JSON.stringify(document.querySelector('.sheet').getBoundingClientRect()))");
  await second.value("globalThis.sent = 0; { const { send } = WebSocket.prototype; WebSocket.prototype.send = function (data) { sent++; send.call(this, data); }; }");
  const started = Date.now();
  for (let i = 0; i <= 100; i++) await second.mouse(x + (width * i) / 200, y + (height * i) / 200);
  await until(async () => assert.deepEqual(await cursors(ann), ["Bob 50 50"]));
  assert.deepEqual(await cursors(second), []);
  assert.ok(await second.value("sent") <= 2 + (Date.now() - started) / 100, "cursors are told ten times a second at most");

  assert.deepEqual(await ann.value("seen"), ["Ann,Bob"], "nobody came or went");
  await second.close();
  await until(async () => assert.equal(await people(ann), "Ann: 1 here"));
  assert.deepEqual(await cursors(ann), []);
});
