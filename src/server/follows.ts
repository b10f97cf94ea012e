import type { RoomName } from "../core/event.js";
import type { Stop } from "../ports.js";
import type { Ledger } from "./ledger.js";

/** Rooms that the app follows by itself, whether or not somebody here is in them. */
export type Follows = {
  readonly holds: (room: RoomName) => boolean;
  /** Follows a room until stopped. */
  readonly hold: (room: RoomName) => Stop;
  /** Resolves when something was heard of a room, or nothing will be. */
  readonly arrival: (room: RoomName) => Promise<void>;
  /** Something was heard of a room. */
  readonly arrived: (room: RoomName) => void;
  readonly close: () => void;
};

export function createFollows<M>(ledger: () => Pick<Ledger<M>, "follow" | "release">): Follows {
  const held = new Map<RoomName, number>();
  const waiting = new Map<RoomName, (() => void)[]>();

  function arrived(room: RoomName): void {
    const told = waiting.get(room) ?? [];
    waiting.delete(room);
    for (const done of told) done();
  }

  return {
    arrived,
    holds: (room) => held.has(room),
    hold(room) {
      let stopped = false;
      held.set(room, (held.get(room) ?? 0) + 1);
      ledger().follow(room);
      return () => {
        if (stopped) return;
        stopped = true;
        const left = (held.get(room) ?? 1) - 1;
        if (left > 0) held.set(room, left);
        else held.delete(room);
        ledger().release(room);
      };
    },
    arrival: (room) => new Promise((resolve) => { waiting.set(room, [...(waiting.get(room) ?? []), resolve]); }),
    close() {
      for (const room of [...waiting.keys()]) arrived(room);
    },
  };
}
