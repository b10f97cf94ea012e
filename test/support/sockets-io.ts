import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server, type Socket } from "socket.io";
import { io as connectTo, type ManagerOptions, type Socket as Client, type SocketOptions } from "socket.io-client";
import type { WebSocket } from "ws";
import { attachSocketIo, type SocketIoPresence } from "../../src/adapters/socket.io.js";
import { socketIoTransport } from "../../src/adapters/socket.io-client.js";
import type { WsOptions } from "../../src/adapters/ws.js";
import type { ServerMessage } from "../../src/protocol/message.js";
import { createRegistry, type Registry } from "../../src/server/registry.js";
import { afterwards, HELLO, SHORT, tabOn, toldBy, userOf, whenLive, type AppServer, type Hand, type HandSocket, type Meta, type ServeOptions, type ServerSocket, type Tab, type TabOptions } from "./sockets.js";

/** What the tests look at of a request. */
type Request = { readonly url?: string | undefined };
type IoSocket = ServerSocket & { readonly raw: Socket };
export type IoServer = AppServer<IoSocket> & { readonly io: Server };

/** An app's socket.io server with what `serve` of "sockets.js" promises; its app speaks with the event `message`. */
export async function serve({ port = 0, attach = {}, ...given }: ServeOptions = {}): Promise<IoServer> {
  const numbers = { ...SHORT, ...given };
  const http = createServer();
  // Some tests ask for a recovered connection, some for one that is not; it is for `socket.io.test.ts` to say that both work.
  const io = new Server(http, { pingInterval: numbers.ping, pingTimeout: Math.max(50, numbers.lease - numbers.ping), maxHttpBufferSize: 1 << 24, transports: ["websocket", "polling"] });
  http.listen(port, "127.0.0.1");
  await once(http, "listening");
  const registry = createRegistry<Meta>(numbers);
  const known = new Map<Socket, IoSocket>();
  const facade = (raw: Socket): IoSocket => {
    const found = known.get(raw) ?? serverSocket(raw);
    known.set(raw, found);
    return found;
  };
  const attachTo = (to: Registry<Meta> = registry, options: WsOptions<Meta> = {}, channel = "headcount"): SocketIoPresence<Meta, Socket> => {
    const { autoJoin, identify = (_: unknown, { url }: Request) => userOf(url), authorize = "authorize" in attach ? undefined : () => true } = { ...attach, ...options };
    return attachSocketIo(io, to, {
      channel,
      identify: (socket) => (identify as (socket: IoSocket, request: Request) => ReturnType<typeof identify>)(facade(socket), { url: socket.handshake.url }),
      ...(authorize && { authorize: ({ socket, ...asked }) => authorize({ ...asked, socket: facade(socket) as never }) }),
      ...(autoJoin && { autoJoin: (socket, identity) => autoJoin(facade(socket) as never, identity) }),
    });
  };
  const presence = attachTo();
  const sockets: IoSocket[] = [];
  const users = new Map<IoSocket, string>();
  io.on("connection", (raw) => {
    const socket = facade(raw);
    sockets.push(socket);
    const user = userOf(raw.handshake.url)?.user;
    if (user !== undefined) users.set(socket, user);
    raw.on("message", (data: string | Buffer) => raw.emit("message", data));
  });
  const { told, errors } = toldBy(registry);
  const die = async (): Promise<void> => {
    registry.close();
    for (const { raw } of sockets) terminate(raw.conn as unknown as Engine);
    io.engine.close();
    http.closeAllConnections();
    await new Promise((resolve) => { http.close(resolve); });
  };
  afterwards(die);
  return {
    registry, io, sockets, told, errors, die,
    presence: { of: ({ raw }) => presence.of(raw), identify: ({ raw }, identity) => presence.identify(raw, identity), detach: () => { presence.detach(); } },
    attach: (to, options) => { attachTo(to, options, to ? "other" : "headcount"); },
    port: (http.address() as AddressInfo).port,
    socketOf: (wanted) => [...users].filter(([, user]) => user === wanted).at(-1)![0],
  };
}

/** What both ends of engine.io have. */
type Engine = { readonly transport: { readonly socket?: Partial<WebSocket>; readonly ws?: WebSocket }; close(): void };

/** Resets the line where that is possible. */
function terminate(engine: Engine): void {
  const { ws = engine.transport.socket } = engine.transport;
  if (ws?.terminate) ws.terminate();
  else engine.close();
}

function serverSocket(raw: Socket): IoSocket {
  const conn = raw.conn as unknown as Engine & { readonly writeBuffer: readonly { readonly data?: string | Buffer }[] };
  return {
    raw,
    get readyState() { return raw.connected ? 1 : 3; },
    get bufferedAmount() { return conn.writeBuffer.reduce((sum, { data }) => sum + (data?.length ?? 0), conn.transport.socket?.bufferedAmount ?? 0); },
    send(data) { raw.emit("message", data); },
    terminate() { terminate(conn); },
  };
}

function connect(port: number, user: string | undefined, options: Partial<ManagerOptions & SocketOptions>): Client {
  const client = connectTo(`http://127.0.0.1:${port}`, { forceNew: true, transports: ["websocket"], query: user === undefined ? {} : { user }, ...options });
  afterwards(() => { client.disconnect(); });
  return client;
}

export function tab({ port }: { readonly port: number }, user: string | undefined, options: Omit<TabOptions, "socket" | "address"> = {}): Tab {
  const socket = connect(port, user, { reconnectionDelay: 10, reconnectionDelayMax: 50 });
  const sockets: { readonly readyState: number }[] = [];
  socket.on("connect", () => {
    const { id } = socket;
    sockets.push({ get readyState() { return socket.id === id ? 1 : 3; } });
  });
  return tabOn(socketIoTransport(socket), sockets, () => {
    socket.io.reconnection(false);
    socket.io.engine.close();
  }, options);
}

export function liveTab(...args: Parameters<typeof tab>): Promise<Tab> {
  return whenLive(tab(...args));
}

export function dial({ port }: { readonly port: number }, user?: string, { polling = false, ...options }: Partial<ManagerOptions & SocketOptions> & { readonly polling?: boolean } = {}): Hand {
  const client = connect(port, user, { reconnection: false, ...(polling && { transports: ["polling", "websocket"] }), ...options });
  const texts: (string | Buffer)[] = [];
  const heard: ServerMessage[] = [];
  let closed: number | undefined;
  client.on("message", (data: string | Buffer) => texts.push(data));
  client.on("headcount", (...messages: ServerMessage[]) => heard.push(...messages));
  for (const end of ["disconnect", "connect_error"]) client.on(end as "disconnect", () => { closed = 1006; });
  const engine = (): Engine | undefined => client.io.engine as unknown as Engine | undefined;
  const end = (by: (open: Engine) => void): void => {
    if (client.connected) by(client.io.engine as unknown as Engine);
    else {
      closed = 1006;
      client.disconnect();
    }
  };
  const socket: HandSocket = {
    get readyState() { return client.connected ? 1 : closed === undefined ? 0 : 3; },
    send(data) {
      // A text that would be a frame of ours is the event that it means.
      if (typeof data === "string" && data.startsWith('["hc",')) client.emit("headcount", ...(JSON.parse(data) as unknown[]).slice(1));
      else client.emit("message", data);
    },
    close() { end((open) => { open.close(); }); },
    terminate() { end(terminate); },
    pause() { engine()?.transport.ws?.pause(); },
    resume() { engine()?.transport.ws?.resume(); },
    on: (_, listener) => client.on("connect", listener),
  };
  return {
    socket, texts, heard,
    say(...messages) { client.emit("headcount", ...messages); },
    closed: () => closed,
    all: (type) => heard.filter((message) => message.type === type) as never,
  };
}

export async function hand(to: { readonly port: number }, user?: string, { hello, ...options }: Partial<ManagerOptions & SocketOptions> & { readonly hello?: boolean } = {}): Promise<Hand> {
  const opened = dial(to, user, options);
  await new Promise<void>((resolve) => { opened.socket.on("open", resolve); });
  if (hello !== false) opened.say(HELLO);
  return opened;
}
