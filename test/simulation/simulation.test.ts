import { describe, expect, it } from "vitest";
import { FAULTS, historyOf, PLAIN, play, shrink, simulate, type Command, type History } from "../../src/testing/simulation/index.js";

/** In CI always the same; elsewhere every run tries others. */
const seed = process.env.FC_SEED === undefined ? 7 : Number(process.env.FC_SEED);
const RUNS = 2_000;

const setup = PLAIN;

function history(...commands: readonly Command["deed"][]): History {
  return { seed: "by hand", setup, commands: commands.map((deed) => ({ wait: 1_000, deed })) };
}

const ann = { what: "open", tab: 1, user: "ann", kind: "websocket", plans: [{ room: "hall", watch: "users", enter: true }] } as const;
const bob = { what: "open", tab: 2, user: "bob", kind: "socket.io", plans: [{ room: "hall", watch: "users", enter: true }] } as const;

describe("the simulation", () => {
  it("[R13] [L6] [H2] [H3] [H5] [H9] [V3] [V4] [V7] [V8] [P3] [P5] [S6] plays 2,000 histories, after each of which everybody knows what is so", { timeout: 600_000 }, async () => {
    const { runs, divergences, tally } = await simulate(seed, 0, RUNS);
    expect(divergences.map(({ run, story }) => `npm run simulate -- --seed ${seed} --story ${run}\n${story.join("\n")}`)).toEqual([]);
    expect(runs).toBe(RUNS);
    // A fault that never strikes tests nothing.
    for (const [i, fault] of FAULTS.entries()) expect(tally.faults[i], fault).toBeGreaterThan(0.02 * RUNS);
  });

  it("[R1] goes the same way each time, to the byte", async () => {
    for (let run = 0; run < 20; run++) {
      const [first, second] = [await play(historyOf(seed, run)), await play(historyOf(seed, run))];
      expect(second).toEqual(first);
      expect((await play(historyOf(seed + 1, run))).hash).not.toBe(first.hash);
    }
  });

  it("tells a history in plain words, and leaves out what did nothing", async () => {
    const { story, complaints } = await play(history(ann, { what: "cut", tab: 9 }, bob, { what: "pause", ms: 40_000 }, { what: "cut", tab: 1 }, { what: "close", tab: 1 }));
    expect(complaints).toEqual([]);
    expect(story).toEqual([
      "     1 s  ann opens tab 1 (websocket), enters hall and watches its users",
      "     3 s  bob opens tab 2 (socket.io), enters hall and watches its users",
      "     4 s  the server stands still: its next tick comes 40 s late",
      "     5 s  the line of ann's tab 1 is cut",
      "     6 s  ann's tab 1 is closed without a word",
    ]);
  });

  it("shrinks what goes wrong to the steps that it takes, always the same ones", async () => {
    // With a grace of an hour, who is gone is still shown when all should have settled.
    const wrong: History = { ...history(ann, { what: "update", tab: 1, room: "hall", shows: "busy" }, bob, { what: "stall", tab: 2, ms: 3_000 }, { what: "close", tab: 1 }), setup: { ...setup, grace: 3_600_000 } };
    const outcome = await play(wrong);
    expect(outcome.complaints).not.toEqual([]);
    const shrunk = await shrink(wrong, outcome);
    expect(shrunk.outcome.story).toEqual([
      "     1 s  ann opens tab 1 (websocket), enters hall and watches its users",
      "     5 s  ann's tab 1 is closed without a word",
      " 2.4 min  WRONG: hall should have nobody; the server has ann (ann 1)",
    ]);
    expect((await shrink(wrong, outcome)).history).toEqual(shrunk.history);
  });
});
