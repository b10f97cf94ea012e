import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createCopy } from "../scripts/soak/copy.js";
import { grows, LEAST_POINTS, trendOf, type Point } from "../scripts/soak/trend.js";
import { runNode, type Ran } from "./support/run.js";

/** A short soak; its folder is gone afterwards. */
async function soak(...args: readonly string[]): Promise<Ran & { readonly svg: string }> {
  const out = mkdtempSync(join(tmpdir(), "headcount-soak-test-"));
  try {
    const ran = await runNode(["scripts/soak.mjs", "--connections", "100", "--grace", "0.5", "--check", "2", "--out", out, ...args], "", 90_000);
    return { ...ran, svg: readFileSync(join(out, "soak.svg"), "utf8") };
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

describe("a short soak", () => {
  it.concurrent("finds every count right, and says what it measured", { timeout: 100_000 }, async () => {
    const { code, output, svg } = await soak("--minutes", "0.1", "--sample", "1");
    expect(output).toMatch(/time +phase +links +conns +rooms +heap MB/);
    expect(output).toContain("RIGHT: no count was wrong");
    expect(output).toMatch(/[1-9]\d* views compared/);
    expect(output).toMatch(/\n *\d+ s +end +0 +0 +0 /);
    expect(svg).toMatch(/^<svg [^]*<\/svg>\n$/);
    expect(code).toBe(0);
  });

  it.concurrent("[pain P01] tells a wrong count with its room and both lists, once a fault is built in", { timeout: 100_000 }, async () => {
    const { code, output } = await soak("--minutes", "0.05", "--sample", "1", "--break", "last-socket");
    expect(output).toMatch(/WRONG in room-\d+: .*\n {4}shows {2}\d+ people, \d+ connections.*\n {4}but {4}\d+ people, \d+ connections: u/);
    expect(output).toMatch(/\nWRONG\.\n$/);
    expect(code).toBe(1);
  });

  it.concurrent("finds a heap that grows", { timeout: 100_000 }, async () => {
    const { code, output } = await soak("--minutes", "0.12", "--sample", "0.5", "--rate", "100", "--break", "leak");
    expect(output).toContain("✗ The heap grows steadily");
    expect(output).not.toContain("views were wrong");
    expect(code).toBe(1);
  });

  it.concurrent.each([
    ["--minutes 0", '--minutes takes a number from 0.05 to 10000, not "0".'],
    ["--minutes ten", 'not "ten"'],
    ["--connections 20.5", "--connections takes a whole number"],
    ["--rate 301", "--rate takes a number from 0.1 to 300"],
    ["--seed=-1", "--seed takes a whole number"],
    ["--conections 5", "Unknown option '--conections'"],
    ["crowd", "Unexpected argument 'crowd'"],
    ["--out /dev/null/there", '--out "/dev/null/there" is no folder'],
    ["--break leg", "--break takes one of: leak, "],
    ["--break", "--break takes one of: leak, "],
  ])("says what is wrong with `%s`, and runs nothing", { timeout: 30_000 }, async (args, words) => {
    const { code, output } = await runNode(["scripts/soak.mjs", ...args.split(" ")], "", 30_000);
    expect(output).toContain(words);
    expect(output.trimEnd()).not.toContain("\n");
    expect(code).toBe(2);
  });
});

describe("whether a heap grows", () => {
  const MB = 1e6;
  /** One sample each 5 s. `noise`: by how much the samples lie above and below, by turns of different length. */
  const series = (count: number, at: (minutes: number) => number, noise = 0): readonly Point[] =>
    Array.from({ length: count }, (_, i) => [i / 12, at(i / 12) + noise * Math.sin(i * i)]);
  const verdict = (points: readonly Point[]): boolean | undefined => grows(trendOf(points));

  it("a line that rises by more than 5 % in 10 min does, through noise and outliers", () => {
    expect(verdict(series(60, (minutes) => 100 * MB + minutes * MB, 0.5 * MB))).toBe(true);
    expect(verdict(series(60, (minutes) => 100 * MB + minutes * MB).map(([x, y], i) => [x, i % 10 === 0 ? y * 2 : y]))).toBe(true);
  });

  it.each<[string, readonly Point[]]>([
    ["one that rises more slowly", series(60, (minutes) => 100 * MB + minutes * 0.4 * MB)],
    ["noise", series(60, () => 100 * MB, 5 * MB)],
    ["one that falls", series(60, (minutes) => 100 * MB - minutes * MB)],
    ["one great leap at the end", series(60, (minutes) => (minutes > 4.7 ? 200 : 100) * MB)],
    ["less than a process grows while it gets warm", series(12, (minutes) => 20 * MB + minutes * 0.5 * MB)],
  ])("%s does not", (_, points) => {
    expect(verdict(points)).toBe(false);
  });

  it("nothing is said of too few samples", () => {
    expect(verdict(series(LEAST_POINTS - 1, (minutes) => 100 * MB + minutes * 100 * MB))).toBeUndefined();
  });
});

describe("the room as the light tabs follow it, written from the protocol's page alone", () => {
  type State = Parameters<ReturnType<typeof createCopy>["take"]>[0];
  /** The JSON examples of the page that say what a client then shows: what was said since the last heading, and the room. */
  const page = readFileSync(new URL("../docs/PROTOCOL.md", import.meta.url), "utf8");
  const sections = page.split(/^## /m).flatMap((part) => (part.startsWith("A conversation") ? [part] : part.split(/^### /m)));
  const cases = sections.flatMap((section) => {
    const blocks = [...section.matchAll(/<!-- (.+?) -->\s+```json\n(.+?)\n```/gs)].map(([, kind = "", json = ""]) => ({ kind, value: JSON.parse(json) as unknown }));
    const copy = createCopy();
    return blocks.some(({ kind }) => kind === "room") ? [{ title: section.split("\n")[0] ?? "", blocks, copy }] : [];
  });

  it("finds examples", () => { expect(cases.length).toBeGreaterThan(4); });

  it.each(cases)("[R13] shows what the page says: $title", ({ blocks, copy }) => {
    const shown: unknown[] = [];
    const said: unknown[] = [];
    for (const { kind, value } of blocks) {
      if (kind === "server → client") for (const message of [value].flat()) if (isState(message)) copy.take(message);
      if (kind !== "room") continue;
      const { users, behind } = value as { users: [user: string, connections: number][]; behind: string | null };
      const counts = new Map<string, number>();
      for (const { user } of copy.connections()) counts.set(user, (counts.get(user) ?? 0) + 1);
      shown.push([[...counts].sort(), copy.behind()]);
      said.push([users.map(([user, connections]) => [user, connections]).sort(), behind !== null]);
    }
    expect(shown).toEqual(said);
  });

  function isState(message: unknown): message is State {
    return typeof message === "object" && message !== null && "type" in message && ["snapshot", "delta", "heartbeat"].includes(String(message.type)) && !("page" in message);
  }
});
