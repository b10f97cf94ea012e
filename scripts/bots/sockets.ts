import type { IncomingMessage, Server } from "node:http";
import { WebSocketServer } from "ws";
import { attachWs } from "../../src/adapters/ws.js";
import type { Identity, Registry } from "../../src/server/index.js";

/** What a connection came by. */
export type LinkKind = "ws" | "socket.io";
export const LINK_KINDS = ["ws"] as const satisfies readonly LinkKind[];

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
  const wss = new WebSocketServer({ noServer: true, maxPayload: 64 * 1024, perMessageDeflate: false });
  const presence = attachWs<Meta>(wss, registry, {
    identify: (_, request) => identityIn(request, "ws"),
    authorize: () => true,
  });
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
