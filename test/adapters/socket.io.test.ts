import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo, Socket as NetSocket } from "node:net";
import { Server, type Namespace, type ServerOptions, type Socket } from "socket.io";
import { ClusterAdapter } from "socket.io-adapter";
import { io as connectTo, type ManagerOptions, type Socket as Client, type SocketOptions } from "socket.io-client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { attachSocketIo } from "../../src/adapters/socket.io.js";
import type { Wire } from "../../src/ports.js";
import type { ServerMessage } from "../../src/protocol/message.js";
import type { Identity } from "../../src/server/link.js";
import { createRegistry, type Registry } from "../../src/server/registry.js";
import { startProxy } from "../support/proxy.js";
import { scriptedRegistry, type Opened, type ScriptedRegistry } from "../support/scripted-registry.js";
import { until } from "../support/until.js";

type Meta = { name: string };

let scripted: ScriptedRegistry<Meta, Socket>;
let registry: Registry<Meta>;
const leftovers: (() => unknown)[] = [];
beforeEach(() => {
  scripted = scriptedRegistry();
  registry = scripted.registry;
});
afterEach(async () => {
  scripted.detachAll();
  for (let close; (close = leftovers.pop()); ) await close();
});

async function serve(options: Partial<ServerOptions> = {}): Promise<{ io: Server; port: number }> {
  const http = createServer();
  const io = new Server(http, options);
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  leftovers.push(() => io.close());
  return { io, port: (http.address() as AddressInfo).port };
}

type Dial = Partial<ManagerOptions & SocketOptions> & { readonly path?: string; readonly to?: string };
function dial(port: number, { to = "/", ...options }: Dial = {}): Client {
  const client = connectTo(`http://127.0.0.1:${port}${to}`, { transports: ["websocket"], forceNew: true, reconnectionDelay: 5, ...options });
  leftovers.push(() => client.disconnect());
  return client;
}

type Pair = Omit<Opened<Socket, Meta>, "onReady"> & { readonly client: Client; readonly socket: Socket; readonly wire: Wire<Socket>; readonly got: unknown[][]; readonly whenReady: (run: () => void) => void };
/** A client's socket that is connected, the server's end of it, and its link. `got`: the arguments of each event of ours. */
async function pair(port: number, options: Dial & { readonly channel?: string } = {}): Promise<Pair> {
  const before = scripted.opened.length;
  const client = dial(port, options);
  const got: unknown[][] = [];
  client.on(options.channel ?? "headcount", (...messages: unknown[]) => got.push(messages));
  await until(() => expect([scripted.opened.length, client.connected]).toEqual([before + 1, true]));
  const entry = scripted.opened[before]!;
  return { ...entry, client, got, socket: entry.options.peer, wire: entry.options.wire, whenReady: (run) => { entry.onReady = run; } };
}

const pong = (re: number): ServerMessage => ({ type: "pong", re });
const frames = (calls: readonly string[]): string[] => calls.filter((call) => call.startsWith("frame ")).map((call) => call.slice(6));
/** What was taken in this turn has gone out. */
const endOfTurn = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve); });
/** Keeps what is written to a WebSocket until the stop: a packet is on its way for so long. */
function hold({ socket }: Pair): () => void {
  const { socket: ws } = socket.conn.transport as unknown as { readonly socket?: { readonly _socket: NetSocket } };
  ws?._socket.cork();
  return () => ws?._socket.uncork();
}
/** What is on its way between the two has arrived. */
async function settled({ client, socket }: Pair): Promise<void> {
  socket.once("turn", (done: () => void) => { done(); });
  await client.emitWithAck("turn");
}

describe("what comes in", () => {
  it("[P1, S7] takes its event, all others are the app's; an acknowledgement is called", async () => {
    const { io, port } = await serve();
    const app: unknown[] = [];
    io.on("connection", (socket) => {
      for (const event of ["headcount", "chat"]) socket.on(event, (...args: unknown[]) => app.push([event, ...args]));
      socket.on("ask", (text: string, done: (answer: string) => void) => { done(`you said ${text}`); });
    });
    attachSocketIo(io, registry);
    const ann = await pair(port);
    ann.client.emit("chat", "hi", { type: "hello" });
    ann.client.emit("headcount", { type: "ping", n: 1 }, { type: "ping", n: 2 });
    expect(await ann.client.timeout(5_000).emitWithAck("headcount", { type: "ping", n: 3 })).toBeUndefined();
    expect(await ann.client.emitWithAck("ask", "x")).toBe("you said x");
    expect(frames(ann.calls)).toEqual(['["hc",{"type":"ping","n":1},{"type":"ping","n":2}]', '["hc",{"type":"ping","n":3}]']);
    expect(app).toEqual([["chat", "hi", { type: "hello" }]]);
  });

  it("[P2, S4] hands on what makes no sense as the text that it would be, and never throws", async () => {
    const { io, port } = await serve();
    attachSocketIo(io, registry);
    const ann = await pair(port);
    ann.client.emit("headcount");
    ann.client.emit("headcount", 1, "two", null, [3], true);
    ann.client.emit("headcount", Buffer.from([1, 2]), { type: "ping", n: 1 });
    ann.client.emit("headcount", { type: "update", n: 2, room: "r", meta: Buffer.from([1]) });
    await settled(ann);
    // Of another parser.
    (ann.socket as unknown as { _onpacket(packet: object): void })._onpacket({ type: 2, data: ["headcount", { type: "ping", n: 1n }] });
    ann.client.emit("headcount", ...Array.from({ length: 300 }, (_, n) => ({ type: "ping", n })));
    await settled(ann);
    const all = frames(ann.calls);
    expect(all.slice(0, 5)).toEqual([
      '["hc"]', '["hc",1,"two",null,[3],true]', '["hc",null,{"type":"ping","n":1}]', '["hc",null]', '["hc",',
    ]);
    expect(all[5]!.match(/ping/g)!.length).toBe(300);
    expect(ann.client.connected).toBe(true);
  });

  it("[H1] hears every packet of the connection, in every namespace: the app's, and pongs", async () => {
    const { io, port } = await serve({ pingInterval: 25, pingTimeout: 1_000 });
    const other = io.of("/other");
    attachSocketIo(other, registry);
    const client = dial(port);
    const there = client.io.socket("/other");
    await until(() => expect([scripted.opened.length, client.connected, there.connected]).toEqual([1, true, true]));
    const [{ calls, options }] = scripted.opened as [Opened<Socket, Meta>];
    expect(options.lease).toBe(1_025);
    calls.length = 0;
    await until(() => expect(calls.length).toBeGreaterThan(1));
    client.emit("chat", "in the main namespace");
    await until(() => expect(calls.length).toBeGreaterThan(3));
    expect(new Set(calls)).toEqual(new Set(["heard"]));
  });

  it("[H1] needs one listener a connection, however many namespaces share it", async () => {
    const { io, port } = await serve();
    attachSocketIo(io.of(/^\/project-/), registry);
    const client = dial(port);
    const namespaces = Array.from({ length: 12 }, (_, i) => client.io.socket(`/project-${i}`));
    await until(() => expect(namespaces.filter(({ connected }) => connected).length).toBe(12));
    const { conn } = scripted.opened[0]!.options.peer;
    expect(conn.listenerCount("packet")).toBe(1);
    for (const one of namespaces.slice(1)) one.disconnect();
    await until(() => expect(scripted.opened.filter(({ calls }) => calls.includes("closed leave")).length).toBe(11));
    expect(conn.listenerCount("packet")).toBe(1);
    scripted.detachAll();
    expect(conn.listenerCount("packet")).toBe(0);
  });

  it("[S7] is not disconnected by an app that refuses events it does not know, whoever came first", async () => {
    const { io, port } = await serve();
    const refuse = (socket: Socket): void => {
      socket.use(([event], next) => { next(event === "chat" ? undefined : new Error(`what is ${event}?`)); });
      socket.on("error", () => socket.disconnect());
    };
    io.on("connection", refuse);
    attachSocketIo(io, registry);
    io.prependListener("connection", refuse);
    const ann = await pair(port);
    ann.client.emit("headcount", { type: "ping", n: 1 });
    await until(() => expect(frames(ann.calls).length).toBe(1));
    expect(ann.socket.connected).toBe(true);
  });

  it("[S7] does not hold up the queue of a client that retries", async () => {
    const { io, port } = await serve();
    attachSocketIo(io, registry);
    const app: unknown[] = [];
    io.on("connection", (socket) => socket.on("chat", (text: string, done: () => void) => { app.push(text); done(); }));
    const ann = await pair(port, { retries: 2, ackTimeout: 2_000 });
    for (const n of [1, 2]) {
      ann.client.emit("headcount", { type: "ping", n });
      ann.client.emit("chat", n);
    }
    await until(() => expect(app).toEqual([1, 2]));
    expect(frames(ann.calls).length).toBe(2);
  });

  it("[H9] loses nothing that arrives while it is still being asked who that is", async () => {
    const { io, port } = await serve();
    let tell: (identity: Identity<Meta>) => void = () => undefined;
    attachSocketIo(io, registry, { identify: () => new Promise((resolve) => { tell = resolve; }) });
    const client = dial(port);
    client.on("connect", () => client.emit("headcount", { type: "hello" }));
    await until(() => expect(scripted.opened.length).toBe(1));
    const identified = scripted.opened[0]!.options.identify!();
    await until(() => expect(frames(scripted.opened[0]!.calls)).toEqual(['["hc",{"type":"hello"}]']));
    tell({ user: "ann" });
    expect(await identified).toEqual({ user: "ann" });
  });

  it("asks the app's functions with the socket, and gives no answer where there is none", async () => {
    const { io, port } = await serve();
    const authorize = vi.fn(() => true);
    const autoJoin = vi.fn(() => "lobby");
    attachSocketIo(io, registry, { identify: (socket) => ({ user: String(socket.handshake.auth.user) }), authorize, autoJoin });
    attachSocketIo(io.of("/bare"), registry);
    const { options, socket } = await pair(port, { auth: { user: "ann" } });
    const asked = { user: "ann", room: "r", watch: "users", present: true } as const;
    expect(options.identify!()).toEqual({ user: "ann" });
    expect(options.authorize!(asked)).toBe(true);
    expect(authorize).toHaveBeenCalledWith({ ...asked, socket });
    expect(options.autoJoin!({ user: "ann" })).toBe("lobby");
    expect(autoJoin).toHaveBeenCalledWith(socket, { user: "ann" });
    const bare = await pair(port, { to: "/bare" });
    const { identify, authorize: none, autoJoin: nor } = bare.options;
    expect([identify, none, nor]).toEqual([undefined, undefined, undefined]);
  });
});

describe("what goes out", () => {
  const broadcasts = (namespace: Namespace): { rooms: string[]; flags: object; data: unknown[] }[] => {
    const seen: { rooms: string[]; flags: object; data: unknown[] }[] = [];
    const { adapter } = namespace;
    const original = adapter.broadcast.bind(adapter);
    adapter.broadcast = (packet: { data: unknown[] }, options) => {
      seen.push({ rooms: [...options.rooms], flags: { ...options.flags }, data: packet.data });
      original(packet, options);
    };
    return seen;
  };

  it("[P4] encodes once for all who get the same in one turn, as one packet of objects, to their own rooms alone", async () => {
    const { io, port } = await serve();
    attachSocketIo(io, registry);
    const [ann, bob, cem] = [await pair(port), await pair(port), await pair(port)];
    const sent = broadcasts(io.sockets);
    const encoded = vi.spyOn(io.encoder, "encode");
    expect(ann.wire).toBe(bob.wire);
    const all = [ann.socket, bob.socket, cem.socket];
    expect(ann.wire.send(all, [pong(1)])).toEqual([]);
    expect(ann.wire.send([cem.socket], [pong(2)])).toEqual([]);
    expect(ann.wire.send([ann.socket, bob.socket], [pong(3), pong(4)])).toEqual([]);
    await until(() => expect([ann.got, bob.got, cem.got]).toEqual([[[pong(1), pong(3), pong(4)]], [[pong(1), pong(3), pong(4)]], [[pong(1), pong(2)]]]));
    expect(sent).toEqual([
      { rooms: [ann.socket.id, bob.socket.id], flags: { local: true, volatile: true }, data: ["headcount", pong(1), pong(3), pong(4)] },
      { rooms: [cem.socket.id], flags: { local: true, volatile: true }, data: ["headcount", pong(1), pong(2)] },
    ]);
    expect(encoded).toHaveBeenCalledTimes(2);
    expect([...io.sockets.adapter.rooms.keys()].sort()).toEqual(all.map(({ id }) => id).sort());
  });

  it("[P5] takes nothing more while a packet is on its way, and says when it does", async () => {
    const { io, port } = await serve();
    attachSocketIo(io, registry);
    for (const transports of [["websocket"], ["polling"]]) {
      const ann = await pair(port, { transports });
      await until(() => expect(ann.socket.conn.transport.writable).toBe(true));
      const letGo = hold(ann);
      ann.wire.send([ann.socket], [pong(1)]);
      await endOfTurn();
      expect(ann.wire.send([ann.socket], [pong(2)]).length).toBe(1);
      expect(ann.wire.send([ann.socket], [pong(3)]).length).toBe(1);
      letGo();
      await until(() => expect(ann.calls).toContain("ready"));
      expect(ann.wire.send([ann.socket], [pong(4)])).toEqual([]);
      await until(() => expect(ann.got).toEqual([[pong(1)], [pong(4)]]));
      expect(ann.calls.filter((call) => call === "ready").length).toBe(1);
    }
  });

  it("[P5] keeps what it has taken when the app is faster in the same turn, whose packets go first", async () => {
    const { io, port } = await serve();
    attachSocketIo(io, registry);
    const ann = await pair(port);
    const order: unknown[] = [];
    ann.client.onAny((event: string, ...args: unknown[]) => order.push([event, ...args]));
    const letGo = hold(ann);
    expect(ann.wire.send([ann.socket], [pong(1)])).toEqual([]);
    for (let i = 0; i < 3; i++) ann.socket.emit("chat", i);
    expect(ann.wire.send([ann.socket], [pong(2)])).toEqual([]);
    await endOfTurn();
    // It waits with what it has, and takes no more to it.
    expect(ann.wire.send([ann.socket], [pong(3)]).length).toBe(1);
    letGo();
    await until(() => expect(order.length).toBe(4));
    expect(ann.calls.filter((call) => call === "ready").length).toBe(1);
    expect(order).toEqual([["chat", 0], ["chat", 1], ["chat", 2], ["headcount", pong(1), pong(2)]]);
  });

  it("[P5] also where a transport says `drain` and not `ready`, as before socket.io 4.8", async () => {
    const { io, port } = await serve();
    attachSocketIo(io, registry);
    const ann = await pair(port);
    const { transport } = ann.socket.conn;
    const on = transport.on.bind(transport);
    on("ready", () => { transport.emit("drain"); });
    transport.on = (event, listener) => (event === "ready" ? transport : on(event, listener));
    const letGo = hold(ann);
    ann.wire.send([ann.socket], [pong(1)]);
    await endOfTurn();
    expect(ann.wire.send([ann.socket], [pong(2)]).length).toBe(1);
    letGo();
    ann.whenReady(() => { ann.wire.send([ann.socket], [pong(2)]); });
    await until(() => expect(ann.got).toEqual([[pong(1)], [pong(2)]]));
  });

  it("[P7] takes one page of a large room at a time", async () => {
    const { io, port } = await serve();
    attachSocketIo(io, registry);
    const ann = await pair(port);
    const page = (i: number): ServerMessage => ({ type: "snapshot", room: "r", pos: [1, 1, 1], at: 0, connections: [], page: [i, 3] });
    let next = 0;
    const more = (): void => { while (next < 3 && ann.wire.send([ann.socket], [page(next)]).length === 0) next++; };
    ann.whenReady(more);
    more();
    expect(next).toBe(1);
    await until(() => expect(ann.got).toEqual([[page(0)], [page(1)], [page(2)]]));
  });

  it.each([[["websocket"]], [["polling"]], [["polling", "websocket"]]])("[P5] loses nothing and says nothing twice over %j, while the app talks, and amid the upgrade", async (transports) => {
    const { io, port } = await serve({ connectionStateRecovery: {} });
    attachSocketIo(io, registry);
    const ann = await pair(port, { transports });
    const app: unknown[] = [];
    ann.client.on("chat", (n: number) => app.push(n));
    let [made, taken] = [0, 0];
    /** Like the registry: what could not be sent goes when the transport is ready. */
    const pump = (): void => {
      while (taken < made) {
        if (ann.wire.send([ann.socket], [pong(taken)]).length > 0) return;
        taken++;
      }
    };
    ann.whenReady(pump);
    for (let i = 0; i < 200; i++) {
      made++;
      if (i % 3 === 0) ann.socket.emit("chat", i);
      pump();
      if (i % 5 === 0) await new Promise((resolve) => { setTimeout(resolve, 1); });
    }
    await until(() => expect(ann.got.flat()).toEqual(Array.from({ length: 200 }, (_, i) => pong(i))));
    await until(() => expect(app.length).toBe(67));
    if (transports.length === 2) await until(() => expect(ann.socket.conn.transport.name).toBe("websocket"));
    expect(ann.client.connected).toBe(true);
  });

  it("[P5] nothing piles up for a client that reads nothing, in any namespace of it; the rest goes when it reads again", async () => {
    const { io, port } = await serve();
    attachSocketIo(io, registry);
    attachSocketIo(io.of("/other"), registry);
    const proxy = await startProxy(port);
    leftovers.push(() => proxy.close());
    const calm = await pair(port);
    const ann = await pair(proxy.port);
    const other = ann.client.io.socket("/other");
    const there: unknown[][] = [];
    other.on("headcount", (...messages: unknown[]) => there.push(messages));
    await until(() => expect(scripted.opened.length).toBe(3));
    const second = scripted.opened[2]!;
    await until(() => expect(other.connected).toBe(true));
    const filler: ServerMessage = { type: "error", code: "x", message: "x".repeat(1 << 20) };
    proxy.stall();
    let sent = 0;
    while (ann.wire.send([ann.socket], [filler]).length === 0) {
      if (++sent > 200) throw new Error("never slow");
      await new Promise((resolve) => { setTimeout(resolve, 5); });
    }
    expect(second.options.wire.send([second.options.peer], [pong(1)])).toEqual([second.options.peer]);
    expect(ann.wire.send([ann.socket, calm.socket], [pong(1)])).toEqual([ann.socket]);
    const { conn } = ann.socket as unknown as { conn: { writeBuffer: unknown[] } };
    expect(conn.writeBuffer).toEqual([]);
    ann.whenReady(() => { ann.wire.send([ann.socket], [pong(2)]); });
    second.onReady = () => {
      second.onReady = () => undefined;
      second.options.wire.send([second.options.peer], [pong(3)]);
    };
    proxy.resume();
    await until(() => expect([ann.got.length, ann.got.at(-1), there, calm.got]).toEqual([sent + 1, [pong(2)], [[pong(3)]], [[pong(1)]]]));
    expect(sent).toBeGreaterThan(1);
  });

  it("sends nothing to a socket that has closed, and forgets what it had taken for it", async () => {
    const { io, port } = await serve();
    attachSocketIo(io, registry);
    const ann = await pair(port);
    const sent = broadcasts(io.sockets);
    expect(ann.wire.open(ann.socket)).toBe(true);
    ann.wire.send([ann.socket], [pong(1)]);
    ann.socket.disconnect();
    expect(ann.wire.send([ann.socket], [pong(2)])).toEqual([ann.socket]);
    expect(ann.wire.open(ann.socket)).toBe(false);
    await Promise.resolve();
    expect(sent).toEqual([]);
    const bob = await pair(port);
    bob.wire.send([bob.socket], [pong(3)]);
    await until(() => expect(bob.got).toEqual([[pong(3)]]));
    expect(sent.map(({ rooms }) => rooms)).toEqual([[bob.socket.id]]);
  });

  it("[P5] is ready when the upgrade came between, after which the old transport says nothing any more", async () => {
    const { io, port } = await serve();
    const arrived = once(io.engine, "connection") as Promise<[Socket["conn"]]>;
    attachSocketIo(io, registry);
    const client = dial(port, { transports: ["polling", "websocket"] });
    const got: unknown[] = [];
    client.on("headcount", (...messages: unknown[]) => got.push(...messages));
    const [conn] = await arrived;
    const owed = [pong(1), pong(2)];
    conn.once("upgrading", () => {
      const { options: { wire, peer } } = scripted.opened[0]!;
      const pump = (): void => { while (owed[0] && wire.send([peer], [owed[0]]).length === 0) owed.shift(); };
      scripted.opened[0]!.onReady = pump;
      // At most one more answer to a poll; the client, which is about to change over, asks for no other.
      pump();
      setImmediate(pump);
    });
    await until(() => expect([got, conn.transport.name]).toEqual([[pong(1), pong(2)], "websocket"]));
  });

  it("[H11] a listener of the app for all that goes out, which throws, is reported with the next send", async () => {
    const { io, port } = await serve();
    attachSocketIo(io, registry);
    const [ann, bob] = [await pair(port), await pair(port)];
    const cause = new Error("planted");
    let planted = true;
    ann.socket.onAnyOutgoing(() => { if (planted) throw cause; });
    ann.wire.send([ann.socket, bob.socket], [pong(1)]);
    await endOfTurn();
    planted = false;
    expect(() => ann.wire.send([bob.socket], [pong(2)])).toThrow(cause);
    expect(ann.wire.send([ann.socket, bob.socket], [pong(3)])).toEqual([]);
    await until(() => expect([ann.got.at(-1), bob.got.at(-1)]).toEqual([[pong(3)], [pong(3)]]));
  });
});

describe("beside what the app uses", () => {
  it("[S7] publishes nothing to other nodes, in either direction", async () => {
    const published: unknown[] = [];
    class Publishing extends ClusterAdapter {
      override doPublish(message: unknown): Promise<string> {
        published.push(message);
        return Promise.resolve("1");
      }
      override doPublishResponse(): Promise<void> {
        return Promise.resolve();
      }
    }
    const { io, port } = await serve({ adapter: Publishing as never, connectionStateRecovery: {} });
    attachSocketIo(io, registry);
    const ann = await pair(port);
    published.length = 0;
    ann.wire.send([ann.socket], [pong(1)]);
    ann.client.emit("headcount", { type: "ping", n: 1 });
    await until(() => expect([ann.got.length, frames(ann.calls).length]).toEqual([1, 1]));
    ann.wire.close(ann.socket, "drain");
    await until(() => expect(scripted.opened.length).toBe(2));
    expect(published).toEqual([]);
    // It would have been seen.
    io.emit("chat");
    expect(published.length).toBe(1);
  });

  it("[S2, S7] connection state recovery keeps nothing of ours, and works: a recovered socket is a new link, with what the app missed", async () => {
    const { io, port } = await serve({ connectionStateRecovery: {} });
    const presence = attachSocketIo(io, registry, { identify: ({ data }) => ({ user: (data as { user: string }).user }) });
    io.use((socket, next) => {
      (socket.data as { user: string }).user = "ann";
      next();
    });
    const ann = await pair(port);
    const app: unknown[] = [];
    ann.client.on("chat", (text: unknown) => app.push(text));
    // Without an offset there is nothing to recover from.
    ann.socket.emit("chat", "first");
    await until(() => expect(app.length).toBe(1));
    for (let i = 0; i < 5; i++) {
      ann.wire.send([ann.socket], [pong(i), { type: "error", code: "x", message: "text" }]);
      await until(() => expect(ann.got.length).toBe(i + 1));
    }
    const { id } = ann.socket;
    const { packets } = io.sockets.adapter as unknown as { packets: { data: unknown[] }[] };
    ann.client.io.engine.close();
    await until(() => expect(ann.calls).toContain("closed vanished"));
    io.emit("chat", "missed");
    await until(() => expect([ann.client.recovered, app]).toEqual([true, ["first", "missed"]]));
    const again = scripted.opened[1]!;
    expect([again.options.peer.recovered, again.options.peer.id, again.options.peer === ann.socket]).toEqual([true, id, false]);
    expect([presence.of(again.options.peer), presence.of(ann.socket)]).toEqual([again.link, ann.link]);
    expect(again.options.identify!()).toEqual({ user: "ann" });
    expect(packets.map(({ data: [event] }) => event)).toEqual(["chat", "chat"]);
    expect(ann.got.length).toBe(5);
    expect([...again.options.peer.rooms]).toEqual([id]);
  });
});

describe("how sockets end", () => {
  it.each<[reason: string, how: string, end: (pair: Pair, io: Server) => unknown]>([
    ["client namespace disconnect", "leave", ({ client }) => client.disconnect()],
    ["server namespace disconnect", "leave", ({ socket }) => socket.disconnect()],
    ["server namespace disconnect", "leave", ({ socket }) => socket.disconnect(true)],
    ["transport close", "vanished", ({ client }) => client.io.engine.close()],
    ["transport error", "vanished", ({ socket }) => { (socket.conn.transport as unknown as { onError: (message: string) => void }).onError("broken"); }],
    ["forced close", "vanished", ({ socket }) => { socket.conn.close(); }],
    ["forced close", "vanished", ({ client }) => client.io.engine.write("9 is no packet")],
    ["forced close", "vanished", ({ client }) => client.io.engine.write("2/nowhere,[]")],
    // Only while something waits to be sent does socket.io get to say so.
    ["forced server close", "drain", ({ socket }) => {
      for (let i = 0; i < 2; i++) socket.emit("chat");
      (socket.client as unknown as { close(): void }).close();
    }],
    ["server shutting down", "drain", (_, io) => io.close()],
  ])("[H5, H6] %s: %s", async (reason, how, end) => {
    const { io, port } = await serve();
    attachSocketIo(io, registry);
    const ann = await pair(port, { reconnection: false });
    const reasons: string[] = [];
    ann.socket.on("disconnect", (why) => reasons.push(why));
    await end(ann, io);
    await until(() => expect(reasons).toEqual([reason]));
    expect(ann.calls.filter((call) => call !== "heard")).toEqual([`closed ${how}`]);
  });

  it("[H2] ping timeout: timeout", async () => {
    const { io, port } = await serve({ pingInterval: 40, pingTimeout: 40 });
    attachSocketIo(io, registry);
    const proxy = await startProxy(port);
    leftovers.push(() => proxy.close());
    const ann = await pair(proxy.port, { reconnection: false });
    proxy.halfOpen();
    await until(() => expect(ann.calls.at(-1)).toBe("closed timeout"));
  });

  it.each([["websocket"], ["polling"]])("[H2, pain P01] ends a %s whose lease ran out without waiting for an answer, or for what is still to be sent", async (transport) => {
    const { io, port } = await serve();
    attachSocketIo(io, registry);
    const proxy = await startProxy(port);
    leftovers.push(() => proxy.close());
    const ann = await pair(proxy.port, { transports: [transport], reconnection: false });
    proxy.halfOpen();
    for (let i = 0; i < 10; i++) ann.socket.emit("chat", "x".repeat(1 << 20));
    ann.wire.close(ann.socket, "timeout");
    await until(() => expect(ann.calls.at(-1)).toBe("closed timeout"));
  });

  it("[S7] a draining server's clients get what is on its way, and come back by themselves", async () => {
    const { io, port } = await serve();
    attachSocketIo(io, registry);
    const ann = await pair(port);
    const app: unknown[] = [];
    ann.client.on("chat", (text: string) => app.push(text));
    ann.wire.send([ann.socket], [{ type: "bye", reason: "drain", reconnectWithin: 1 }]);
    ann.wire.close(ann.socket, "drain");
    await until(() => expect(ann.calls.at(-1)).toBe("closed drain"));
    await until(() => expect(scripted.opened.length).toBe(2));
    await until(() => expect(ann.client.connected).toBe(true));
    expect(ann.got.length).toBe(1);
  });
});

describe("sockets that come", () => {
  it("have their link from the first event on, in front of the app's listeners, whoever came first", async () => {
    const { io, port } = await serve();
    const seen: unknown[] = [];
    io.on("connect", (socket) => seen.push(presence.of(socket)));
    io.on("connection", (socket) => seen.push(presence.of(socket)));
    const presence = attachSocketIo(io, registry);
    io.on("connection", (socket) => seen.push(presence.of(socket)));
    const { link, calls, client } = await pair(port);
    expect(seen).toEqual([link, link, link]);
    client.emit("headcount", { type: "ping", n: 1 });
    await until(() => expect(frames(calls).length).toBe(1));
  });

  it("are taken in when they are there already", async () => {
    const { io, port } = await serve();
    const client = dial(port);
    const got: unknown[] = [];
    client.on("headcount", (...messages: unknown[]) => got.push(messages));
    await until(() => expect([client.connected, io.sockets.sockets.size]).toEqual([true, 1]));
    const presence = attachSocketIo(io, registry);
    const [{ options, link, calls }] = scripted.opened as [Opened<Socket, Meta>];
    expect(presence.of(options.peer)).toBe(link);
    client.emit("headcount", { type: "hello" });
    await until(() => expect(frames(calls)).toEqual(['["hc",{"type":"hello"}]']));
    options.wire.send([options.peer], [pong(1)]);
    await until(() => expect(got).toEqual([[pong(1)]]));
  });

  it.each([["before", true], ["after", false]])("by a dynamic namespace, %s its children were made, through `detach`", async (_, before) => {
    const { io, port } = await serve();
    const parent = io.of(/^\/project-/);
    if (before) attachSocketIo(parent, registry);
    const client = dial(port, { to: "/project-1" });
    await until(() => expect(client.connected).toBe(true));
    if (!before) attachSocketIo(parent, registry);
    const [{ options, calls }] = scripted.opened as [Opened<Socket, Meta>];
    const got: unknown[] = [];
    client.on("headcount", (...messages: unknown[]) => got.push(messages));
    client.emit("headcount", { type: "hello" });
    await until(() => expect(frames(calls).length).toBe(1));
    options.wire.send([options.peer], [pong(1)]);
    await until(() => expect(got).toEqual([[pong(1)]]));
    await pair(port, { to: "/project-1" });
    await pair(port, { to: "/project-2" });
    // Not those of others.
    dial(port);
    await until(() => expect(io.sockets.sockets.size).toBe(1));
    expect(scripted.opened.length).toBe(3);
    scripted.detachAll();
    for (const name of ["/project-1", "/project-2"]) expect(io.of(name).listenerCount("connect")).toBe(0);
    expect(parent.listenerCount("connect")).toBe(0);
  });

  it("[S2] are those only that the namespace let in; one that the app sends away at once has no link", async () => {
    const { io, port } = await serve();
    io.use((socket, next) => { next(socket.handshake.auth.user === undefined ? new Error("who are you?") : undefined); });
    const presence = attachSocketIo(io, registry);
    let sent: Socket | undefined;
    io.prependListener("connect", (socket: Socket) => {
      if ((socket.handshake.auth as { user?: string }).user !== "eve") return;
      sent = socket;
      socket.disconnect();
    });
    const refused = dial(port);
    const [error] = await once(refused as never, "connect_error") as [Error];
    expect(error.message).toBe("who are you?");
    dial(port, { auth: { user: "eve" } });
    await until(() => expect(sent?.connected).toBe(false));
    await pair(port, { auth: { user: "ann" } });
    expect(scripted.opened.length).toBe(1);
    expect(presence.of(sent!)).toBeUndefined();
    await presence.identify(sent!, { user: "eve" });
  });

  it("[H9] get their logins passed on; a socket that was never seen is an error", async () => {
    const { io, port } = await serve();
    const presence = attachSocketIo(io, registry);
    let early: Promise<void> | undefined;
    io.use((socket, next) => {
      early ??= presence.identify(socket, { user: "ann" });
      early.catch(() => undefined);
      next();
    });
    const { socket, calls } = await pair(port);
    await presence.identify(socket, { user: "ann" });
    await presence.identify(socket, undefined);
    expect(calls.filter((call) => call !== "heard")).toEqual(["identify ann", "identify nobody"]);
    await expect(early).rejects.toThrow(/^presence\.identify: .*connect/);
  });
});

describe("attaching", () => {
  it("twice to one registry, or with a channel that is taken, is an error that leaves nothing behind; another channel is another wire", async () => {
    const { io, port } = await serve();
    const first = attachSocketIo(io, registry);
    const other = scriptedRegistry<Meta, Socket>();
    leftovers.push(other.detachAll);
    expect(() => attachSocketIo(io, registry, { channel: "other" })).toThrow(TypeError);
    // The main namespace is the server's.
    expect(() => attachSocketIo(io.of("/"), registry)).toThrow(TypeError);
    expect(() => attachSocketIo(io, other.registry)).toThrow(/another registry uses the channel "headcount"/);
    expect(io.listenerCount("connect")).toBe(1);
    attachSocketIo(io, other.registry, { channel: "presence" });
    const ann = await pair(port);
    ann.client.emit("headcount", { type: "ping", n: 1 });
    ann.client.emit("presence", { type: "ping", n: 2 });
    await until(() => expect([frames(ann.calls), frames(other.opened[0]!.calls)]).toEqual([['["hc",{"type":"ping","n":1}]'], ['["hc",{"type":"ping","n":2}]']]));
    const got: unknown[] = [];
    ann.client.on("presence", (...messages: unknown[]) => got.push(messages));
    other.opened[0]!.options.wire.send([ann.socket], [pong(1)]);
    await until(() => expect([got, ann.got]).toEqual([[[pong(1)]], []]));
    first.detach();
    attachSocketIo(io, registry);
    expect(scripted.opened.length).toBe(2);
  });

  it("also a child whose parent is attached, and a parent one of whose children is", async () => {
    const { io, port } = await serve();
    const parent = io.of(/^\/project-/);
    const client = dial(port, { to: "/project-1" });
    await until(() => expect(client.connected).toBe(true));
    const child = attachSocketIo(io.of("/project-1"), registry);
    expect(() => attachSocketIo(parent, registry)).toThrow(TypeError);
    child.detach();
    attachSocketIo(parent, registry);
    expect(() => attachSocketIo(io.of("/project-1"), registry)).toThrow(TypeError);
  });

  it("to what is no socket.io, or an old one, says which is wanted", () => {
    const none = /needs a Server or a Namespace of socket\.io, version 4\.7 or later; this is none/;
    const old = /needs a Server or a Namespace of socket\.io, version 4\.7 or later; this one is of version 4\.5 or older/;
    for (const io of [undefined, null, 1, "io", {}, createServer()]) expect(() => attachSocketIo(io as never, registry)).toThrow(none);
    const namespace = { to: () => undefined, on: () => undefined, sockets: {} };
    expect(() => attachSocketIo(namespace as never, registry)).toThrow(old);
    expect(() => attachSocketIo({ of: () => namespace, sockets: namespace } as never, registry)).toThrow(old);
    for (const io of [namespace, {}]) expect(() => attachSocketIo(io as never, registry)).toThrow(TypeError);
  });

  it("with a channel that can't be one, says so", async () => {
    const { io } = await serve();
    for (const channel of ["", "connect", "disconnect", "error", 7, null]) {
      expect(() => attachSocketIo(io, registry, { channel: channel as string })).toThrow(/"channel" must be/);
    }
    expect(io.listenerCount("connect")).toBe(0);
  });

  it("with a closed registry is refused; to a server that has closed, or does not listen yet, nothing comes until something comes", async () => {
    const { io } = await serve();
    const closed = createRegistry<Meta>();
    closed.close();
    expect(() => attachSocketIo(io, closed)).toThrow(expect.objectContaining({ code: "closed" }) as Error);
    expect(io.listenerCount("connect")).toBe(0);
    await io.close();
    attachSocketIo(io, registry);
    scripted.detachAll();
    const late = new Server();
    leftovers.push(() => late.close());
    attachSocketIo(late, registry);
    const http = createServer();
    late.attach(http);
    http.listen(0, "127.0.0.1");
    await once(http, "listening");
    await pair((http.address() as AddressInfo).port);
  });

  it("[S7] ends with `detach`: nothing of ours is left, the sockets stay open, and our event is the app's", async () => {
    const { io, port } = await serve();
    const count = (socket: Socket): number[] => [socket.listenerCount("disconnect"), socket.conn.listenerCount("packet"), io.listenerCount("connect")];
    const bare = once(io, "connection");
    dial(port);
    const before = count((await bare as [Socket])[0]);
    const presence = attachSocketIo(io, registry);
    const { client, socket, calls, wire, got } = await pair(port);
    expect(count(socket)).not.toEqual(before);
    wire.send([socket], [pong(1)]);
    presence.detach();
    presence.detach();
    expect(count(socket)).toEqual(before);
    expect(calls.filter((call) => call !== "heard")).toEqual(["closed vanished"]);
    client.emit("headcount", "still there");
    expect(await new Promise((resolve) => { socket.on("headcount", resolve); })).toBe("still there");
    expect([frames(calls), got]).toEqual([[], []]);
  });
});
