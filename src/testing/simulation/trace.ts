import { hash } from "./chance.js";

/** All that happened in a history, as one number: two runs of one history have the same, to the byte. */
export type Trace = { readonly add: (what: string) => void; readonly value: () => string };

export function createTrace(): Trace {
  let high = 0x811c9dc5;
  let low = 0x01234567;
  return {
    add(what) {
      high = hash(what, high);
      low = Math.imul(low ^ high, 0x85ebca6b) >>> 0;
    },
    value: () => high.toString(16).padStart(8, "0") + low.toString(16).padStart(8, "0"),
  };
}
