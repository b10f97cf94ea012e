import { Server } from "socket.io";
import type { Namespace, Socket } from "socket.io";
import { io as connect } from "socket.io-client";
import type { Socket as ClientSocket } from "socket.io-client";
import { describe, expectTypeOf, it } from "vitest";
import { WebSocketServer } from "ws";
import { attachSocketIo, type SocketIoPresence } from "../../src/adapters/socket.io.js";
import { socketIoTransport } from "../../src/adapters/socket.io-client.js";
import { attachWs } from "../../src/adapters/ws.js";
import type { Transport } from "../../src/ports.js";
import { createRegistry, type Link } from "../../src/server/index.js";

type Meta = { readonly name: string; readonly level?: number };
interface ToServer { say: (text: string, done: (ok: boolean) => void) => void }
interface ToClient { said: (text: string) => void }
interface Between { ping: () => void }
interface Data { user: string; admin: boolean }
type AppSocket = Socket<ToServer, ToClient, Between, Data>;

const registry = createRegistry<Meta>();

describe("the types of an app on socket.io", () => {
  it("go through: its events, and what it keeps on a socket", () => {
    const io = new Server<ToServer, ToClient, Between, Data>();
    const presence = attachSocketIo(io, registry, {
      identify: (socket) => {
        expectTypeOf(socket).toEqualTypeOf<AppSocket>();
        expectTypeOf(socket.data).toEqualTypeOf<Data>();
        return { user: socket.data.user, meta: { name: socket.data.user } };
      },
      authorize: ({ user, watch, socket }) => socket.data.admin || (watch === "count" && user !== ""),
      autoJoin: (socket, { user }) => [`of-${user}`, socket.data.user],
    });
    expectTypeOf(presence).toEqualTypeOf<SocketIoPresence<Meta, AppSocket>>();
    io.on("connection", (socket) => {
      expectTypeOf(presence.of(socket)).toEqualTypeOf<Link<Meta> | undefined>();
      // @ts-expect-error the app has no such event
      socket.emit("headcount", {});
    });
    attachSocketIo(io, registry, {
      // @ts-expect-error there is no such thing on its sockets
      identify: (socket) => ({ user: String(socket.data.usr) }),
    });
    attachSocketIo(io, registry, {
      // @ts-expect-error meta is typed by the registry
      identify: () => ({ user: "ann", meta: { name: 1 } }),
    });
    attachSocketIo(io, registry, {
      // @ts-expect-error and has no other members
      identify: async () => Promise.resolve({ user: "ann", meta: { role: "admin" } }),
    });
    const narrow = createRegistry<{ status: "online" | "away" }>();
    attachSocketIo(io, narrow, { identify: () => ({ user: "ann", meta: { status: "online" } }) });
    attachSocketIo(io, narrow, { identify: async () => Promise.resolve({ user: "ann", meta: { status: "away" } }) });
    // @ts-expect-error it is one of the two
    attachSocketIo(io, narrow, { identify: () => ({ user: "ann", meta: { status: "asleep" } }) });
    attachWs(new WebSocketServer({ noServer: true }), narrow, { identify: () => ({ user: "ann", meta: { status: "online" } }) });
    // @ts-expect-error there is no such option
    attachSocketIo(io, registry, { event: "presence" });
  });

  it("go through for namespaces, dynamic ones too, and servers without types", () => {
    const io = new Server();
    const untyped = attachSocketIo(io, registry, { identify: (socket) => ({ user: String(socket.handshake.auth.user) }) });
    expectTypeOf(untyped.of).parameter(0).toEqualTypeOf<Socket>();
    const namespace: Namespace<ToServer, ToClient, Between, Data> = new Server<ToServer, ToClient, Between, Data>().of("/admin");
    expectTypeOf(attachSocketIo(namespace, registry)).toEqualTypeOf<SocketIoPresence<Meta, AppSocket>>();
    attachSocketIo(new Server<ToServer, ToClient, Between, Data>().of(/^\/project-/), registry, { autoJoin: ({ nsp, data }) => `${nsp.name} ${data.user}` });
    // @ts-expect-error no socket.io at all
    attachSocketIo({}, registry);
  });

  it("are no matter to the client, whatever the socket's are", () => {
    const plain = connect("http://127.0.0.1:1", { autoConnect: false });
    expectTypeOf(socketIoTransport(plain)).toEqualTypeOf<Transport>();
    const typed: ClientSocket<ToClient, ToServer> = connect("http://127.0.0.1:1", { autoConnect: false });
    socketIoTransport(typed, { channel: "presence" });
    // @ts-expect-error that is no socket
    socketIoTransport({ on: () => undefined });
  });
});
