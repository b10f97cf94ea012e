import { build } from "esbuild";
import vm from "node:vm";
import { MessageChannel } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { createNetwork } from "../../src/testing/network.js";
import { root } from "../support/sources.js";

type Meta = { readonly name: string };

function twoPeople(seed: number) {
  const network = createNetwork<Meta>({ seed, grace: 5_000 });
  const story: string[] = [];
  for (const name of ["joined", "left"] as const) network.registry.on(name, ({ user }) => { story.push(`${network.now()} ${user} ${name}`); });
  const [ann, bob] = ["ann", "bob"].map((user) => network.tab(user, { meta: { name: user } })) as [ReturnType<typeof network.tab>, ReturnType<typeof network.tab>];
  const seen = bob.room("board");
  ann.room("board").subscribe(() => undefined);
  seen.subscribe(() => undefined);
  const names = () => seen.getSnapshot().users?.map(({ id }) => id).sort();
  return { network, story, ann, bob, seen, names };
}

describe("the network", () => {
  it("[R13] [H5] [V3] brings pages together over lines that are cut, and back within the grace", async () => {
    const { network, story, ann, bob, seen, names } = twoPeople(1);
    await network.run(2_000);
    expect(names()).toEqual(["ann", "bob"]);
    ann.cut();
    bob.cut();
    await network.run(400);
    expect(seen.getSnapshot().status).toBe("stale");
    await network.run(4_000);
    expect(seen.getSnapshot().status).toBe("live");
    expect(names()).toEqual(["ann", "bob"]);
    ann.close();
    await network.run(7_000);
    expect(names()).toEqual(["bob"]);
    expect(story.map((line) => line.replace(/^\d+ /, ""))).toEqual(["ann joined", "bob joined", "ann left"]);
    expect(ann.link()).toBeUndefined();
    expect(bob.link()).toBeDefined();
  });

  it("[H2] [V7] ends who is half-open at the end of the lease, and a text that is lost is asked for", async () => {
    const { network, ann, bob, names } = twoPeople(2);
    await network.run(2_000);
    ann.mute();
    ann.sleep(200_000);
    await network.run(60_000);
    expect(names()).toEqual(["ann", "bob"]);
    bob.lose();
    await network.run(60_000);
    expect(names()).toEqual(["bob"]);
    await network.run(100_000);
    expect(names()).toEqual(["ann", "bob"]);
  });

  it("[R1] goes the same way for the same seed", async () => {
    const run = async (seed: number): Promise<readonly string[]> => {
      const { network, story, ann } = twoPeople(seed);
      await network.run(1_000);
      ann.slow(2_000);
      ann.stall(500);
      ann.cut();
      await network.run(20_000);
      return [...story, JSON.stringify(network.registry.snapshot("board"))];
    };
    expect(await run(5)).toEqual(await run(5));
    expect(await run(5)).not.toEqual(await run(6));
  });

  it("[V3] shows what was known when the server has closed, and pages call in vain", async () => {
    const { network, seen, names } = twoPeople(3);
    await network.run(2_000);
    network.registry.close();
    for (const tab of [1, 2]) network.tab(`late ${tab}`).room("board").subscribe(() => undefined);
    await network.run(200_000);
    expect(names()).toEqual(["ann", "bob"]);
    expect(seen.getSnapshot().status).toBe("stale");
  });

  it("names an option that makes no sense", () => {
    expect(() => createNetwork({ seed: 0.5 })).toThrow(new TypeError('createNetwork: option "seed" must be a whole number, not 0.5.'));
    expect(() => createNetwork({ grace: -1 })).toThrow(/option "grace"/);
  });

  it("refuses a time that would never end, and what makes no sense of a tab", async () => {
    const network = createNetwork();
    const tab = network.tab("ann");
    for (const ms of [Number.NaN, Infinity, -1, undefined, "5"] as number[]) {
      await expect(network.run(ms)).rejects.toThrow(/^createNetwork: run\(ms\): a number of at least 0 ms, not /);
      for (const what of ["stall", "slow", "sleep"] as const) expect(() => { tab[what](ms); }).toThrow(TypeError);
    }
    expect(() => network.tab(undefined as unknown as string)).toThrow("the user must be a string");
    expect(() => network.tab("ann", { metta: 1 } as object)).toThrow('there is no option "metta"');
    const first = network.run(1_000);
    await expect(network.run(1_000)).rejects.toThrow("runs already");
    await first;
    expect(network.now()).toBe(1_000);
  });

  it("runs in a page: without anything of Node's but the channel of the instrumentation, which a bundler leaves out", async () => {
    const { outputFiles, metafile } = await build({
      stdin: {
        contents: `import { createNetwork } from "./src/testing/network.js";
          const network = createNetwork();
          network.tab("ann").room("board").subscribe(() => undefined);
          globalThis.done = network.run(1000).then(() => network.registry.users("board").map(({ id }) => id).join());`,
        resolveDir: root, loader: "ts",
      },
      bundle: true, write: false, metafile: true, platform: "browser", format: "iife", logLevel: "silent",
      plugins: [{
        name: "no instrumentation",
        setup(one) {
          one.onResolve({ filter: /^node:diagnostics_channel$/ }, ({ path }) => ({ path, namespace: "none" }));
          one.onLoad({ filter: /.*/, namespace: "none" }, () => ({ contents: "export const channel = () => ({ hasSubscribers: false });" }));
        },
      }],
    });
    expect(Object.keys(metafile.inputs).filter((path) => path.includes("node_modules"))).toEqual([]);
    // What pages and this have in common. No setImmediate, no process, no Buffer.
    const page = vm.createContext({ MessageChannel, URL, TextEncoder, setTimeout, clearTimeout, console }) as { readonly done?: Promise<string> };
    vm.runInContext(outputFiles[0]!.text, page);
    expect(await page.done).toBe("ann");
  });
});
