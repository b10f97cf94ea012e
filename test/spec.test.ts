import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { root, sourcesIn } from "./support/sources.js";

type Cited = { readonly rules: readonly string[]; readonly pains: readonly string[]; readonly broken: readonly string[] };

/** Every title in a test file that runs; `skip` and `todo` prove nothing. */
function titlesOf(path: string, text: string): readonly string[] {
  const titles: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) {
      const callee = node.expression.getText();
      const [title] = node.arguments;
      if (/^(it|test|describe)\b/.test(callee) && !/\.(?:skip|todo)\b/.test(callee) && title) {
        if (ts.isStringLiteralLike(title)) titles.push(title.text);
        else if (ts.isTemplateExpression(title)) titles.push(title.head.text);
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true));
  return titles;
}

/** What a title cites in the brackets that it begins with: `[R4, L2] …`, `[pain P07] …`, `[P5, pain P14] …`. */
function citedIn(title: string): Cited {
  const rules: string[] = [];
  const pains: string[] = [];
  const broken: string[] = [];
  for (let rest = title.trimStart(), match; (match = /^\[([^\]]*)\]\s*/.exec(rest)); rest = rest.slice(match[0].length)) {
    for (const item of match[1]!.split(/,\s*/)) {
      if (/^[RLHVPSCU]\d{1,2}$/.test(item) && !/^P\d\d$/.test(item)) rules.push(item);
      else if (/^pain P\d\d$/.test(item)) pains.push(item.slice(5));
      else if (/\b[RLHVPSCU]\d/.test(item)) broken.push(title);
    }
  }
  return { rules, pains, broken };
}

const headings = [...readFileSync(join(root, "docs/SPEC.md"), "utf8").matchAll(/^### ([RLHVPSCU]\d+) · .+$/gm)];
const planned = new Set(headings.filter(([heading]) => heading.endsWith("(planned)")).map(([, id]) => id!));
const ruled = headings.map(([, id]) => id!).filter((id) => !planned.has(id));
const cited = sourcesIn("test").flatMap(({ path, text }) => titlesOf(path, text)).map(citedIn);
const citedRules = new Set(cited.flatMap(({ rules }) => rules));
const citedPains = new Set(cited.flatMap(({ pains }) => pains));

/** By id: R2 before R10. */
const sorted = (ids: Iterable<string>): string[] => [...ids].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));

describe("docs/SPEC.md and the titles of the tests", () => {
  it("name the same rules, those apart that are planned", () => {
    expect({ untested: sorted(ruled.filter((id) => !citedRules.has(id))), unknown: sorted([...citedRules].filter((id) => !ruled.includes(id))) })
      .toEqual({ untested: [], unknown: [] });
  });

  it("cite in a form that is understood", () => {
    expect(cited.flatMap(({ broken }) => broken)).toEqual([]);
  });

  it("are read as they should be", () => {
    expect(new Set(ruled).size).toBe(ruled.length);
    expect(ruled.length).toBeGreaterThan(45);
    expect(planned.size).toBeGreaterThan(0);
    const source = 'it("[R4, L2] a"); describe(`[P5] [pain P14] b ${c}`); it.each([1])("[S1] d"); it.skip("[R1] e"); test.todo("[R2] f"); x("[R3] g");';
    expect(titlesOf("a.ts", source)).toEqual(["[R4, L2] a", "[P5] [pain P14] b ", "[S1] d"]);
    expect(citedIn("[R4, L2, pain P01] [pain P14] a [R1]")).toEqual({ rules: ["R4", "L2"], pains: ["P01", "P14"], broken: [] });
    for (const title of ["[R4 L2] a", "[P07] a", "[pain P7] a", "[rule R4] a"]) expect(citedIn(title).broken).toEqual([title]);
    expect(citedIn('["hc", …] is ours')).toEqual({ rules: [], pains: [], broken: [] });
  });
});

describe("test/pains-to-come.md", () => {
  const all = Array.from({ length: 25 }, (_, i) => `P${String(i + 1).padStart(2, "0")}`);
  const toCome = [...readFileSync(join(root, "test/pains-to-come.md"), "utf8").matchAll(/^- (P\d\d):/gm)].map(([, id]) => id!);

  it("lists the pains that no test cites, and no other", () => {
    expect({
      neither: all.filter((id) => !citedPains.has(id) && !toCome.includes(id)),
      both: toCome.filter((id) => citedPains.has(id)),
      unknown: sorted([...citedPains, ...toCome].filter((id) => !all.includes(id))),
    }).toEqual({ neither: [], both: [], unknown: [] });
  });
});
