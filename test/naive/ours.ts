import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server } from "socket.io";
import { io as connectTo } from "socket.io-client";
import { WebSocket, WebSocketServer } from "ws";
import { attachSocketIo } from "../../src/adapters/socket.io.js";
import { socketIoTransport } from "../../src/adapters/socket.io-client.js";
import { webSocketTransport } from "../../src/adapters/websocket.js";
import { attachWs } from "../../src/adapters/ws.js";
import { createPresence } from "../../src/client/presence.js";
import type { Transport } from "../../src/ports.js";
import { createRegistry } from "../../src/server/registry.js";
import type { CheckedTab, CheckOptions, ServerToCheck } from "../../src/testing/check-server.js";

/** So short that a history with graces and leases is over in a second. */
const TIMES = { grace: 100, tick: 20, ping: 60, lease: 300, settle: 0, flush: 10, heartbeat: 200, jitter: 10 };
/** What is promised of them; the rest is what a busy machine may take. */
export const options: CheckOptions = { grace: TIMES.grace, lease: TIMES.lease, reconnects: true, settle: 5_000 };

type Running = { readonly port: number; readonly stop: () => unknown };

export const ours: Readonly<Record<"ws" | "socket.io", ServerToCheck<Running>>> = {
  ws: {
    async start() {
      const wss = new WebSocketServer({ port: 0 });
      const registry = createRegistry(TIMES);
      attachWs(wss, registry, { identify: (_, { url = "" }) => ({ user: url.slice(1) }), authorize: () => true });
      await once(wss, "listening");
      return { port: (wss.address() as AddressInfo).port, stop: () => { registry.close(); wss.close(); } };
    },
    connect: ({ port, user }) => tab(webSocketTransport(`ws://127.0.0.1:${port}/${user}`, { WebSocket, minDelay: 10, maxDelay: 50 })),
    stop: ({ stop }) => stop(),
  },
  "socket.io": {
    async start() {
      const http = createServer();
      const io = new Server(http, { pingInterval: 150, pingTimeout: 150 });
      const registry = createRegistry(TIMES);
      attachSocketIo(io, registry, { identify: (socket) => ({ user: String(socket.handshake.query.user) }), authorize: () => true });
      http.listen(0);
      await once(http, "listening");
      return { port: (http.address() as AddressInfo).port, async stop() { registry.close(); await io.close(); } };
    },
    connect({ port, user }) {
      const socket = connectTo(`http://127.0.0.1:${port}`, { forceNew: true, transports: ["websocket"], query: { user }, reconnectionDelay: 10, reconnectionDelayMax: 50 });
      return tab(socketIoTransport(socket), () => socket.disconnect());
    },
    stop: ({ stop }) => stop(),
  },
};

async function tab(transport: Transport, end: () => unknown = () => undefined): Promise<CheckedTab> {
  const presence = createPresence({ transport, room: "lobby" });
  presence.subscribe(() => undefined);
  await presence.enter();
  return {
    who() {
      const { status, users } = presence.getSnapshot();
      return status === "live" ? users?.map(({ id }) => id) : undefined;
    },
    leave: () => { presence.leave(); },
    close() {
      presence.close();
      end();
    },
  };
}
