import { describe, expect, it } from "vitest";
import { createRegistry } from "../../src/server/registry.js";
import { aMoment, HELLO, join, liveTab, ROOM, serve, type Meta } from "../support/sockets.js";
import { stacks } from "../support/stacks.js";
import { run } from "../support/run.js";
import { until } from "../support/until.js";

describe.each(stacks)("what ends, in whatever order, over $name", (stack) => {
  it("[S7] `registry.close()` first: the sockets stay the app's, and nothing is heard of presence any more", async () => {
    const server = await stack.serve({ grace: 0 });
    const [raw, ann] = [await stack.hand(server, "bob"), await stack.liveTab(server, "ann")];
    raw.say(join(1));
    await until(() => expect(server.told).toEqual(["joined ann", "joined bob"]));
    server.registry.close();
    server.registry.close();
    raw.say(HELLO, { type: "leave", n: 2, room: ROOM });
    raw.socket.send("still there?");
    await until(() => expect(raw.texts).toEqual(["still there?"]));
    expect([raw.closed(), raw.all("welcome").length, server.told.length]).toEqual([undefined, 1, 2]);
    expect(server.registry.health()).toMatchObject({ links: 0, closed: true });
    expect(() => server.registry.open({ wire: { send: () => [], close: () => undefined, open: () => true }, peer: 1 })).toThrow(expect.objectContaining({ code: "closed" }) as Error);
    await server.die();
    await until(() => expect(ann.view().status).toBe("stale"));
  });

  it("[S7, H5] `detach` gives the sockets back; their users have left after the grace, and the server may be attached again", async () => {
    const server = await stack.serve({ grace: 100 });
    const raw = await stack.hand(server, "ann");
    raw.say(join(1));
    await until(() => expect(server.told).toEqual(["joined ann"]));
    server.presence.detach();
    raw.say({ type: "update", n: 2, room: ROOM, meta: { never: true } });
    raw.socket.send("mine");
    await until(() => expect(raw.texts).toEqual(["mine"]));
    await until(() => expect(server.told).toEqual(["joined ann", "left ann vanished"]));
    server.attach();
    const again = await stack.hand(server, "ann");
    again.say(join(1));
    await until(() => expect(server.told.at(-1)).toBe("joined ann"));
    // socket.io knows the sockets that it has, so that they are taken in again.
    expect([raw.closed(), raw.all("joined").length, server.registry.health().links]).toEqual([undefined, 1, stack.name === "ws" ? 1 : 2]);
  });

  it("two registries on one server keep apart", async () => {
    const server = await stack.serve({ grace: 0, attach: { autoJoin: () => "here" } });
    const other = createRegistry<Meta>({ grace: 0 });
    server.attach(other, { autoJoin: () => "there" });
    const raw = await stack.hand(server, "ann", { hello: false });
    await until(() => expect([server.registry.rooms(), other.rooms()]).toEqual([["here"], ["there"]]));
    other.close();
    raw.socket.send("hello?");
    await until(() => expect(raw.texts).toEqual(["hello?"]));
    expect(server.registry.rooms()).toEqual(["here"]);
  });

  it("[V10] a client that is closed leaves by word, says nothing more, and opens nothing again", async () => {
    const server = await stack.serve({ grace: 60_000 });
    const ann = await stack.liveTab(server, "ann");
    const bob = await stack.liveTab(server, "bob");
    let heard = 0;
    bob.room.subscribe(() => { heard++; });
    bob.client.close();
    bob.client.close();
    const before = heard;
    await until(() => expect(ann.changes).toEqual(["joined bob", "left bob leave"]));
    // A socket that is shared is the app's to close.
    await until(() => expect(server.registry.health().links).toBe(stack.name === "ws" ? 1 : 2));
    await expect(bob.room.enter()).rejects.toMatchObject({ code: "closed" });
    await aMoment();
    expect([bob.sockets.length, bob.view(), heard]).toMatchObject([1, { status: "ended", error: { code: "closed" } }, before]);
  });
});

describe("what ends of a server of ws", () => {
  it("`wss.close()` first: who is there stays, until their sockets end; then all have left, and the registry closes", async () => {
    const server = await serve({ grace: 0 });
    const [ann, bob] = [await liveTab(server, "ann"), await liveTab(server, "bob")];
    const closed = new Promise((resolve) => { server.wss.close(resolve); });
    bob.room.update({ still: "here" });
    await until(() => expect(ann.changes).toEqual(["joined bob", "updated bob"]));
    for (const socket of server.wss.clients) socket.terminate();
    await closed;
    await until(() => expect(server.told.slice(-2).sort()).toEqual(["left ann vanished", "left bob vanished"]));
    server.registry.close();
    expect(server.errors).toEqual([]);
  });
});

describe.each(stacks)("a process, over $name", ({ name }) => {
  /** The imports, and `registry` attached to a server; `connect(user)` gives a transport, `cut` what ends the line of the first socket, `opened` how many there were. */
  const SETUP: Record<typeof name, string> = {
    ws: `
    import { WebSocket, WebSocketServer } from "ws";
    import { attachWs } from "../src/adapters/ws.js";
    import { webSocketTransport } from "../src/adapters/websocket.js";
    const wss = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    await new Promise((resolve) => { wss.once("listening", resolve); });
    attachWs(wss, registry, { identify: (_, request) => ({ user: request.url }), authorize });
    const sockets = [];
    class Socket extends WebSocket { constructor(...to) { super(...to); sockets.push(this); } }
    const connect = (user) => webSocketTransport(\`ws://127.0.0.1:\${wss.address().port}/\${user}\`, { WebSocket: Socket, minDelay: 5 });
    const cut = () => { sockets[0].terminate(); };
    const opened = () => sockets.length;`,
    "socket.io": `
    import { createServer } from "node:http";
    import { Server } from "socket.io";
    import { io as connectTo } from "socket.io-client";
    import { attachSocketIo } from "../src/adapters/socket.io.js";
    import { socketIoTransport } from "../src/adapters/socket.io-client.js";
    const http = createServer();
    const io = new Server(http);
    http.listen(0, "127.0.0.1");
    await new Promise((resolve) => { http.once("listening", resolve); });
    attachSocketIo(io, registry, { identify: ({ handshake }) => ({ user: handshake.auth.user }), authorize });
    const sockets = [];
    let lines = 0;
    const connect = (user) => {
      // So that its timers keep no process; ours never do.
      const socket = connectTo(\`http://127.0.0.1:\${http.address().port}\`, { auth: { user }, forceNew: true, autoUnref: true, reconnectionDelay: 5, transports: ["websocket"] });
      socket.on("connect", () => { lines++; });
      sockets.push(socket);
      return socketIoTransport(socket);
    };
    const cut = () => { sockets[0].io.engine.close(); };
    const opened = () => lines;`,
  };
  /** A server and two clients of it, one of which is cut and has returned; then `end`. */
  const program = (end: string): string => `
    import { createClient } from "../src/client/index.js";
    import { createRegistry } from "../src/server/index.js";
    process.on("unhandledRejection", (error) => { console.log("unhandled", error); process.exit(9); });
    const registry = createRegistry();
    const authorize = () => new Promise((resolve) => { setTimeout(resolve, 5, true); });
    ${SETUP[name]}
    const clients = ["ann", "bob"].map((user) => createClient({ transport: connect(user) }));
    const rooms = clients.map((client) => client.room("lobby"));
    for (const room of rooms) room.subscribe(() => undefined);
    const live = async (times) => {
      while (opened() < times || rooms.some((room) => room.getSnapshot().status !== "live" || room.getSnapshot().userCount !== 2)) await new Promise((resolve) => { setTimeout(resolve, 5); });
    };
    await live(2);
    cut();
    await live(3);
    ${end}
    console.log("ended");
  `;
  const ALL: Record<string, string> = {
    clients: "for (const client of clients) client.close();",
    registry: "registry.close();",
    // A server's sockets are the app's to close.
    server: name === "ws" ? "wss.close(); for (const socket of wss.clients) socket.terminate();" : "void io.close();",
  };

  it.each([
    [["clients", "registry", "server"]],
    [["server", "clients", "registry"]],
    [["registry", "server", "clients"]],
    // Timers alone keep no process, neither the registry's nor those of clients that try to return.
    [["server", "clients"]],
    [["server"]],
  ])("[V10] ends by itself after %j, with no rejection unhandled", async (order) => {
    expect(await run(program(order.map((what) => ALL[what]).join("\n")))).toEqual({ code: 0, output: "ended\n" });
  });

  it("goes on as long as a socket is open: the test above can fail", async () => {
    const started = run(program("setTimeout(() => { console.log(rooms[0].getSnapshot().status); process.exit(3); }, 300);"));
    expect(await started).toEqual({ code: 3, output: "ended\nlive\n" });
  });
});
