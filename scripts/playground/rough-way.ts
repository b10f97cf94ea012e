import type { Random } from "../../src/ports.js";

/** A rough line: how long each packet is under way, which part of them is lost, and the most that one text can take. */
const TRIP = 200;
const LOST = 0.2;
/** TCP sends again what is not acknowledged: after so many ms, then after twice as many; a third loss in a row is left out. */
const AGAIN = [400, 800];
export const ROUGH_MOST: number = TRIP + AGAIN.reduce((sum, ms) => sum + ms, 0);

/** One way of a line. A WebSocket is ordered: what is lost is a stall for all that comes behind it, never a gap. */
export type Way = {
  /** How many ms from now a text that is sent now arrives. */
  readonly wait: (now: number, rough: boolean) => number;
};

export function createWay(chance: Random): Way {
  let last = 0;
  return {
    wait(now, rough) {
      let trip = rough ? TRIP : 0;
      if (rough) for (const ms of AGAIN) {
        if (chance() >= LOST) break;
        trip += ms;
      }
      last = Math.max(now + trip, last);
      return last - now;
    },
  };
}
