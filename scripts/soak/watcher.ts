import { connect } from "node:net";
import { WebSocket } from "ws";
import { webSocketTransport } from "../../src/adapters/websocket.js";
import { createClient } from "../../src/client/index.js";
import { usersText } from "./lists.js";
import type { Tally } from "./tally.js";

/** A page that only watches, with the library's own client. */
export type Watcher = {
  readonly who: string;
  readonly cut: () => void;
  readonly shows: () => string;
  readonly close: () => void;
};

export function createWatcher(room: string, port: number, address: string | undefined, tally: Tally): Watcher {
  let socket: WebSocket | undefined;
  const remember = (opened: WebSocket): void => {
    socket = opened;
    opened.on("message", () => { tally.heard++; });
    opened.on("open", () => { tally.opened++; });
  };
  class Socket extends WebSocket {
    constructor(url: string | URL) {
      super(url, { perMessageDeflate: false, createConnection: () => connect({ host: "127.0.0.1", port, ...(address === undefined ? {} : { localAddress: address }) }) });
      remember(this);
    }
  }
  const client = createClient({ transport: webSocketTransport(`ws://127.0.0.1:${port}/?user=watcher`, { WebSocket: Socket }) });
  const view = client.room<object>(room, { present: false });
  view.subscribe(() => undefined);

  return {
    who: "a watcher with createClient",
    cut() { socket?.terminate(); },
    shows() {
      const { status, userCount, connectionCount, users, error } = view.getSnapshot();
      if (status !== "live" || !users) return `${status}${error ? ` (${error.code})` : ""}`;
      return usersText(userCount, connectionCount, users);
    },
    close() { client.close(); },
  };
}
