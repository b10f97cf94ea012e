import type { RoomName } from "../core/event.js";

/** Messages that wait for an identity. */
export const MAX_HELD = 128;

export type Waiting = {
  readonly work: () => void;
  /** Of which room the client said it; absent where the server wants it. */
  readonly room?: RoomName;
  /** Called if it will never be done. */
  readonly drop?: () => void;
};

/** What a link is told, or wants, before its user is known: done later, in order. */
export type Held = {
  /** False when too much waits already. */
  readonly add: (waiting: Waiting) => boolean;
  readonly release: () => void;
  /** What was said of a room comes to nothing. */
  readonly forget: (room: RoomName) => void;
  readonly drop: () => void;
};

export function createHeld(): Held {
  let waiting: Waiting[] = [];

  function take(): readonly Waiting[] {
    const taken = waiting;
    waiting = [];
    return taken;
  }

  return {
    add(one) {
      if (waiting.length >= MAX_HELD) return false;
      waiting.push(one);
      return true;
    },
    forget(room) {
      waiting = waiting.filter((one) => one.room !== room);
    },
    release() {
      for (const { work } of take()) work();
    },
    drop() {
      for (const { drop } of take()) drop?.();
    },
  };
}
