import { checkServer, ServerCheckError } from "../../src/testing/check-server.js";
import { naive } from "../naive/servers.js";
import type { Found } from "./find.js";

export const names: readonly string[] = naive.map(({ name }) => name);

/** What `checkServer` finds of a naive server; undefined when nothing. */
export async function find(name: string): Promise<Omit<Found, "again"> | undefined> {
  const wanted = naive.find((one) => one.name === name);
  if (!wanted) throw new Error(`There is no naive server "${name}".`);
  const error = await checkServer(wanted.server, { settle: 500, shorten: 8_000, ...wanted.options, seed: 1, runs: 200 }).then(() => undefined, (thrown: unknown) => thrown);
  if (error === undefined) return undefined;
  if (!(error instanceof ServerCheckError) || !error.report?.failure) throw new Error(`The check of "${name}" did not come to an end.`, { cause: error });
  const { story, history = 1 } = error.report.failure;
  return { seed: 1, run: history - 1, steps: story.length, story: error.message.split("\n") };
}
