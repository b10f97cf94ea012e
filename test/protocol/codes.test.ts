import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const root = new URL("../../", import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), "utf8");
const sources = readdirSync(new URL("src", root), { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".ts")).map((path) => ({ path, text: read(`src/${path}`) }));

/** Codes that are not told to anybody: the registry drops what is of an unknown type, in silence. */
const SILENT = new Set(["unknown_type"]);

const documented = new Set([...read("docs/ERRORS.md").matchAll(/^\| `([a-z_]+)` \|/gm)].map((match) => match[1]!));

function union(path: string, name: string): string[] {
  const declared = new RegExp(`type ${name} =([^]*?);\n`).exec(read(path));
  return [...(declared?.[1] ?? "").matchAll(/"([a-z_]+)"/g)].map((match) => match[1]!);
}

describe("docs/ERRORS.md", () => {
  it.each([
    ["src/protocol/codes.ts", "ErrorCode"],
    ["src/protocol/codes.ts", "RegistryErrorCode"],
    ["src/protocol/codes.ts", "ViewErrorCode"],
    ["src/protocol/codes.ts", "HttpErrorCode"],
    ["src/protocol/message.ts", "EndReason"],
    ["src/ports.ts", "RefusalCode"],
  ])("[P2] has each of %s's %s", (path, name) => {
    const codes = union(path, name);
    expect(codes.length).toBeGreaterThan(2);
    expect(codes.filter((code) => !documented.has(code))).toEqual([]);
  });

  it("[P2] has each code that the sources say, and so do the unions", () => {
    const known = new Set([
      ...union("src/protocol/codes.ts", "ErrorCode"), ...union("src/protocol/codes.ts", "RegistryErrorCode"),
      ...union("src/protocol/codes.ts", "ViewErrorCode"), ...union("src/protocol/codes.ts", "HttpErrorCode"), ...union("src/ports.ts", "RefusalCode"), ...SILENT,
    ]);
    const said = sources.filter(({ path }) => path !== "ports.ts").flatMap(({ path, text }) =>
      [...text.matchAll(/(?:code: |code = |\brefus(?:e|al)\(|\bProblem\(\d+, |\bfailed\()(?:\w+ \? )?"([a-z_]+)"(?: : "([a-z_]+)")?/g)].flatMap((match) => [match[1]!, match[2] ?? match[1]!].map((code) => ({ path, code }))));
    expect(said.length).toBeGreaterThan(20);
    // One that is new goes into src/protocol/codes.ts, with a line, and into docs/ERRORS.md, with cause and cure.
    expect(said.filter(({ code }) => !known.has(code))).toEqual([]);
  });

  it("[P2] has no code that nobody says", () => {
    const all = sources.map(({ text }) => text).join("\n");
    expect([...documented].filter((code) => !all.includes(`"${code}"`))).toEqual([]);
  });

  it("[P1] docs/PROTOCOL.md tells clients what to do about each code of a server", () => {
    const protocol = read("docs/PROTOCOL.md");
    // A client is not there any more to be told.
    expect(union("src/protocol/codes.ts", "ErrorCode").filter((code) => code !== "closed" && !protocol.includes(`\`${code}\``))).toEqual([]);
  });
});
