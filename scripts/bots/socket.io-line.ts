import { Agent, type AgentOptions } from "node:http";
import { connect, type NetConnectOpts, type Socket } from "node:net";
import { io, type ManagerOptions } from "socket.io-client";
import { socketIoTransport } from "../../src/adapters/socket.io-client.js";
import type { Line, LineOptions } from "./line.js";

export function socketIoLine({ url, user, chance }: LineOptions): Line {
  let onlineAt = 0;
  const open = new Set<Socket>();

  /** Makes the TCP sockets under engine.io, and so can do to them what a network does. */
  class Network extends Agent {
    override createConnection(options: AgentOptions): Socket {
      const tcp = connect(options as NetConnectOpts);
      open.add(tcp);
      tcp.once("close", () => open.delete(tcp));
      // The request that it is for listens only later.
      tcp.on("error", () => undefined);
      if (Date.now() < onlineAt) tcp.once("connect", () => tcp.destroy());
      return tcp;
    }
  }
  const socket = io(url, {
    // Node's agent; its type is that of the browser's build.
    agent: new Network({ keepAlive: false }) as unknown as NonNullable<ManagerOptions["agent"]>,
    // Some begin with polling and are upgraded, as socket.io does by itself; some come straight by WebSocket.
    transports: chance.next() < 0.5 ? ["polling", "websocket"] : ["websocket"],
    reconnectionDelay: 60,
    reconnectionDelayMax: 300,
    // One for each tab, as each page has its own.
    forceNew: true,
    ...(user !== undefined && { query: { user } }),
  });
  const cut = (): void => {
    for (const tcp of open) tcp.destroy();
  };

  return {
    transport: socketIoTransport(socket),
    login(name) {
      if (socket.connected) socket.emit("login", name);
    },
    end() {
      socket.io.reconnection(false);
      // First, so that socket.io's own goodbye reaches nobody: a closed tab says none.
      cut();
      socket.disconnect();
    },
    cut,
    offline(ms) {
      onlineAt = Date.now() + ms;
      cut();
    },
    stall(ms) {
      const stalled = [...open];
      for (const tcp of stalled) tcp.pause();
      setTimeout(() => { for (const tcp of stalled) tcp.resume(); }, ms);
    },
  };
}
