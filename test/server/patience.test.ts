import { stat } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { createPatience } from "../../src/server/patience.js";
import { systemClock } from "../../src/server/system.js";
import { fakeClock } from "../support/fake-clock.js";

describe("how long the app's own code is waited for", () => {
  it("[S2] hears an answer that came while the process was held up beyond the time for it", async () => {
    const patience = createPatience(systemClock, 20);
    const answer = patience.ask(() => stat(new URL(import.meta.url)));
    const until = performance.now() + 100;
    while (performance.now() < until);
    expect((await answer).how).toBe("answer");
  });

  it("[S2] waits no longer than it says, and leaves no timer", async () => {
    const clock = fakeClock();
    const patience = createPatience(clock, 20);
    const answer = patience.ask(() => new Promise<string>(() => undefined));
    clock.advance(20);
    expect(await answer).toEqual({ how: "late" });
    expect(clock.pending).toBe(0);
  });
});
