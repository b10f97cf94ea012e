import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server } from "socket.io";
import { io as connectIo } from "socket.io-client";
import { WebSocket, WebSocketServer } from "ws";
import { attachSocketIo } from "../../src/adapters/socket.io.js";
import { socketIoTransport } from "../../src/adapters/socket.io-client.js";
import { webSocketTransport } from "../../src/adapters/websocket.js";
import { attachWs } from "../../src/adapters/ws.js";
import { presenceHandler } from "../../src/adapters/http.js";
import type { Transport } from "../../src/ports.js";
import { createRegistry, type Registry } from "../../src/server/index.js";

export type Meta = Readonly<Record<string, unknown>>;
export type Kind = "ws" | "socket.io";

/** An app's server on real sockets, shared with presence: it sends back what is the app's own. */
export type Target = {
  readonly kind: Kind;
  readonly port: number;
  readonly registry: Registry<Meta>;
  /** Frames of users called mallory that presence took for its own. */
  readonly reached: () => number;
  readonly transport: (user: string) => Transport;
  /** The address of a raw socket of a user's; what is said on it is text. */
  readonly address: (user: string) => string;
  /** What a raw socket says first, how it says a frame of ours, and how it says something of the app's. */
  readonly greeting: string | undefined;
  readonly frame: (body: string) => string;
  readonly own: (text: string) => string;
  readonly close: () => Promise<void>;
};

function userOf(url: string | undefined): string | undefined {
  return new URL(url ?? "/", "http://localhost").searchParams.get("user") ?? undefined;
}

/** `rate`: messages a second of one link; undefined = the default. */
export async function startTarget(kind: Kind, rate: number | undefined): Promise<Target> {
  const registry = createRegistry<Meta>({ grace: 300, tick: 100, flush: 20, settle: 0, maxRooms: 20, ...(rate === undefined ? {} : { rate, burst: rate }) });
  let reached = 0;
  const counted: Registry<Meta> = {
    ...registry,
    open(options) {
      const link = registry.open(options);
      return {
        ...link,
        get user() { return link.user; },
        frame(text) {
          const ours = link.frame(text);
          if (ours && link.user?.startsWith("mallory")) reached++;
          return ours;
        },
      };
    },
  };
  const presence = presenceHandler(registry, { authorize: () => true });
  const http = createServer((request, response) => {
    void (async () => {
      try {
        const answer = await presence(new Request(new URL(request.url ?? "/", "http://localhost"), { method: request.method ?? "GET", headers: Object.entries(request.headers).map(([key, value]): [string, string] => [key, String(value)]) }));
        response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text());
      } catch {
        response.writeHead(400).end();
      }
    })();
  });
  const authorize = (): boolean => true;
  const stop = kind === "ws" ? startWs() : startIo();
  await new Promise<void>((resolve) => { http.listen(0, "127.0.0.1", resolve); });
  const { port } = http.address() as AddressInfo;
  const ws = kind === "ws";

  function startWs(): () => void {
    const wss = new WebSocketServer({ server: http });
    attachWs(wss, counted, { authorize, identify: (_, request) => { const user = userOf(request.url); return user === undefined ? undefined : { user }; } });
    wss.on("connection", (socket) => {
      socket.on("error", () => undefined);
      socket.on("message", (data: Buffer, binary) => { if (binary || !data.toString().startsWith('["hc",')) socket.send(data, { binary }); });
    });
    return () => { for (const socket of wss.clients) socket.terminate(); wss.close(); };
  }

  function startIo(): () => void {
    const io = new Server(http);
    attachSocketIo(io, counted, { authorize, identify: (socket) => { const { user } = socket.handshake.query; return typeof user === "string" ? { user } : undefined; } });
    io.on("connection", (socket) => { socket.on("echo", (text: unknown) => { socket.emit("echo", text); }); });
    return () => { void io.close(); };
  }

  return {
    kind, port, registry,
    reached: () => reached,
    transport: (user) => ws
      ? webSocketTransport(`ws://127.0.0.1:${port}/?user=${user}`, { WebSocket: WebSocket })
      : socketIoTransport(connectIo(`http://127.0.0.1:${port}`, { query: { user }, forceNew: true, transports: ["websocket"] })),
    address: (user) => `ws://127.0.0.1:${port}${ws ? "/" : "/socket.io/"}?user=${user}${ws ? "" : "&EIO=4&transport=websocket"}`,
    greeting: ws ? undefined : "40",
    frame: (body) => (ws ? `["hc",${body}]` : `42["headcount",${body}]`),
    own: (text) => (ws ? text : `42["echo",${JSON.stringify(text)}]`),
    async close() {
      registry.close();
      stop();
      http.closeAllConnections();
      await new Promise((resolve) => { http.close(resolve); });
    },
  };
}
