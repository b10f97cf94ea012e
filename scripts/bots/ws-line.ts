import { WebSocket } from "ws";
import { webSocketTransport } from "../../src/adapters/websocket.js";
import type { Line, LineOptions } from "./line.js";
import { WS_PATH } from "./sockets.js";

export function wsLine({ url, user, chance }: LineOptions): Line {
  let socket: WebSocket | undefined;
  let onlineAt = 0;
  const remember = (opened: WebSocket): void => { socket = opened; };
  class Socket extends WebSocket {
    constructor(address: string | URL) {
      super(address, { perMessageDeflate: false });
      remember(this);
    }
  }
  const address = new URL(WS_PATH, url.replace("http", "ws"));
  if (user !== undefined) address.searchParams.set("user", user);

  return {
    // Asked at each attempt, as an app would ask for a fresh token.
    transport: webSocketTransport(() => {
      if (Date.now() < onlineAt) throw new Error("offline");
      return address;
    }, { WebSocket: Socket, minDelay: 60, maxDelay: 300, random: chance.next }),
    login(name) {
      if (socket?.readyState === WebSocket.OPEN) socket.send(`login ${name}`);
    },
    end() { socket?.close(1001); },
    cut() { socket?.terminate(); },
    offline(ms) {
      onlineAt = Date.now() + ms;
      socket?.terminate();
    },
    stall(ms) {
      const stalled = socket;
      if (stalled?.readyState !== WebSocket.OPEN) return;
      stalled.pause();
      setTimeout(() => { stalled.resume(); }, ms);
    },
  };
}
