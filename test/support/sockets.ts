import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterEach, expect } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import type { ClientOptions as SocketOptions } from "ws";
import { webSocketTransport, type WebSocketOptions } from "../../src/adapters/websocket.js";
import { attachWs, type WsOptions, type WsPresence } from "../../src/adapters/ws.js";
import { createClient, type Client, type ClientOptions } from "../../src/client/client.js";
import type { ClientRoom, RoomOptions } from "../../src/client/room.js";
import type { View } from "../../src/client/view-show.js";
import { decodeFrame, encodeFrame } from "../../src/protocol/frame.js";
import type { ServerMessage } from "../../src/protocol/message.js";
import type { Transport } from "../../src/ports.js";
import type { ErrorEvent } from "../../src/server/events.js";
import type { Identity, Link } from "../../src/server/link.js";
import type { RegistryOptions } from "../../src/server/options.js";
import { createRegistry, type Registry } from "../../src/server/registry.js";
import { startProxy, type Proxy } from "./proxy.js";
import { until } from "./until.js";

/** The server's end of a socket, of whatever kind. */
export type ServerSocket = {
  /** As a WebSocket's: 1 is open, 3 is closed. */
  readonly readyState: number;
  /** Bytes that wait to be sent. */
  readonly bufferedAmount: number;
  /** Sends something of the app's. */
  send(data: string | Buffer): void;
  terminate(): void;
};

export type Meta = Readonly<Record<string, unknown>>;
export const ROOM = "lobby";

/** What is over with a test is closed after it, the latest first. */
const leftovers: (() => unknown)[] = [];
export function afterwards(close: () => unknown): void {
  leftovers.push(close);
}
afterEach(async () => {
  for (let close; (close = leftovers.pop()); ) await close();
});

/** So short that a test can wait for all of it. Where nothing may run out, a test says longer ones. */
export const SHORT = { grace: 300, settle: 0, tick: 50, ping: 150, lease: 1_500, flush: 20, heartbeat: 300, jitter: 20, patience: 300 };

/** An app's server on its own port, whose sockets it shares with presence: it sends back each text and each binary message that is not ours. */
export type AppServer<S = ServerSocket> = {
  readonly registry: Registry<Meta>;
  readonly presence: { of(socket: S): Link<Meta> | undefined; identify(socket: S, identity: Identity<Meta> | undefined): Promise<void>; detach(): void };
  /** Attaches a registry as well, with other options; by default the server's own, again. */
  readonly attach: (registry?: Registry<Meta>, options?: WsOptions<Meta>) => void;
  readonly port: number;
  /** The server's ends of all sockets that ever came, the newest last. */
  readonly sockets: readonly S[];
  /** "joined ann", "left ann timeout", "updated ann", in order. */
  readonly told: readonly string[];
  readonly errors: readonly ErrorEvent[];
  /** The server's end of a user's newest socket. */
  readonly socketOf: (user: string) => S;
  /** Ends like a process that is killed: every socket is reset, nothing is said. */
  readonly die: () => Promise<void>;
};

export type WsServer = AppServer<WebSocket> & { readonly wss: WebSocketServer };

export type ServeOptions = Omit<RegistryOptions<Meta>, "log"> & { readonly port?: number; readonly attach?: WsOptions<Meta> };

/** `?user=` in a socket's address is its user; without one it is nobody's yet. Everybody may do everything, unless `attach` says otherwise. */
export async function serve({ port = 0, attach, ...numbers }: ServeOptions = {}): Promise<WsServer> {
  const wss = new WebSocketServer({ port, host: "127.0.0.1", perMessageDeflate: false });
  await once(wss, "listening");
  const registry = createRegistry<Meta>({ ...SHORT, ...numbers });
  const sockets: WebSocket[] = [];
  const users = new Map<WebSocket, string>();
  const attachTo = (to = registry, options?: WsOptions<Meta>): WsPresence<Meta> => attachWs<Meta>(wss, to, { ...EVERYBODY, ...attach, ...options });
  const presence = attachTo();
  wss.on("connection", (socket, request) => {
    sockets.push(socket);
    const user = userOf(request.url)?.user;
    if (user !== undefined) users.set(socket, user);
    socket.on("message", (data, binary) => {
      if (binary || !(data as Buffer).toString().startsWith('["hc",')) socket.send(data as Buffer, { binary });
    });
  });
  const { told, errors } = toldBy(registry);
  const die = async (): Promise<void> => {
    // First, so that the sockets' ends are nobody's vanishing.
    registry.close();
    for (const socket of wss.clients) socket.terminate();
    await new Promise((resolve) => { wss.close(resolve); });
  };
  afterwards(die);
  return {
    registry, presence, wss, sockets, told, errors, die,
    attach: (to, options) => { attachTo(to, options); },
    port: (wss.address() as AddressInfo).port,
    socketOf: (wanted) => [...users].filter(([, user]) => user === wanted).at(-1)![0],
  };
}

/** What a registry tells of people, and of what went wrong. */
export function toldBy(registry: Registry<Meta>): Pick<AppServer, "told" | "errors"> {
  const told: string[] = [];
  const errors: ErrorEvent[] = [];
  registry.on("joined", ({ user }) => told.push(`joined ${user}`));
  registry.on("left", ({ user, reason }) => told.push(`left ${user} ${reason}`));
  registry.on("updated", ({ user }) => told.push(`updated ${user}`));
  registry.on("error", (error) => errors.push(error));
  return { told, errors };
}

export function userOf(url: string | undefined): { user: string } | undefined {
  const user = new URL(url ?? "/", "ws://localhost").searchParams.get("user");
  return user === null ? undefined : { user };
}

const EVERYBODY: WsOptions<Meta> = { identify: (_socket, request) => userOf(request.url), authorize: () => true };

export async function proxyTo({ port }: Pick<AppServer, "port">): Promise<Proxy> {
  const proxy = await startProxy(port);
  afterwards(() => proxy.close());
  return proxy;
}

/** One tab with headcount's own client, on a socket that reconnects. */
export type Tab<S = { readonly readyState: number }> = {
  readonly client: Client;
  readonly room: ClientRoom<Meta>;
  readonly view: () => View<Meta>;
  /** Ids of the people shown, by name. */
  readonly people: () => readonly string[] | undefined;
  /** "joined ann", "left ann timeout", "updated ann", in order; what was learned by catching up ends in "(resync)". */
  readonly changes: readonly string[];
  /** The view's statuses, each when it became so. */
  readonly statuses: readonly string[];
  /** Sockets that it has opened, the newest last. */
  readonly sockets: readonly S[];
  /** Ends like a tab that is closed or refreshed: the socket closes, not a word is said. */
  readonly vanish: (code?: number) => void;
};

export type TabOptions = RoomOptions<Meta> & {
  readonly name?: string;
  readonly client?: Partial<ClientOptions>;
  readonly socket?: WebSocketOptions;
  readonly address?: () => string | Promise<string>;
};

export function tab({ port }: { readonly port: number }, user: string | undefined, { socket, address, ...options }: TabOptions = {}): Tab<WebSocket> {
  const sockets: WebSocket[] = [];
  let gone = false;
  const remember = (opened: WebSocket): void => { sockets.push(opened); };
  class Socket extends WebSocket {
    constructor(to: string | URL, protocols?: string | string[]) {
      super(to, protocols, { perMessageDeflate: false });
      remember(this);
    }
    override send(text: string): void {
      if (!gone) super.send(text);
    }
  }
  const transport = webSocketTransport(address ?? addressOf(port, user), { WebSocket: Socket, minDelay: 10, maxDelay: 50, ...socket });
  return tabOn(transport, sockets, (code = 1001) => {
    gone = true;
    sockets.at(-1)?.close(code);
  }, options);
}

/** A tab over a transport of whatever kind. `sockets` grows with each socket that it opens, `vanish` ends the newest. */
export function tabOn<S>(transport: Transport, sockets: readonly S[], vanish: (code?: number) => void, { name = ROOM, client: clientOptions, ...roomOptions }: Omit<TabOptions, "socket" | "address">): Tab<S> {
  const client = createClient({ transport, flush: 5, linger: 0, ...clientOptions });
  const room = client.room<Meta>(name, roomOptions);
  const changes: string[] = [];
  const statuses: string[] = [];
  const stop = [
    room.subscribe(({ status }) => { if (statuses.at(-1) !== status) statuses.push(status); }),
    ...(roomOptions.watch === undefined || roomOptions.watch === "users"
      ? [room.onChange((change) => {
          changes.push(`${change.type} ${change.user}${change.type === "left" && change.reason ? ` ${change.reason}` : ""}${change.cause === "resync" ? " (resync)" : ""}`);
        })]
      : []),
  ];
  afterwards(() => {
    for (const each of stop) each();
    client.close();
  });
  return {
    client, room, changes, statuses, sockets,
    view: () => room.getSnapshot(),
    people: () => room.getSnapshot().users?.map(({ id }) => id).sort(),
    vanish(code) {
      vanish(code);
      client.close();
    },
  };
}

/** A tab whose view is live already; its first list is in no `changes`. */
export function liveTab(...args: Parameters<typeof tab>): Promise<Tab<WebSocket>> {
  return whenLive(tab(...args));
}

export async function whenLive<S>(opened: Tab<S>): Promise<Tab<S>> {
  await until(() => expect(opened.view().status).toBe("live"));
  (opened.changes as string[]).length = 0;
  return opened;
}

/** The client's end of a socket that is used by hand. */
export type HandSocket = {
  /** As a WebSocket's: 0 is connecting, 1 is open. */
  readonly readyState: number;
  /** Sends something of the app's, or a text that is a frame of ours. */
  send(data: string | Buffer): void;
  close(code?: number): void;
  terminate(): void;
  pause(): void;
  resume(): void;
  on(event: "open", listener: () => void): unknown;
};

/** A socket on which everything is said by hand. */
export type Hand<S = HandSocket> = {
  readonly socket: S;
  /** What came that is not ours: texts as they are, binary messages as Buffers. */
  readonly texts: readonly (string | Buffer)[];
  readonly heard: readonly ServerMessage[];
  /** Says messages in one frame. */
  readonly say: (...messages: readonly object[]) => void;
  /** The code with which it was closed. */
  readonly closed: () => number | undefined;
  /** The messages of a type. */
  readonly all: <T extends ServerMessage["type"]>(type: T) => Extract<ServerMessage, { type: T }>[];
};

/** Opens a socket and says hello. It is up when this returns its promise. */
export async function hand({ port }: { readonly port: number }, user?: string, options: SocketOptions & { readonly hello?: boolean } = {}): Promise<Hand<WebSocket>> {
  const opened = dial({ port }, user, options);
  await once(opened.socket, "open");
  if (options.hello !== false) opened.say(HELLO);
  return opened;
}

export const HELLO = { type: "hello", v: [1], features: [] };
export const join = (n: number, more: object = {}): object => ({ type: "join", n, room: ROOM, watch: "users", present: true, ...more });

/** Opens a socket and says nothing. */
export function dial({ port }: { readonly port: number }, user?: string, options: SocketOptions = {}): Hand<WebSocket> {
  const socket = new WebSocket(addressOf(port, user), { perMessageDeflate: false, ...options });
  const texts: (string | Buffer)[] = [];
  const heard: ServerMessage[] = [];
  let closed: number | undefined;
  socket.on("error", () => undefined);
  socket.on("close", (code) => { closed = code; });
  socket.on("message", (data: Buffer, binary) => {
    const { messages } = binary ? {} : decodeFrame(data.toString());
    if (messages) heard.push(...(messages as ServerMessage[]));
    else texts.push(binary ? data : data.toString());
  });
  afterwards(() => { socket.terminate(); });
  return {
    socket, texts, heard,
    say(...messages) { socket.send(encodeFrame(messages as never)); },
    closed: () => closed,
    all: (type) => heard.filter((message) => message.type === type) as never,
  };
}

function addressOf(port: number, user: string | undefined): string {
  return `ws://127.0.0.1:${port}/${user === undefined ? "" : `?user=${encodeURIComponent(user)}`}`;
}

/** Whoever joined while being there, or left while being away, in a list of changes. `here`: who was there before it. */
export function flickers(changes: readonly string[], here: Iterable<string> = []): readonly string[] {
  const there = new Set(here);
  return changes.filter((change) => {
    const [what, user] = change.split(" ") as [string, string];
    if (what === "joined") {
      const again = there.has(user);
      there.add(user);
      return again;
    }
    return what === "left" && !there.delete(user);
  });
}

/** Lets all that is on its way within this process arrive. */
export async function aMoment(turns = 5): Promise<void> {
  for (let i = 0; i < turns; i++) await new Promise((resolve) => { setImmediate(resolve); });
}
