// The server that every runtime talks to: sockets and HTTP on one port, which it prints.
import { createServer } from "node:http";
import { WebSocketServer } from "ws";
import { presenceHandler } from "headcount/http";
import { createRegistry } from "headcount/server";
import { attachWs } from "headcount/ws";

const registry = createRegistry();
const presence = presenceHandler(registry, { authorize: () => true });
const server = createServer(async ({ url, method, headers }, res) => {
  const response = await presence(new Request(new URL(url, "http://localhost"), { method, headers }));
  res.writeHead(response.status, Object.fromEntries(response.headers)).end(await response.text());
});
attachWs(new WebSocketServer({ server }), registry, {
  identify: (_socket, { url }) => ({ user: new URL(url, "ws://localhost").searchParams.get("user") }),
  authorize: () => true,
  // A page of jsdom's says it is of some other host.
  origins: "*",
});
registry.on("error", (error) => { console.error(error); });
server.listen(0, "127.0.0.1", () => { console.log(server.address().port); });
