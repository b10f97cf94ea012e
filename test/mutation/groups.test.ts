import { describe, expect, it } from "vitest";
import { GROUPS } from "../../scripts/mutate/groups.mjs";
import { sourcesIn } from "../support/sources.js";

const paths = ["src", "test"].flatMap((folder) => sourcesIn(folder)).map(({ path }) => path);

function filesOf(globs: readonly string[]): readonly string[] {
  const patterns = globs.map((glob) => [!glob.startsWith("!"), new RegExp(`^${glob.replace("!", "").replaceAll(".", "\\.").replaceAll("*", "[^/]*")}$`)] as const);
  return paths.filter((path) => patterns.some(([adds, pattern]) => adds && pattern.test(path)) && !patterns.some(([adds, pattern]) => !adds && pattern.test(path)));
}

describe("what npm run mutate changes, and the tests that must notice", () => {
  it("are files that exist, each pattern some of them", () => {
    for (const { mutate, tests } of GROUPS) for (const glob of [...mutate, ...tests]) expect(filesOf([glob.replace("!", "")]), glob).not.toEqual([]);
  });

  it("is each file of the core, the protocol, the server and the client, once", () => {
    const changed = GROUPS.flatMap(({ mutate }) => filesOf(mutate));
    expect([...changed].sort()).toEqual(paths.filter((path) => /^src\/(core|protocol|server|client)\//.test(path)));
  });
});
