import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { run, type Ran } from "../support/run.js";
import { world } from "../support/server.js";

const folder = mkdtempSync(join(tmpdir(), "headcount-cli-"));
afterAll(() => { rmSync(folder, { recursive: true, force: true }); });

function headcount(...args: readonly string[]): Promise<Ran> {
  return run(`process.argv.splice(2, 9, ...${JSON.stringify(args)}); await import("../src/bin/headcount.js");`);
}

function recording(): string {
  const w = world();
  let text = "";
  const stop = w.registry.record((line) => { text += line; });
  w.client("ann").join("board");
  w.client("ann").join("board");
  stop();
  return text;
}

describe("headcount replay FILE", () => {
  it("[H13] tells the story, names each room's place at the end, and exits with 0", async () => {
    const file = join(folder, "run.jsonl");
    const text = recording();
    writeFileSync(file, text);
    const { code, output } = await headcount("replay", file);
    expect(output).toMatch(/\+0 s {2}ann joined "board": 1 person\n[^]*At the end:\n {2}"board" stands at 1700000000000\/2, digest \d+: ann \(2\)\n\nThe replay agrees with the recording\.\n$/);
    expect(code).toBe(0);
  });

  it("[H13] exits with 1 and says where, when the replay comes to something else", async () => {
    const file = join(folder, "changed.jsonl");
    writeFileSync(file, recording().replace(/^.*"by":"client".*\n/m, ""));
    const { code, output } = await headcount("replay", file);
    expect(output).toMatch(/differs from the recording in \d places:\n {2}line \d+: no step wished for the connect of ann in "board"/);
    expect(code).toBe(1);
  });

  it.each([
    ["a file that is not there", ["replay", join(folder, "nothing")], /^headcount: ENOENT/],
    ["a file that is something else", ["replay", join(process.cwd(), "package.json")], /^headcount: replay: line 1 is no line of a recording/],
    ["no file", ["replay"], /^Usage: headcount replay FILE/],
    ["another command", ["rewind", "x"], /^Usage: headcount replay FILE/],
  ] as const)("exits with 2 for %s", async (_, args, says) => {
    const { code, output } = await headcount(...args);
    expect(output).toMatch(says);
    expect(code).toBe(2);
  });
});
