// Presence without a socket: the server talks by server-sent events, the page by POST. All that headcount needs of a
// wire is a way to send, to close, and to say what is open; all else is `registry.open` and the link that it returns.
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { createRegistry } from "headcount/server";

const files = new Map([
  ["/", ["text/html; charset=utf-8", new URL("index.html", import.meta.url)]],
  ["/sse-transport.js", ["text/javascript", new URL("sse-transport.js", import.meta.url)]],
  ["/headcount.js", ["text/javascript", import.meta.resolve("headcount/browser.js")]],
]);
/** Bytes that may wait in a response; a reader who lets more wait is owed one state instead. */
const SLOW = 65_536;

const registry = createRegistry({ grace: Number(process.env.GRACE ?? 10_000), lease: Number(process.env.LEASE ?? 75_000) });
/** By a secret that only the page knows which opened the stream. */
const links = new Map();

const wire = {
  send(responses, messages) {
    const event = `data: ${JSON.stringify(messages)}\n\n`;
    return responses.filter((response) => {
      const slow = response.writableLength > SLOW;
      if (slow) once(response, "drain").then(() => response.link.ready(), () => undefined);
      else response.write(event);
      return slow;
    });
  },
  close: (response) => { response.end(); },
  open: (response) => !response.destroyed && !response.writableEnded,
};

function events(url, response) {
  const secret = randomUUID();
  response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
  response.write(`event: open\ndata: ${JSON.stringify(secret)}\n\n`);
  // A real app asks its session here who this is.
  response.link = registry.open({ wire, peer: response, user: url.searchParams.get("user") ?? "somebody", authorize: () => true });
  links.set(secret, response.link);
  response.on("close", () => {
    links.delete(secret);
    response.link.closed("vanished");
  });
}

async function messages(url, request, response) {
  const link = links.get(url.searchParams.get("link"));
  if (!link) return response.writeHead(410).end();
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) {
    text += chunk;
    if (text.length > 65_536) return response.writeHead(413, { Connection: "close" }).end();
  }
  let message;
  try {
    message = JSON.parse(text);
  } catch {
    return response.writeHead(400).end();
  }
  link.receive(message);
  response.writeHead(204).end();
}

const server = createServer((request, response) => {
  let url;
  try {
    url = new URL(request.url, "http://localhost");
  } catch {
    return response.writeHead(400).end(); // `GET //`
  }
  if (url.pathname === "/events") return events(url, response);
  if (url.pathname === "/messages" && request.method === "POST") return messages(url, request, response).catch(() => response.destroy());
  const [type, file] = files.get(url.pathname) ?? [];
  if (!file) return response.writeHead(404).end();
  response.setHeader("Content-Type", type);
  createReadStream(fileURLToPath(file)).pipe(response);
});
server.listen(process.env.PORT ?? 3000, () => {
  console.log(`presence without sockets on http://localhost:${server.address().port}`);
});
