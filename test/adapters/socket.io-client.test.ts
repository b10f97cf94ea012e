import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server } from "socket.io";
import { io as dial } from "socket.io-client";
import { socketIoTransport } from "../../src/adapters/socket.io-client.js";
import { transportContract, type Peer } from "../contract/transport.js";

for (const transports of [["websocket"], ["polling"], ["polling", "websocket"]]) {
  transportContract(`socketIoTransport over ${transports.join(" and ")}`, async () => {
    const http = createServer();
    const server = new Server(http);
    http.listen(0, "127.0.0.1");
    await once(http, "listening");
    const peers: Peer[] = [];
    server.on("connection", (socket) => {
      const received: unknown[] = [];
      socket.on("headcount", (...messages: unknown[]) => received.push(...messages));
      peers.push({
        send: (...messages) => { socket.emit("headcount", ...messages); },
        received,
        cut: () => { socket.conn.close(); },
      });
    });
    const socket = dial(`http://127.0.0.1:${(http.address() as AddressInfo).port}`, { transports, reconnectionDelay: 5, forceNew: true });
    return {
      transport: socketIoTransport(socket),
      peers,
      owns: false,
      async close() {
        socket.close();
        await server.close();
      },
    };
  });
}
