import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "esbuild";
import { describe, expect, it } from "vitest";
import { run } from "../support/run.js";
import { root } from "../support/sources.js";

const text = readFileSync(join(root, "docs/TESTING.md"), "utf8");
const programs = [...text.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code!).filter((code) => code.includes("await checkServer("));

const SOURCES: Readonly<Record<string, string>> = {
  "headcount/testing": "src/testing/check-server.ts",
  "headcount/testing/network": "src/testing/network.ts",
  "headcount/client": "src/client/index.ts",
  "headcount/server": "src/server/index.ts",
  "headcount/socket.io": "src/adapters/socket.io.ts",
  "headcount/socket.io-client": "src/adapters/socket.io-client.ts",
};
const fromSource: Plugin = {
  name: "from source",
  setup(build) {
    build.onResolve({ filter: /^headcount\// }, ({ path }) => ({ path: join(root, SOURCES[path]!) }));
  },
};

const [network = ""] = [...text.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code!).filter((code) => code.includes("createNetwork("));

describe.concurrent("the programs in docs/TESTING.md", () => {
  it("bring pages together over a network that breaks", async () => {
    const { code, output } = await run(network, [fromSource]);
    expect(output).toMatch(/^bob sees bob at 97000 ms/);
    expect(code).toBe(0);
  });

  const [socketIo = "", ws = "", ours = ""] = programs;

  it("find the bug of the server on socket.io, as it is printed there", { timeout: 60_000 }, async () => {
    const { code, output } = await run(socketIo, [fromSource], 50_000);
    const story = /ServerCheckError: [^]*?tab 2 is open\.\n/.exec(text)?.[0];
    expect(story).toBeDefined();
    expect(output).toContain(story);
    expect(code).toBe(1);
  });

  it("find the bug of the server on ws", { timeout: 60_000 }, async () => {
    const { code, output } = await run(ws, [fromSource], 50_000);
    const story = /^ {2}1\. ann opens tab 1\n {2}2\. ann opens tab 2\n {2}3\. bob [^]*?tab 1 is open\.\n/m.exec(text)?.[0];
    expect(story).toBeDefined();
    expect(output).toContain(story);
    expect(code).toBe(1);
  });

  it("hold for headcount", { timeout: 60_000 }, async () => {
    const { code, output } = await run(ours, [fromSource], 50_000);
    expect(output).toMatch(/^checkServer: 50 histories held/);
    expect(output).not.toContain("Not tried");
    expect(code).toBe(0);
  });

  it("say at Ctrl-C what was found until then, and end", { timeout: 60_000 }, async () => {
    const { code, output } = await run(ours.replace("runs: 50", "runs: 100_000").replace("const report", 'setTimeout(() => { process.kill(process.pid, "SIGINT"); }, 1_500);\nconst report'), [fromSource], 50_000);
    expect(output).toMatch(/^checkServer: stopped early; until then \d+ histor(y|ies) held/);
    // A signal ended it, as it would have without us.
    expect(code).toBe(null);
  });
});
