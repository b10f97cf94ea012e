// Runs a bundle in a page of jsdom's.
import { readFileSync } from "node:fs";
import { JSDOM } from "jsdom";

const { HEADCOUNT_URL: url, HEADCOUNT_ROOM: room } = process.env;
const { window } = new JSDOM("<!doctype html><title></title>", { runScripts: "outside-only", url: "http://localhost/" });
window.asked = { url, room, WebSocket: window.WebSocket };
window.eval(readFileSync(process.argv[2], "utf8"));
console.log(`RAN ${(await window.checked).join(" ")}`);
process.exit();
