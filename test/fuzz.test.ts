import { describe, expect, it } from "vitest";
import { fuzz } from "../scripts/fuzz/fuzz.js";

const seed = Number(process.env.FC_SEED ?? 1) % 2 ** 31;

// 10,000 in all; `npm run fuzz -- --runs 1000000` by hand.
describe.each(["ws", "socket.io"] as const)("hostile frames and requests over %s, with two honest clients in the room", (kind) => {
  it("[P2] [S3] [S4] with raised limits nine in ten are decoded, and the honest notice nothing", { timeout: 60_000 }, async () => {
    const { frames, requests, reached, noticed } = await fuzz({ kind, runs: 4_500, seed, rate: 1e6 });
    expect(noticed, `seed ${seed}`).toEqual([]);
    expect(frames + requests).toBeGreaterThanOrEqual(4_500);
    expect(requests).toBeGreaterThan(50);
    expect(reached / frames).toBeGreaterThan(0.9);
  });

  it("[S4] [S7] with the limits as they are, too", { timeout: 60_000 }, async () => {
    const { frames, requests, noticed } = await fuzz({ kind, runs: 500, seed, rate: undefined });
    expect(noticed, `seed ${seed}`).toEqual([]);
    expect(frames + requests).toBeGreaterThanOrEqual(500);
  });
});
