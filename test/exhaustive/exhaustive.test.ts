import { describe, expect, it, vi } from "vitest";
import * as reducer from "../../src/core/reduce.js";
import * as log from "../../src/server/log.js";
import { explore } from "./explore.js";
import { keyOf } from "./key.js";
import { actionsOf, STARTS, type World } from "./world.js";

/** Some seconds in all; `npm run exhaustive` goes on to 9. */
const DEPTH = 6;

describe("every interleaving of two users with two tabs each and a watcher, over a line that may lose, repeat and swap once", () => {
  it.each([...STARTS.keys()])("[R13, R4, H5, V5, V6] from the start %s leads to states from each of which a calm run converges", (start) => {
    const { violation, states, edges } = explore(start, DEPTH);
    expect(violation).toBeUndefined();
    expect(states).toBeGreaterThan(2_000);
    expect(edges).toBeGreaterThan(states);
  }, 120_000);

  it("[R13] finds a log that answers with too little, and tells how", () => {
    const { since } = log;
    vi.spyOn(log, "since").mockImplementation((...args) => {
      const answer = since(...args);
      return answer.type === "delta" ? { ...answer, facts: answer.facts.slice(1) } : answer;
    });
    const { violation } = explore("gap", 3);
    vi.restoreAllMocks();
    expect(violation?.join("\n")).toMatch(/the watcher's timer fires[^]*the watcher/);
  });

  it("[R3] finds a room that takes a delta too early, and tells how", () => {
    const { reduce } = reducer;
    vi.spyOn(reducer, "reduce").mockImplementation((room, event) => reduce(room, event.type === "delta" && event.epoch === room.epoch && event.from > room.seq ? { ...event, from: room.seq } : event));
    const { violation } = explore("gap", 4);
    vi.restoreAllMocks();
    expect(violation?.join("\n")).toMatch(/shows something else[^]*what never was/);
  });

  it.each([...STARTS])("takes worlds from the start %s for one only if they go on alike", (_, root) => {
    const goesOn = (world: World): string => [...new Set(actionsOf(world).map(({ act }) => keyOf(act(world))))].sort().join("\n");
    const known = new Map([[keyOf(root), goesOn(root)]]);
    let merged = 0;
    let frontier = [root];
    for (let depth = 0; depth < 3; depth++) {
      const next: World[] = [];
      for (const world of frontier) {
        for (const { act } of actionsOf(world)) {
          const reached = act(world);
          const key = keyOf(reached);
          const before = known.get(key);
          if (before === undefined) {
            known.set(key, goesOn(reached));
            next.push(reached);
          } else {
            merged++;
            if (before !== goesOn(reached)) expect(goesOn(reached)).toBe(before);
          }
        }
      }
      frontier = next;
    }
    expect(merged).toBeGreaterThan(50);
  });

  it("tells two worlds apart by what matters, and only by that", () => {
    const live = STARTS.get("live")!;
    const after = (...words: string[]): string => keyOf(words.reduce((world, one) => actionsOf(world).find((action) => action.words === one)!.act(world), live));
    expect(after("ann's tab 1 leaves")).toBe(after("bob's tab 1 leaves"));
    expect(after("ann's tab 1 leaves")).not.toBe(after("ann's tab 1's line is cut"));
    expect(after("ann's tab 2 opens", "bob's tab 2 opens")).toBe(after("bob's tab 2 opens", "ann's tab 2 opens"));
    expect(after("ann's tab 2 opens", "ann's tab 1 leaves")).not.toBe(after("ann's tab 2 opens", "bob's tab 1 leaves"));
    expect(after("ann's tab 1 shows something else")).not.toBe(after());
  });
});
