import { describe, expect, it } from "vitest";
import { FAULTS, withFault } from "./mutants/faults.mjs";
import { run, runNode } from "./support/run.js";
import { root } from "./support/sources.js";

/** A short and certain way through what the crowd does by chance: after each step all views must come to agree, and nobody may have to ask. */
const STEPS = `
  import { createBot } from "../scripts/bots/bot.js";
  import { chanceOf } from "../scripts/bots/chance.js";
  import { compare } from "../scripts/bots/check.js";
  import { ROOM, startServer } from "../scripts/bots/server.js";
  const server = await startServer(0);
  const bots = [["ann", 1, "ws"], ["ann", 2, "socket.io"], ["bob", 1, "ws"], ["cem", 1, "socket.io"], ["dia", 1, "socket.io"]].map(([user, tab, link]) => createBot({ url: server.url, user, tab, link, chance: chanceOf(tab) }));
  const [ann, ann2, bob, cem, dia] = bots;
  const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
  const syncs = () => bots.reduce((sum, bot) => sum + bot.syncs(), 0);
  const step = async (what, act) => {
    await act();
    let wrong;
    for (let i = 0; i < 80 && (wrong = compare(bots, server).wrong).length > 0; i++) await sleep(50);
    wrong = [...wrong, ...server.flickers(), ...bots.flatMap((bot) => bot.flickers())];
    if (wrong.length > 0) { console.log("WRONG after " + what + ":", wrong[0]); process.exit(1); }
  };
  await step("opening tabs", () => { for (const bot of bots) bot.open(); });
  await step("a rename", () => { ann.rename("Ann"); return sleep(100); });
  await step("the end of one of two tabs", () => { ann2.close(); });
  const asked = syncs();
  await step("some heartbeats", () => sleep(2_200));
  if (syncs() > asked) { console.log("WRONG: views had to ask in calm"); process.exit(1); }
  await step("a cut of each kind", () => { ann.cut(); dia.cut(); return sleep(200); });
  const again = new Set();
  const stop = server.registry.on("connected", ({ user }) => { again.add(user); });
  // Of socket.io's clients each looks to the server's pings; of ours one asks itself, and more rarely.
  await step("a stall", () => { ann.stall(2_200); dia.stall(2_200); return sleep(2_300); });
  stop();
  if (!again.has("dia")) { console.log("dia was not stalled"); process.exit(2); }
  await step("a time offline, in which somebody left and much happened", async () => {
    bob.offline(2_000);
    dia.offline(2_000);
    cem.close();
    const busy = server.registry.open({ wire: { send: () => [], close() {}, open: () => true }, peer: 1, user: "busy", lease: 60_000 });
    for (let i = 0; i < 20; i++) { await busy.join(ROOM); await busy.leave(ROOM); }
    await sleep(2_100);
  });
  console.log("RIGHT");
  process.exit(0);
`;

describe("the crowd of bots", () => {
  it.concurrent("agrees with the registry, after a short run of `npm start`", { timeout: 90_000 }, async () => {
    const { code, output } = await runNode(["scripts/start.mjs", "--bots", "12", "--seconds", "2", "--seed", "7"], "", 90_000);
    expect(output).toContain("users by ws and socket.io,");
    expect(output).toContain("Every view, the registry and the open tabs agree.");
    expect(code).toBe(0);
  });

  it.concurrent("agrees after each kind of trouble", { timeout: 60_000 }, async () => {
    expect(await run(STEPS, [], 60_000)).toEqual({ code: 0, output: "RIGHT\n" });
  });

  it.concurrent.each(["merge", "seq", "last-socket", "grace", "digest"])("disagrees once the fault `%s` is built in: the comparison can fail", { timeout: 60_000 }, async (name) => {
    const { code, output } = await run(STEPS, [withFault(root, name)], 60_000);
    expect(output).toContain("WRONG");
    expect(code).toBe(1);
  });

  it.concurrent.each(["--seconds -1", "--seconds 0", "--foo", "--bots", "--bots 1.5", "--bots Infinity", "--only mice", "crowd"])("says how it is called instead of `%s`", { timeout: 30_000 }, async (args) => {
    const { code, output } = await runNode(["scripts/start.mjs", ...args.split(" ")], "", 30_000);
    expect(output).toMatch(/^usage: npm start -- .*\n$/);
    expect(code).toBe(2);
  });

  it.concurrent.each(["--break", "--break leg", "--break toString", "--break=leg", "--break seq=merge", "--break=seq=merge"])("says which faults there are instead of `%s`", { timeout: 30_000 }, async (args) => {
    const { code, output } = await runNode(["scripts/start.mjs", ...args.split(" ")], "", 30_000);
    expect(output).toBe(`--break takes one of: ${Object.keys(FAULTS).join(", ")}\n`);
    expect(code).toBe(2);
  });
});
