import type { Clock, Stop } from "../ports.js";

export type Announcer = { readonly hear: (text: string) => void; readonly stop: Stop };

/** What is said waits that long, for what takes it back; each further time twice as long, up to the second. In ms. */
const LEAST = 2_000;
const MOST = 300_000;

/**
 * Tells who listens to a page how it stands, without chattering: what was taken back before it was said is never said,
 * and the busier the room, the rarer. The first that it hears is where it starts from.
 */
export function createAnnouncer(clock: Clock, say: (text: string) => void): Announcer {
  let told: string | undefined;
  let latest = "";
  let timer: Stop | undefined;
  let wait = LEAST;
  let spoke = 0;
  return {
    hear(text) {
      latest = text;
      told ??= text;
      if (timer || told === text) return;
      // A room that was quiet for twice as long as one had to wait is quiet.
      if (clock.now() - spoke > 2 * wait) wait = LEAST;
      timer = clock.after(wait, () => {
        timer = undefined;
        if (told === latest) return;
        spoke = clock.now();
        wait = Math.min(MOST, wait * 2);
        say((told = latest));
      });
    },
    stop() {
      timer?.();
    },
  };
}
