import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Faults that real presence code has: each is one edit of one source file. */
export const FAULTS = {
  merge: {
    what: "a snapshot merges into what is known instead of replacing it",
    file: "src/core/reduce.ts",
    from: "roomAt({ ...emptyRoom<M>(), epoch }, seq)",
    to: "roomAt({ ...room, epoch }, seq)",
  },
  seq: {
    what: "an update takes the number of the fact before it",
    file: "src/server/log.ts",
    from: "seq: log.room.seq + batch.entries.length + 1,",
    to: 'seq: log.room.seq + batch.entries.length + (op.type === "update" ? 0 : 1),',
  },
  "last-socket": {
    what: "the end of one of several sockets takes the user away",
    file: "src/core/draft.ts",
    from: "user.connections.length === 1",
    to: "user.connections.length >= 1",
  },
  grace: {
    what: "a grace that runs out ends nothing",
    file: "src/server/host-tick.ts",
    from: 'if (connection) endConnection(draft, connection, "vanished");',
    to: "void connection;",
  },
  digest: {
    what: "a heartbeat names another digest than the room sums to",
    file: "src/protocol/encode.ts",
    from: '{ type: "heartbeat", room, pos: toPos(position), at }',
    to: '{ type: "heartbeat", room, pos: toPos({ ...position, digest: position.digest + 1 }), at }',
  },
};

/** An esbuild plugin that builds the fault in. Throws when the sources have moved on and the edit no longer fits. */
export function withFault(root, name) {
  const { file, from, to } = FAULTS[name];
  const path = join(root, file);
  const source = readFileSync(path, "utf8");
  if (source.split(from).length !== 2) throw new Error(`The fault "${name}" no longer fits ${file}; mend it in scripts/bots/faults.mjs.`);
  return {
    name: "fault",
    setup(build) {
      build.onLoad({ filter: /\.ts$/ }, (args) => (args.path === path ? { contents: source.replace(from, () => to), loader: "ts" } : undefined));
    },
  };
}
