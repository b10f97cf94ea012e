import { posix } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { sourcesIn } from "./support/sources.js";

/** What each part may import from the others. `ports` is `src/ports.ts`, `root` the index files beside it. */
const MAY: Record<string, readonly string[]> = {
  core: [],
  protocol: ["core"],
  ports: ["core", "protocol"],
  server: ["core", "protocol", "ports"],
  client: ["core", "protocol", "ports"],
  face: ["core", "ports", "client"],
  adapters: ["core", "protocol", "ports", "server", "client", "face"],
  root: ["core", "client", "adapters"],
  bin: ["testing"],
  testing: ["core", "protocol", "ports", "server", "client", "adapters"],
};

/** Parts that run everywhere: they import nothing from outside, not even from Node. */
const NOTHING_FOREIGN: readonly string[] = ["core", "protocol", "ports", "client", "face", "root"];

type Import = { readonly from: string; readonly to: string; readonly typeOnly: boolean };

function partOf(path: string): string {
  const [, first = "", second] = path.split("/");
  return second === undefined ? (first === "ports.ts" ? "ports" : "root") : first;
}

/** Adapters are leaves: each file beside, and each folder of a larger one, is a leaf of its own. */
function leafOf(path: string): string {
  return path.split("/")[2]!.replace(/\.ts$/, "");
}

function importsOf(path: string, text: string): readonly Import[] {
  const imports: Import[] = [];
  const visit = (node: ts.Node): void => {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier) {
      const typeOnly = ts.isImportDeclaration(node) ? node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword : node.isTypeOnly;
      imports.push({ from: path, to: (node.moduleSpecifier as ts.StringLiteral).text, typeOnly });
    } else if (ts.isImportTypeNode(node)) {
      imports.push({ from: path, to: (node.argument as ts.LiteralTypeNode).literal.getText().slice(1, -1), typeOnly: true });
    } else if (ts.isCallExpression(node) && (node.expression.kind === ts.SyntaxKind.ImportKeyword || node.expression.getText() === "require")) {
      imports.push({ from: path, to: node.arguments[0]!.getText(), typeOnly: false });
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true));
  return imports;
}

/** Why an import must not be; undefined when it may. */
function complaint({ from, to, typeOnly }: Import): string | undefined {
  const part = partOf(from);
  if (!to.startsWith(".")) {
    if (to.startsWith("node:")) return NOTHING_FOREIGN.includes(part) ? `${part} runs everywhere, not only on Node` : undefined;
    if (part !== "adapters" && part !== "testing") return `${part} depends on no package`;
    // A server adapter is handed the app's server, and a client adapter its socket: neither needs the package itself.
    return !typeOnly && part === "adapters" && /^(ws|socket\.io|socket\.io-client|redis|ioredis)$/.test(to) ? "only its types may be imported" : undefined;
  }
  const path = posix.join(posix.dirname(from), to).replace(/\.js$/, ".ts");
  const target = partOf(path);
  if (target === part) return part === "adapters" && leafOf(path) !== leafOf(from) ? "adapters are leaves" : undefined;
  return MAY[part]?.includes(target) ? undefined : `${part} must not import ${target}`;
}

const sources = sourcesIn("src");

describe("the layout of src", () => {
  it("keeps every import in its direction", () => {
    const wrong = sources.flatMap(({ path, text }) => importsOf(path, text)).flatMap((one) => {
      const why = complaint(one);
      return why === undefined ? [] : [`${one.from} imports ${one.to}: ${why}`];
    });
    expect(wrong).toEqual([]);
  });

  it("would notice a wrong one", () => {
    const wrong = [
      ["src/core/a.ts", 'import { x } from "../protocol/x.js";'],
      ["src/core/a.ts", 'import { x } from "../ports.js";'],
      ["src/core/a.ts", 'type X = import("../server/x.js").X;'],
      ["src/protocol/a.ts", 'export { x } from "../server/x.js";'],
      ["src/protocol/a.ts", 'import { x } from "node:fs";'],
      ["src/server/a.ts", 'import type { X } from "../client/x.js";'],
      ["src/client/a.ts", 'import { x } from "../server/x.js";'],
      ["src/client/a.ts", 'import { x } from "immer";'],
      ["src/adapters/a.ts", 'import { x } from "./b.js";'],
      ["src/adapters/redis/a.ts", 'import { x } from "../ws.js";'],
      ["src/adapters/a.ts", 'import { WebSocket } from "ws";'],
      ["src/server/a.ts", 'const x = await import("../testing/x.js");'],
      ["src/index.ts", 'export { x } from "./server/x.js";'],
    ] as const;
    for (const [path, text] of wrong) expect(importsOf(path, text).map(complaint).filter(Boolean).length, text).toBe(1);
    const right = [
      ["src/core/a.ts", 'import { x } from "./b.js";'],
      ["src/adapters/redis/a.ts", 'import { x } from "./b.js";'],
      ["src/adapters/a.ts", 'import type { X } from "ws"; import { y } from "../server/y.js";'],
      ["src/server/a.ts", 'import { channel } from "node:diagnostics_channel"; import type { X } from "../ports.js";'],
    ] as const;
    for (const [path, text] of right) expect(importsOf(path, text).map(complaint).filter(Boolean), text).toEqual([]);
  });

  it("has no file of more than 250 lines", () => {
    const lines = sources.map(({ path, text }) => [path, text.trimEnd().split("\n").length] as const);
    expect(lines.filter(([, count]) => count > 250)).toEqual([]);
    expect(lines.length).toBeGreaterThan(20);
  });

  it("exports by name, each name listed by hand", () => {
    expect(sources.filter(({ text }) => /^export (default\b|\*)|\bas default\b/m.test(text)).map(({ path }) => path)).toEqual([]);
  });

  it("names no file after what could be anything", () => {
    expect(sources.filter(({ path }) => /util|helper|manager|handler|common|misc/i.test(path)).map(({ path }) => path)).toEqual([]);
  });
});
