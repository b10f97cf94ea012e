import { describe, expect, it } from "vitest";
import { checkServer, ServerCheckError, type CheckOptions, type ServerToCheck, type Started } from "../../src/testing/check-server.js";
import { naive } from "./servers.js";

/** What the check of a server that is wrong rejects with. */
async function wrongOf<S extends Started>(server: ServerToCheck<S>, options: CheckOptions): Promise<ServerCheckError> {
  const error = await checkServer(server, options).then(String, (error: unknown) => error);
  expect(error).toBeInstanceOf(ServerCheckError);
  return error as ServerCheckError;
}

// They mostly wait, so they wait together.
describe.concurrent("servers that count people as is usual", () => {
  for (const { name, server, bug, options } of naive) {
    it(`${name}: its bug is told in few steps, and found again by its story`, { timeout: 120_000 }, async () => {
      const given: CheckOptions = { settle: 1_500, shorten: 10_000, ...options };
      const { code, message, report } = await wrongOf(server, { ...given, seed: 1 });
      const { story, again } = report!.failure!;
      expect(code).toBe("wrong");
      expect(story.length).toBeLessThanOrEqual(8);
      expect(story.at(-1)).toMatch(bug.last);
      expect(message).toMatch(bug.shows);
      expect(again).toMatchObject({ times: 3, wrong: 3 });
      expect((await wrongOf(server, { ...given, story })).report!.failure!.story).toEqual(story);
    });
  }
});
