import { expect, it } from "vitest";
import { reduce } from "../../src/core/reduce.js";
import { laws } from "../../src/testing/index.js";
import { historyOf, play } from "../../src/testing/simulation/index.js";

// Only for `npm run mutate`: a short slice of what `npm test` does at length.

it.each(Object.entries(laws))("the law of %s", (_, law) => law(reduce, { runs: 40, seed: 7 }));

it.each([0, 10, 20, 30])("ten simulated histories from %i", async (first) => {
  for (let run = first; run < first + 10; run++) expect((await play(historyOf(7, run))).complaints).toEqual([]);
});
