// One page as it is, headcount's two scripts for browsers as they are, and the sockets.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { createRegistry } from "headcount/server";
import { attachWs } from "headcount/ws";
import { WebSocketServer } from "ws";

const read = (url) => readFileSync(fileURLToPath(url));
const files = new Map([
  ["/", ["text/html; charset=utf-8", read(new URL("index.html", import.meta.url))]],
  ["/headcount/user-presence.js", ["text/javascript", read(import.meta.resolve("headcount/user-presence.js"))]],
  ["/headcount/browser.js", ["text/javascript", read(import.meta.resolve("headcount/browser.js"))]],
]);
const server = createServer((request, response) => {
  const [type, body] = files.get(request.url.split("?", 1)[0]) ?? [];
  response.writeHead(body ? 200 : 404, { "Content-Type": type ?? "text/plain" }).end(body);
});

const registry = createRegistry({ grace: Number(process.env.GRACE ?? 10_000) });
attachWs(new WebSocketServer({ server }), registry, {
  // A real app asks its session here who this is.
  identify: (socket, request) => ({ user: new URL(request.url, "http://localhost").searchParams.get("user") || "somebody" }),
  authorize: ({ room }) => room === "page",
});

server.listen(process.env.PORT ?? 3000, () => {
  console.log(`a plain page on http://localhost:${server.address().port}`);
});
