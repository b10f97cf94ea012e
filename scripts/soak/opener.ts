/** Opens what waits for it in its turn, at most so many a second. */
export type Opener = {
  readonly add: (open: () => void) => void;
  readonly waiting: () => number;
  readonly close: () => void;
};

const EVERY = 20;

export function createOpener(pace: number): Opener {
  let queue: (() => void)[] = [];
  let allowed = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    // What was not used in a second is lost: a burst would be more than the pace.
    allowed = Math.min(pace / 4, allowed + (pace * (now - last)) / 1_000);
    last = now;
    const turn = queue.splice(0, Math.floor(allowed));
    allowed -= turn.length;
    for (const open of turn) open();
  }, EVERY);
  return {
    add(open) { queue.push(open); },
    waiting: () => queue.length,
    close() {
      clearInterval(timer);
      queue = [];
    },
  };
}
