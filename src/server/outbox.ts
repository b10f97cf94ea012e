import type { RoomName } from "../core/event.js";
import type { Wire } from "../ports.js";
import type { ServerState } from "../protocol/message.js";
import type { Watcher } from "./audience.js";

/** Sends states, and knows who could not take them. */
export type Outbox = {
  /**
   * The same messages to all of these watchers, as one encoding for each wire.
   * Returns those that were sent nothing; their links are slow until the transport says `ready`.
   */
  readonly send: (watchers: readonly Watcher[], messages: readonly ServerState[]) => ReadonlySet<Watcher>;
};

export function createOutbox(onWireFailed: (room: RoomName | undefined, cause: unknown) => void): Outbox {
  return {
    send(watchers, messages) {
      const refused = new Set<Watcher>();
      const wires = new Map<Wire<unknown>, Watcher[]>();
      for (const watcher of watchers) {
        const group = wires.get(watcher.link.wire);
        if (group) group.push(watcher);
        else wires.set(watcher.link.wire, [watcher]);
      }
      for (const [wire, group] of wires) {
        let full: ReadonlySet<unknown>;
        try {
          full = new Set(wire.send(group.map(({ link }) => link.peer), messages));
        } catch (cause) {
          onWireFailed(messages[0]?.room, cause);
          for (const watcher of group) refused.add(watcher);
          continue;
        }
        for (const watcher of full.size > 0 ? group : []) {
          if (!full.has(watcher.link.peer)) continue;
          watcher.link.slow = true;
          refused.add(watcher);
        }
      }
      return refused;
    },
  };
}
