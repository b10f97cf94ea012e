// What Stryker changes, what must notice, and the mark for it: for `npm run mutate` and vitest.mutation.config.ts.
// Left out: src/testing and src/bin (tools: their faults are a wrong report, and their own tests are histories and processes) and src/adapters (real sockets).

/** Globs from the root: tests in one process and without sockets, what is quick first. */
const CORE = ["test/vectors.test.ts", "test/protocol/decode-*.test.ts", "test/protocol/encode.test.ts", "test/protocol/frame.test.ts", "test/protocol/vectors.test.ts", "test/core/*.test.ts", "test/client/view.test.ts", "test/server/log.test.ts", "test/server/meta.test.ts", "test/regressions/attack-core.test.ts"];
const PARTS = ["test/client/view.test.ts", "test/server/log.test.ts", "test/server/host.test.ts", "test/vectors.test.ts", "test/server/*.test.ts", "test/client/client.test.ts", "test/client/room.test.ts", "test/regressions/attack-core.test.ts", "test/testing/replay.test.ts"];
const REST = ["test/client/client.test.ts", "test/client/room.test.ts", "test/client/wake.test.ts", "test/server/*.test.ts", "test/testing/fakes.test.ts", "test/testing/replay.test.ts", "test/regressions/attack-core.test.ts"];

/** These put their own in a module's place, so each needs modules of its own; the others are quicker without. */
export const ALONE = ["test/server/audit.test.ts", "test/server/defects.test.ts"];

const SLICE = "test/mutation/slice.ts";

/** `mutate`, `tests`: globs. `mark`: the least score in per cent. */
export const GROUPS = [
  { name: "core", mark: 95, mutate: ["src/core/*.ts", "src/protocol/*.ts"], tests: [...CORE, SLICE] },
  {
    name: "parts",
    mark: 90,
    mutate: ["src/client/view*.ts", "src/server/host*.ts", "src/server/log.ts", "src/server/memory-log.ts", "src/server/append-queue.ts"],
    tests: [...PARTS, SLICE],
  },
  {
    name: "rest",
    mark: 80,
    mutate: ["src/server/*.ts", "src/client/*.ts", "!src/client/view*.ts", "!src/server/host*.ts", "!src/server/log.ts", "!src/server/memory-log.ts", "!src/server/append-queue.ts"],
    tests: [...REST, SLICE],
  },
];
