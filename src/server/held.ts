/** Messages that wait for an identity. */
export const MAX_HELD = 128;

/** What a link is told, or wants, before its user is known: done later, in order. */
export type Held = {
  /** False when too much waits already. `drop`: it will never be done. */
  readonly add: (work: () => void, drop?: () => void) => boolean;
  readonly release: () => void;
  readonly drop: () => void;
};

export function createHeld(): Held {
  let waiting: { readonly work: () => void; readonly drop: (() => void) | undefined }[] = [];

  function take(): typeof waiting {
    const taken = waiting;
    waiting = [];
    return taken;
  }

  return {
    add(work, drop) {
      if (waiting.length >= MAX_HELD) return false;
      waiting.push({ work, drop });
      return true;
    },
    release() {
      for (const { work } of take()) work();
    },
    drop() {
      for (const { drop } of take()) drop?.();
    },
  };
}
