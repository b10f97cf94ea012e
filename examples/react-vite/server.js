// Serves the page and its sockets: from the sources, drawn anew as they are edited, or, with NODE_ENV=production, what `npm run build` made.
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { createRegistry } from "headcount/server";
import { attachWs } from "headcount/ws";
import { WebSocketServer } from "ws";

const root = fileURLToPath(new URL(".", import.meta.url));
const server = createServer(process.env.NODE_ENV === "production" ? built() : await fromSources());

const registry = createRegistry({ grace: Number(process.env.GRACE ?? 10_000) });
attachWs(new WebSocketServer({ server }), registry, {
  // A real app asks its session here who this is.
  identify: (socket, request) => ({ user: new URL(request.url, "http://localhost").searchParams.get("user") || "somebody" }),
  authorize: ({ room }) => room === "document",
});

server.listen(process.env.PORT ?? 3000, () => {
  console.log(`a document on http://localhost:${server.address().port}`);
});

async function fromSources() {
  const { createServer: createVite } = await import("vite");
  return (await createVite({ root, server: { middlewareMode: true } })).middlewares;
}

function built() {
  const types = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css" };
  const files = new Map(readdirSync(`${root}dist`, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map(({ parentPath, name }) => {
    const path = `${parentPath}/${name}`;
    return [path.slice(`${root}dist`.length).replaceAll("\\", "/"), [types[extname(name)] ?? "application/octet-stream", readFileSync(path)]];
  }));
  return (request, response) => {
    const path = request.url.split("?", 1)[0];
    const [type, body] = files.get(path === "/" ? "/index.html" : path) ?? [];
    response.writeHead(body ? 200 : 404, { "Content-Type": type ?? "text/plain" }).end(body);
  };
}
