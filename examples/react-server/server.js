// Draws the page with whoever is in the room, so that it shows them before its socket is open, and without scripts too.
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import { createClient } from "headcount/client";
import { createRegistry } from "headcount/server";
import { webSocketTransport } from "headcount/websocket";
import { attachWs } from "headcount/ws";
import { createElement } from "react";
import { renderToString } from "react-dom/server";
import { WebSocket, WebSocketServer } from "ws";

const path = (name) => fileURLToPath(new URL(name, import.meta.url));
const script = buildSync({ entryPoints: [path("client.jsx")], jsx: "automatic", bundle: true, format: "esm", logLevel: "error", write: false }).outputFiles[0].text;
buildSync({ entryPoints: [path("App.jsx")], jsx: "automatic", bundle: true, format: "esm", packages: "external", logLevel: "error", outfile: path("dist/App.js") });
const { App } = await import("./dist/App.js");

const registry = createRegistry({ grace: Number(process.env.GRACE ?? 10_000) });
// It never opens a socket: nobody is in a room because a server draws it. (Node 20 has no WebSocket of its own.)
const transport = () => webSocketTransport("ws://localhost", { WebSocket });

function page(me) {
  const initial = registry.snapshot("page");
  // A client for each request, as its rooms keep the `initial` that they were first given.
  const html = renderToString(createElement(App, { client: createClient({ transport: transport() }), initial }));
  // "<" would end the script.
  const known = JSON.stringify({ me, initial }).replaceAll("<", "\\u003c");
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Who is here</title>
<link rel="icon" href="data:,">
<style>
  :root { color-scheme: light dark; font: 1rem/1.6 system-ui, sans-serif }
  body { margin: 0 auto; max-width: 40rem; padding: 1rem }
  ul { list-style: none; padding: 0; font-size: 1.2rem }
  .stale { opacity: .5 }
</style>
<div id="root">${html}</div>
<script id="known" type="application/json">${known}</script>
<script type="module" src="/client.js"></script>
</html>`;
}

/** Who asks. A real app asks its session here. */
const userOf = (request) => new URLSearchParams(request.url.split("?")[1]).get("user") || "Somebody";

const server = createServer((request, response) => {
  const [name] = request.url.split("?", 1);
  if (name === "/") response.setHeader("Content-Type", "text/html; charset=utf-8").end(page(userOf(request)));
  else if (name === "/client.js") response.setHeader("Content-Type", "text/javascript; charset=utf-8").end(script);
  else response.writeHead(404).end();
});
attachWs(new WebSocketServer({ server }), registry, {
  identify: (socket, request) => ({ user: userOf(request) }),
  authorize: ({ room }) => room === "page",
});

server.listen(process.env.PORT ?? 3000, () => {
  console.log(`a page that is drawn on the server: http://localhost:${server.address().port}/?user=Ann`);
});
