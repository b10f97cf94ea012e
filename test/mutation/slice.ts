import { expect, it } from "vitest";
import { changes } from "../../src/core/change.js";
import { reduce } from "../../src/core/reduce.js";
import { laws } from "../../src/testing/index.js";
import { historyOf, play } from "../../src/testing/simulation/index.js";

// Only for `npm run mutate`: a short slice of what `npm test` does at length.

const { changes: lawOfChanges, ...ofReduce } = laws;
it.each(Object.entries(ofReduce))("the law of %s", (_, law) => law(reduce, { runs: 40, seed: 7 }));

it("the law of changes", () => { lawOfChanges(changes, { runs: 40, seed: 7 }); });

it.each([0, 10, 20, 30])("ten simulated histories from %i", async (first) => {
  for (let run = first; run < first + 10; run++) expect((await play(historyOf(7, run))).complaints).toEqual([]);
});
