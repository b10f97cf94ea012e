// The server that every runtime talks to: sockets and HTTP on one port, which it prints.
import { createServer } from "node:http";
import { Server } from "socket.io";
import { WebSocketServer } from "ws";
import { presenceHandler } from "headcount/http";
import { createRegistry } from "headcount/server";
import { attachSocketIo } from "headcount/socket.io";
import { attachWs } from "headcount/ws";

const registry = createRegistry();
const presence = presenceHandler(registry, { authorize: () => true });
const server = createServer(async ({ url, method, headers }, res) => {
  const response = await presence(new Request(new URL(url, "http://localhost"), { method, headers }));
  res.writeHead(response.status, Object.fromEntries(response.headers)).end(await response.text());
});
attachSocketIo(new Server(server, { destroyUpgrade: false }), registry, {
  identify: ({ handshake }) => ({ user: handshake.query.user }),
  authorize: () => true,
});
const wss = new WebSocketServer({ noServer: true });
server.on("upgrade", (request, socket, head) => {
  if (!request.url.startsWith("/socket.io/")) wss.handleUpgrade(request, socket, head, (ws) => { wss.emit("connection", ws, request); });
});
attachWs(wss, registry, {
  identify: (_socket, { url }) => ({ user: new URL(url, "ws://localhost").searchParams.get("user") }),
  authorize: () => true,
  // A page of jsdom's says it is of some other host.
  origins: "*",
});
registry.on("error", (error) => { console.error(error); });
server.listen(0, "127.0.0.1", () => { console.log(server.address().port); });
