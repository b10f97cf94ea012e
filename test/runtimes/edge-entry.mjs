// Core, client and the state endpoint, for runtimes at the edge: sockets and the registry are elsewhere.
import * as core from "headcount";
import * as client from "headcount/client";
import { presenceHandler } from "headcount/http";
import { check } from "./check.mjs";

/** A fold of somebody else's log, in place of a registry. */
const room = core.reduce(core.emptyRoom(), { type: "snapshot", epoch: 1, seq: 1, at: 5, digest: 7, connections: [{ conn: "a1", user: "ann", tag: 7, first: 1, since: 5, meta: { name: "Ann" } }] });
const registry = {
  options: { maxId: 256, maxWatched: 5_000, patience: 10_000 },
  attach: () => () => undefined,
  report: (error) => { throw error.cause ?? new Error(error.message); },
  userCount: () => undefined,
  snapshot: () => undefined,
  query: async () => room,
};

async function answer() {
  const presence = presenceHandler(registry, { authorize: async ({ request }) => request.headers.get("authorization") === "yes" });
  const ask = (headers) => presence(new Request("https://edge.example/?room=r", { headers }));
  const found = await ask({ authorization: "yes" });
  const known = await ask({ authorization: "yes", "if-none-match": found.headers.get("etag") });
  const refused = await ask({});
  const told = JSON.stringify([found.status, (await found.json()).users, known.status, refused.status]);
  if (told !== JSON.stringify([200, [{ id: "ann", since: 5, meta: { name: "Ann" } }], 304, 403])) throw new Error(`the state endpoint: ${told}`);
}

globalThis.checked = check({ ...core, ...client }, { url: globalThis.url, room: globalThis.room, fetch: globalThis.fetch }).then(async (ran) => {
  await answer();
  return [...ran, "endpoint"];
});
