import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server } from "socket.io";
import { io as dial, type ManagerOptions, type Socket, type SocketOptions } from "socket.io-client";
import { afterEach, describe, expect, it } from "vitest";
import { socketIoTransport, type SocketIoLike } from "../../src/adapters/socket.io-client.js";
import type { Transport } from "../../src/ports.js";
import { transportContract, type Peer } from "../contract/transport.js";
import { until } from "../support/until.js";

for (const transports of [["websocket"], ["polling"], ["polling", "websocket"]]) {
  transportContract(`socketIoTransport over ${transports.join(" and ")}`, async () => {
    const http = createServer();
    const server = new Server(http);
    http.listen(0, "127.0.0.1");
    await once(http, "listening");
    const peers: Peer[] = [];
    server.on("connection", (socket) => {
      const received: unknown[] = [];
      socket.on("headcount", (...messages: unknown[]) => received.push(...messages));
      peers.push({
        send: (...messages) => { socket.emit("headcount", ...messages); },
        received,
        cut: () => { socket.conn.close(); },
      });
    });
    const socket = dial(`http://127.0.0.1:${(http.address() as AddressInfo).port}`, { transports, reconnectionDelay: 5, forceNew: true });
    return {
      transport: socketIoTransport(socket),
      peers,
      owns: false,
      async close() {
        socket.close();
        await server.close();
      },
    };
  });
}

describe("socketIoTransport", () => {
  const leftovers: (() => unknown)[] = [];
  afterEach(async () => {
    for (let close; (close = leftovers.pop()); ) await close();
  });

  async function serve(): Promise<{ server: Server; port: number; received: unknown[][] }> {
    const http = createServer();
    const server = new Server(http, { pingInterval: 100, pingTimeout: 1_000 });
    http.listen(0, "127.0.0.1");
    await once(http, "listening");
    leftovers.push(() => server.close());
    const received: unknown[][] = [];
    server.on("connection", (socket) => socket.onAny((...event: unknown[]) => received.push(event)));
    return { server, port: (http.address() as AddressInfo).port, received };
  }

  function connect(port: number, options: Partial<ManagerOptions & SocketOptions> = {}): Socket {
    const socket = dial(`http://127.0.0.1:${port}`, { transports: ["websocket"], forceNew: true, reconnectionDelay: 5, ...options });
    leftovers.push(() => socket.disconnect());
    return socket;
  }

  function listen(transport: Transport): unknown[][] {
    const said: unknown[][] = [];
    leftovers.push(transport.listen({
      up: () => said.push(["up"]),
      down: (reason, retrying) => said.push(["down", reason, retrying]),
      message: (message) => said.push(["message", message]),
    }));
    return said;
  }

  it("is the same for the same socket and channel, so that a second call is the same link", async () => {
    const { port } = await serve();
    const [one, two] = [connect(port), connect(port)];
    const transport = socketIoTransport(one);
    expect(socketIoTransport(one, {})).toBe(transport);
    expect(socketIoTransport(one, { channel: "headcount" })).toBe(transport);
    expect(new Set([transport, socketIoTransport(one, { channel: "other" }), socketIoTransport(two)]).size).toBe(3);
  });

  it("says what is wrong with what it is given", () => {
    for (const socket of [undefined, null, {}, { io: {} }, new EventTarget()]) expect(() => socketIoTransport(socket as unknown as SocketIoLike)).toThrow(/"socket" must be a socket of socket\.io-client/);
    const socket = connect(1, { autoConnect: false });
    for (const channel of ["", "connect", "disconnect", 7]) expect(() => socketIoTransport(socket, { channel: channel as string })).toThrow(/"channel"/);
  });

  it("speaks on its channel only, and adds nothing to the socket that it does not take away", async () => {
    const { server, port, received } = await serve();
    const socket = connect(port);
    const names = ["connect", "disconnect", "connect_error", "presence", "headcount"];
    const count = (): number[] => [...names.map((name) => socket.listeners(name).length), socket.io.listeners("reconnect_failed").length];
    const before = count();
    const transport = socketIoTransport(socket, { channel: "presence" });
    expect(count()).toEqual(before);
    const said = listen(transport);
    await until(() => expect(said).toEqual([["up"]]));
    transport.send({ type: "ping", n: 1 });
    await until(() => expect(received).toEqual([["presence", { type: "ping", n: 1 }]]));
    server.emit("headcount", { type: "pong", re: 1 });
    server.emit("presence", { type: "pong", re: 2 }, { type: "pong", re: 3 });
    await until(() => expect(said.slice(1)).toEqual([["message", { type: "pong", re: 2 }], ["message", { type: "pong", re: 3 }]]));
    (leftovers.pop() as () => void)();
    expect(count()).toEqual(before);
    expect(socket.connected).toBe(true);
  });

  it("is up at once on a socket that is", async () => {
    const { port } = await serve();
    const socket = connect(port);
    await until(() => expect(socket.connected).toBe(true));
    const transport = socketIoTransport(socket);
    expect(transport.up).toBe(false);
    expect([listen(transport), transport.up]).toEqual([[["up"]], true]);
  });

  it.each<[what: string, end: (server: Server, socket: Socket) => unknown, reason: string, retrying: boolean, options?: Partial<ManagerOptions>]>([
    ["the server sends it away", (server) => server.disconnectSockets(), "io server disconnect", false],
    ["the app disconnects it", (_, socket) => socket.disconnect(), "io client disconnect", false],
    ["its line is lost", (_, socket) => socket.io.engine.close(), "transport close", true],
    ["its line is lost and it does not reconnect", (_, socket) => socket.io.engine.close(), "transport close", false, { reconnection: false }],
  ])("[V6] says whether it comes back by itself when %s; when the app connects it again it is up again", async (_, end, reason, retrying, options = {}) => {
    const { server, port } = await serve();
    const socket = connect(port, options);
    const said = listen(socketIoTransport(socket));
    await until(() => expect(said).toEqual([["up"]]));
    end(server, socket);
    await until(() => expect(said[1]).toEqual(["down", reason === "transport close" ? expect.stringMatching(/^(transport|forced) close$/) : reason, retrying]));
    if (!retrying) {
      expect(said.length).toBe(2);
      socket.connect();
    }
    await until(() => expect(said.slice(2)).toEqual([["up"]]));
  });

  it("[V6] a middleware that refuses is told, and not tried again", async () => {
    const { server, port } = await serve();
    let open = false;
    server.use((__, next) => { next(open ? undefined : new Error("not you")); });
    const socket = connect(port);
    const said = listen(socketIoTransport(socket));
    await until(() => expect(said).toEqual([["down", "not you", false]]));
    open = true;
    socket.connect();
    await until(() => expect(said.slice(1)).toEqual([["up"]]));
  });

  it("[V6] a server that is away is nothing to tell while attempts go on; that they have ended is", async () => {
    const { server, port } = await serve();
    await server.close();
    let attempts = 0;
    const socket = connect(port, { reconnectionAttempts: 3, reconnectionDelayMax: 10 });
    socket.io.on("reconnect_attempt", () => attempts++);
    const said = listen(socketIoTransport(socket));
    await until(() => expect(said).toEqual([["down", "reconnect_failed", false]]));
    // socket.io calls such a socket active all the same.
    expect([attempts, socket.active]).toEqual([3, true]);
  });

  it("keeps nothing for the next link, though socket.io does: around its events, and after a sleep", async () => {
    const { server, port, received } = await serve();
    const socket = connect(port);
    const transport = socketIoTransport(socket);
    const all = (n: number) => () => { transport.send({ type: "ping", n }); };
    socket.on("connect", all(1));
    socket.on("disconnect", all(2));
    const said = listen(transport);
    await until(() => expect(said).toEqual([["up"]]));
    // As when the machine slept: no ping came in time, and that is found out by the next packet.
    (socket.io.engine as unknown as { _pingTimeoutTime: number })._pingTimeoutTime = 1;
    transport.send({ type: "ping", n: 3 });
    // What came out of turn is handed out just before `connect`.
    socket.on("disconnect", () => { socket.receiveBuffer.push(["headcount", { type: "pong", re: 3 }]); });
    await until(() => expect(said.slice(1)).toEqual([["down", "ping timeout", true], ["up"]]));
    transport.send({ type: "ping", n: 4 });
    socket.emit("chat");
    await until(() => expect(received.at(-1)).toEqual(["chat"]));
    expect(received).toEqual([["headcount", { type: "ping", n: 4 }], ["chat"]]);
    expect(server.engine.clientsCount).toBe(1);
  });
});
