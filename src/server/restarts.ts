import type { RoomName } from "../core/event.js";
import type { Log, Stop } from "../ports.js";
import { publish } from "./channels.js";
import type { Events } from "./events.js";

/** Rooms in which a defect struck: they start again in a new epoch. */
export type Restarts = {
  /** Now (true) or, if it just did, a while later. */
  readonly restart: (room: RoomName, cause: unknown) => boolean;
  readonly close: () => void;
};

export function createRestarts<M>({ log, events, retry }: { readonly log: Log<M>; readonly events: Events<M>; readonly retry: (run: () => void) => Stop }): Restarts {
  /** Rooms that were started again a moment ago. */
  const restarted = new Map<RoomName, { again: boolean; stop: Stop }>();
  let closed = false;

  function startAgain(name: RoomName): boolean {
    const rest = { again: false, stop: retry(() => {
      restarted.delete(name);
      if (rest.again) startAgain(name);
    }) };
    restarted.set(name, rest);
    publish("repair", () => ({ room: name, link: undefined, what: "restart" }));
    const failed = (cause: unknown): void => {
      rest.again = true;
      events.report({ code: "internal", room: name, message: "The room could not be started again yet.", cause });
    };
    try {
      const done = events.run(() => log.restart(name));
      if (done instanceof Promise) done.catch(failed);
    } catch (cause) {
      failed(cause);
    }
    return !rest.again;
  }

  return {
    restart(name, cause) {
      if (closed) return false;
      events.report({ code: "internal", room: name, message: "A defect of headcount: the room starts again in a new epoch; the app's own messages were not touched.", cause });
      const rest = restarted.get(name);
      // A defect that strikes while a room starts again would go round for ever.
      if (rest) rest.again = true;
      return !rest && startAgain(name);
    },
    close() {
      closed = true;
      for (const { stop } of restarted.values()) stop();
    },
  };
}
