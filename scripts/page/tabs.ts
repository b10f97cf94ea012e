import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { queryOf } from "../bots/sockets.js";

/** The TCP sockets of browser tabs, for what a tab can't do to itself. A tab names itself by a random `tab` in its address. */
export type Tabs = {
  /** Takes note of a socket that is about to open; ends it if its tab is frozen. */
  readonly take: (request: IncomingMessage, socket: Duplex) => void;
  /** Destroys the tab's sockets: no goodbye is said, by nobody. */
  readonly cut: (tab: string) => void;
  /** For so many ms nothing gets in or out, and no other socket opens. */
  readonly freeze: (tab: string, ms: number) => void;
};

export function createTabs(): Tabs {
  const sockets = new Map<string, Set<Duplex>>();
  const frozen = new Set<string>();

  return {
    take(request, socket) {
      const tab = queryOf(request).get("tab");
      if (tab === null) return;
      if (frozen.has(tab)) {
        socket.destroy();
        return;
      }
      const own = sockets.get(tab) ?? new Set();
      sockets.set(tab, own.add(socket));
      socket.once("close", () => {
        own.delete(socket);
        if (own.size === 0 && sockets.get(tab) === own) sockets.delete(tab);
      });
    },
    cut(tab) {
      for (const socket of sockets.get(tab) ?? []) socket.destroy();
    },
    freeze(tab, ms) {
      if (frozen.has(tab)) return;
      const held = [...(sockets.get(tab) ?? [])];
      frozen.add(tab);
      for (const socket of held) {
        socket.pause();
        socket.cork();
      }
      setTimeout(() => {
        frozen.delete(tab);
        for (const socket of held) {
          socket.uncork();
          socket.resume();
        }
      }, ms).unref();
    },
  };
}
