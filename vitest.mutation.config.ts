import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { ALONE, GROUPS } from "./scripts/mutate/groups.mjs";

const group = GROUPS.find(({ name }) => name === process.env.MUTATE_GROUP);
if (!group) throw new Error("This config is for `npm run mutate`, which says which group it tests.");
const { tests } = group;

/** The first test that fails ends the run: those that are quick come first, as the groups list them. */
class AsListed extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => tests.findIndex((glob) => moduleId.includes(glob.replace(/\*.*$/, "")));
    return Promise.resolve([...files].sort((a, b) => place(a) - place(b)));
  }
}

const test = { setupFiles: ["test/support/seed.ts"], testTimeout: 60_000 };

export default defineConfig({
  test: {
    sequence: { sequencer: AsListed },
    projects: [
      { test: { ...test, name: "together", include: [...tests], exclude: [...ALONE], isolate: false } },
      { test: { ...test, name: "alone", include: tests.includes("test/server/*.test.ts") ? [...ALONE] : [], isolate: true } },
    ],
  },
});
