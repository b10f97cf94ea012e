import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    setupFiles: ["test/support/seed.ts"],
    testTimeout: 20_000,
    // The sockets' tests share two cores with one another; more workers only make each slower.
    maxWorkers: 2,
    coverage: {
      provider: "v8",
      include: ["src/core/**", "src/protocol/**", "src/server/**", "src/client/**"],
      exclude: ["src/**/index.ts"],
      reporter: ["text-summary", "json-summary"],
      thresholds: { lines: 95, branches: 95 },
    },
  },
});
