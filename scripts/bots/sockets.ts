import type { IncomingMessage, Server } from "node:http";
import { Server as SocketIo } from "socket.io";
import { WebSocketServer } from "ws";
import { attachSocketIo } from "../../src/adapters/socket.io.js";
import { attachWs } from "../../src/adapters/ws.js";
import type { Identity, Registry } from "../../src/server/index.js";

/** What a connection came by. */
export const LINK_KINDS = ["ws", "socket.io"] as const;
export type LinkKind = (typeof LINK_KINDS)[number];

export type Meta = { readonly name: string; readonly link: LinkKind };
/** Where ws clients go; socket.io has its own path. */
export const WS_PATH = "/ws";

/** What stands behind the `?` of a request; not by `URL`, which throws at what is none. */
export function queryOf(request: IncomingMessage): URLSearchParams {
  return new URLSearchParams(request.url?.split("?")[1]);
}

/** Everybody who knows how may be anybody: in an app the session says who it is. */
function identityIn(request: IncomingMessage, link: LinkKind): Identity<Meta> | undefined {
  const user = queryOf(request).get("user");
  return user === null ? undefined : { user, meta: { link } };
}

/** Gives an HTTP server both kinds of sockets, in the rooms of one registry. Returns what ends them, without a goodbye. */
export function attachSockets(http: Server, registry: Registry<Meta>): () => void {
  const closeWs = attachPlain(http, registry);
  const closeIo = attachIo(http, registry);
  return () => {
    closeWs();
    closeIo();
  };
}

function attachPlain(http: Server, registry: Registry<Meta>): () => void {
  const wss = new WebSocketServer({ noServer: true, maxPayload: 64 * 1024, perMessageDeflate: false });
  const presence = attachWs<Meta>(wss, registry, { identify: (_, request) => identityIn(request, "ws"), authorize: () => true });
  http.on("upgrade", (request, socket, head) => {
    // The others are socket.io's.
    if (!request.url?.startsWith(WS_PATH)) return;
    wss.handleUpgrade(request, socket, head, (opened) => { wss.emit("connection", opened, request); });
  });
  // The app's own messages on the same socket: here, a login that comes later.
  wss.on("connection", (socket) => {
    socket.on("message", (data, binary) => {
      if (binary) return;
      const text = (data as Buffer).toString();
      if (text.startsWith("login ")) void presence.identify(socket, { user: text.slice(6), meta: { link: "ws" } });
      else if (!text.startsWith('["hc",')) socket.send(`echo ${text}`);
    });
  });
  return () => {
    for (const socket of wss.clients) socket.terminate();
    wss.close();
  };
}

function attachIo(http: Server, registry: Registry<Meta>): () => void {
  const { ping, lease } = registry.options;
  // socket.io keeps time itself.
  const io = new SocketIo(http, { pingInterval: ping, pingTimeout: lease - ping, maxHttpBufferSize: 64 * 1024 });
  const presence = attachSocketIo(io, registry, { identify: (socket) => identityIn(socket.request, "socket.io"), authorize: () => true });
  io.on("connection", (socket) => {
    socket.on("login", (user: unknown) => {
      if (typeof user === "string") void presence.identify(socket, { user, meta: { link: "socket.io" } });
    });
  });
  // Not `io.close`, which says goodbye and closes the HTTP server.
  return () => { io.engine.close(); };
}
