import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server, type Socket } from "socket.io";
import { io as connectTo, type ManagerOptions, type Socket as Client, type SocketOptions } from "socket.io-client";
import { describe, expect, it } from "vitest";
import { attachSocketIo, type SocketIoOptions } from "../../src/adapters/socket.io.js";
import { socketIoTransport } from "../../src/adapters/socket.io-client.js";
import { createPresence, type Presence } from "../../src/client/presence.js";
import { createRegistry, type Registry } from "../../src/server/registry.js";
import { afterwards } from "../support/sockets.js";
import * as socketIo from "../support/sockets-io.js";
import { stacks } from "../support/stacks.js";
import { until } from "../support/until.js";

async function app(): Promise<{ io: Server; registry: Registry<unknown>; dial: (options?: Partial<ManagerOptions & SocketOptions>) => Client }> {
  const http = createServer();
  const io = new Server(http);
  const registry = createRegistry({ grace: 0, tick: 50 });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  afterwards(() => { registry.close(); return io.close(); });
  const { port } = http.address() as AddressInfo;
  return {
    io, registry,
    dial(options) {
      const client = connectTo(`http://127.0.0.1:${port}`, { transports: ["websocket"], forceNew: true, ...options });
      afterwards(() => client.disconnect());
      return client;
    },
  };
}

function present(client: Client): Presence<unknown> {
  const presence = createPresence({ transport: socketIoTransport(client), room: "lobby" });
  afterwards(() => { presence.close(); });
  presence.subscribe(() => undefined);
  return presence;
}

const OPEN: SocketIoOptions<unknown, Socket> = { identify: () => ({ user: "ann" }), authorize: () => true };

describe("presence that is detached and attached again, on sockets that stay", () => {
  it("[P1, V4] knows those who were there, also one who is only present and watches nothing", async () => {
    const server = await socketIo.serve({ grace: 60_000, lease: 3_000 });
    const ann = await socketIo.liveTab(server, "ann");
    const bob = socketIo.tab(server, "bob", { watch: "none" });
    await bob.room.enter();
    server.presence.detach();
    await until(() => expect(server.registry.health().links).toBe(0));
    server.attach();
    await until(() => expect([server.registry.health().links, server.registry.connectionCount("lobby")]).toEqual([2, 2]));
    await until(() => expect([ann.view().status, ann.people()]).toEqual(["live", ["ann", "bob"]]));
    expect(server.told.filter((what) => what.startsWith("left"))).toEqual([]);
  });
});

describe("an app on socket.io", () => {
  it.each(["identify", "autoJoin"])("[H6] that disconnects a socket in `%s` leaves no ghost", async (where) => {
    const { io, registry, dial } = await app();
    attachSocketIo(io, registry, {
      identify: (socket) => { if (where === "identify") socket.disconnect(); return { user: "ghost" }; },
      autoJoin: (socket) => { if (where === "autoJoin") socket.disconnect(true); return "lobby"; },
    });
    const client = dial();
    await new Promise((resolve) => { client.once("disconnect", resolve); });
    await until(() => expect([registry.userCount("lobby"), registry.health().links]).toEqual([0, 0]));
  });

  it.each(["websocket", "polling"])("[S7] that sends a volatile event right after it awaited a login is heard, over %s", async (transport) => {
    const { io, registry, dial } = await app();
    const presence = attachSocketIo(io, registry, { autoJoin: () => "lobby" });
    io.on("connection", (socket) => {
      socket.on("login", async (user: string) => {
        await presence.identify(socket, { user });
        socket.volatile.emit("hi", user);
      });
    });
    const client = dial({ transports: [transport] });
    const greeted: string[] = [];
    client.on("hi", (user: string) => greeted.push(user));
    const { getSnapshot } = present(client);
    client.emit("login", "ann");
    await until(() => expect(getSnapshot().userCount).toBe(1));
    await until(() => expect(greeted).toEqual(["ann"]));
  });

  it.each(["in a middleware", "before presence was attached"])("[S7] that refuses unknown events by a `socket.use` set %s refuses none of ours", async (when) => {
    const { io, registry, dial } = await app();
    const strict = (socket: Socket): void => {
      socket.use(([event], next) => { if (event === "chat") next(); else next(new Error("unknown event")); });
      socket.on("error", () => socket.disconnect());
    };
    io.use((socket, next) => { if (when === "in a middleware") strict(socket); next(); });
    if (when !== "in a middleware") {
      const client = dial();
      const [socket] = await once(io, "connection") as [Socket];
      strict(socket);
      attachSocketIo(io, registry, OPEN);
      const { getSnapshot } = present(client);
      await until(() => expect(getSnapshot()).toMatchObject({ status: "live", userCount: 1 }));
      return;
    }
    attachSocketIo(io, registry, OPEN);
    const { getSnapshot } = present(dial());
    await until(() => expect(getSnapshot()).toMatchObject({ status: "live", userCount: 1 }));
  });

  it("[S7] whose client retries sends its own events without waiting for ours, also to a server without presence", async () => {
    const { io, dial } = await app();
    const heard: unknown[] = [];
    io.on("connection", (socket) => { socket.on("chat", (text: string, done: () => void) => { heard.push(text); done(); }); });
    const client = dial({ retries: 3, ackTimeout: 6_000 });
    present(client);
    await until(() => expect(client.connected).toBe(true));
    client.emit("chat", "hi");
    await until(() => expect(heard).toEqual(["hi"]));
  });

  it("is told at once which option makes no sense, and on the client which version is wanted", async () => {
    const { io, registry } = await app();
    for (const [name, value] of [["identify", 5], ["authorize", "yes"], ["autoJoin", "lobby"]] as const) {
      expect(() => attachSocketIo(io, registry, { [name]: value })).toThrow(`attachSocketIo: option "${name}" must be a function`);
    }
    expect(() => attachSocketIo(io, registry, { identfy: () => undefined } as never)).toThrow('there is no option "identfy"');
    attachSocketIo(io, registry, OPEN);
    const old = { connected: false, io: { reconnection: () => true, on: () => undefined, off: () => undefined }, on: () => undefined, off: () => undefined, emit: () => undefined, sendBuffer: [] };
    expect(() => socketIoTransport(old as never)).toThrow(/4\.7/);
  });
});

describe("an `identify` that fails before its client has said hello", () => {
  it.each(stacks)("[H9] is told after the hello, on $name", async (stack) => {
    const server = await stack.serve({ attach: { identify: () => { throw new Error("planted"); } } });
    const ann = stack.tab(server, "ann");
    await until(() => expect(ann.view().error).toMatchObject({ code: "identify_failed" }));
  });
});
