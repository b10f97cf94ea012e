import type { ConnectionId } from "../core/event.js";
import type { Clock, Random } from "../ports.js";

/** The longest time that platforms' timers can wait, in ms; what is longer fires at once. */
export const MAX_MS: number = 2 ** 31 - 1;

/** The machine's clock; its timers never keep a process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, Math.min(ms, MAX_MS));
    timer.unref();
    return () => { clearTimeout(timer); };
  },
};

const LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** Makes connection ids of 10 letters and tags of 48 bits. Neither is a secret. */
export function mintWith(random: Random): () => { conn: ConnectionId; tag: number } {
  return () => {
    let conn = "";
    while (conn.length < 10) conn += LETTERS.charAt(Math.floor(random() * LETTERS.length));
    return { conn, tag: 1 + Math.floor(random() * (2 ** 48 - 1)) };
  };
}
