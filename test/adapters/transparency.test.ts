import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { instrument } from "@socket.io/admin-ui";
import { Server, type Socket } from "socket.io";
import { io as connectTo, type Socket as Client } from "socket.io-client";
import { afterEach, describe, expect, it } from "vitest";
import { attachSocketIo } from "../../src/adapters/socket.io.js";
import { socketIoTransport } from "../../src/adapters/socket.io-client.js";
import { createClient } from "../../src/client/client.js";
import { createRegistry, type Registry } from "../../src/server/registry.js";
import { until } from "../support/until.js";

/** What each of them saw, in order. */
type Transcript = Readonly<Record<"server" | "rooms" | "ann" | "bob" | "eve" | "admin", string[]>>;
type Presence = "none" | "before" | "after";

const leftovers: (() => unknown)[] = [];
afterEach(async () => {
  for (let close; (close = leftovers.pop()); ) await close();
});

/** An app as its author wrote it, with connection state recovery, rooms, acknowledgements, middlewares and a plugin. */
function app(io: Server, { server, rooms }: Transcript, nameOf: (id: string) => string): void {
  instrument(io, { auth: false, mode: "development" });
  io.use((socket, next) => {
    const { name } = socket.handshake.auth as { name?: string };
    (socket.data as { name?: string }).name = name ?? "nobody";
    next(name === "eve" ? Object.assign(new Error("not you"), { data: { code: 7 } }) : undefined);
  });
  for (const event of ["create-room", "join-room", "leave-room", "delete-room"]) {
    io.of("/").adapter.on(event, (room: string, id?: string) => rooms.push(`${event} ${nameOf(room)} ${id === undefined ? "" : nameOf(id)}`));
  }
  io.on("connection", (socket: Socket) => {
    const { name } = socket.data as { name: string };
    const inside = (): string => [...socket.rooms].map(nameOf).join();
    server.push(`${name} connected, recovered ${socket.recovered}, in ${inside()}, of ${io.sockets.sockets.size}`);
    socket.use(([event], next) => { next(["enter", "say", "poll", "file", "silent"].includes(event) ? undefined : new Error(`unknown ${event}`)); });
    socket.on("error", (error) => server.push(`${name} error ${error.message}`));
    socket.on("enter", async (room: string, done: (inside: string) => void) => {
      await socket.join(room);
      done(inside());
    });
    socket.on("say", (room: string, text: string, done: (to: number) => void) => {
      socket.to(room).emit("said", name, text);
      done(io.sockets.adapter.rooms.get(room)?.size ?? 0);
    });
    socket.on("poll", (room: string, question: string, done: (answers: unknown) => void) => {
      io.timeout(2_000).to(room).emit("question", question, (error: Error | null, answers: unknown) => { done(error ? String(error) : answers); });
    });
    socket.on("file", (bytes: Buffer, done: (bytes: Buffer) => void) => { done(Buffer.concat([bytes, bytes])); });
    socket.on("silent", (...args: unknown[]) => server.push(`${name} silent ${JSON.stringify(args)}`));
    socket.on("disconnecting", (reason) => server.push(`${name} disconnecting ${nameOfEnd(reason)}, in ${inside()}`));
    socket.on("disconnect", (reason) => server.push(`${name} disconnected ${nameOfEnd(reason)}, in ${inside()}, of ${io.sockets.sockets.size}`));
  });
}

/** Which of the two a lost line is called is a race inside engine.io, with us or without. */
function nameOfEnd(reason: string): string {
  return reason.replace(/\btransport (close|error)\b/, "lost line");
}

async function run(presence: Presence): Promise<{ transcript: Transcript; registry: Registry<unknown>; told: string[] }> {
  const transcript: Transcript = { server: [], rooms: [], ann: [], bob: [], eve: [], admin: [] };
  const names = new Map<string, string>();
  const nameOf = (id: string): string => names.get(id) ?? id;
  const http = createServer();
  const io = new Server(http, { connectionStateRecovery: {}, cors: { origin: "*" } });
  const registry = createRegistry({ grace: 60_000, flush: 5, heartbeat: 50, tick: 20 });
  const told: string[] = [];
  registry.on("joined", ({ user }) => told.push(`joined ${user}`));
  registry.on("left", ({ user }) => told.push(`left ${user}`));
  leftovers.push(() => { registry.close(); });
  const attach = (): unknown => attachSocketIo(io, registry, { identify: ({ data }) => ({ user: (data as { name: string }).name }), authorize: () => true, autoJoin: () => "everyone" });
  // Before all of its listeners, so that ids have names wherever they turn up.
  io.use((socket, next) => {
    names.set(socket.id, `<${String((socket.handshake.auth as { name?: string }).name)}>`);
    next();
  });
  if (presence === "before") attach();
  app(io, transcript, nameOf);
  if (presence === "after") attach();
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  const address = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;

  const open = (name: "ann" | "bob" | "eve" | "admin", namespace = "/"): Client => {
    const socket = connectTo(address + namespace, { auth: { name }, forceNew: true, transports: ["websocket"], reconnectionDelay: 5, reconnectionDelayMax: 10 });
    leftovers.push(() => socket.disconnect());
    if (name === "admin") return socket;
    const mine = transcript[name];
    socket.on("connect", () => mine.push(`connected, recovered ${socket.recovered}, as ${nameOf(socket.id!)}`));
    socket.on("disconnect", (reason) => mine.push(`disconnected ${reason}, active ${socket.active}`));
    socket.on("connect_error", (error) => mine.push(`refused ${error.message} ${JSON.stringify((error as Error & { data?: unknown }).data)}, active ${socket.active}`));
    socket.on("said", (who: string, text: string) => mine.push(`said ${who} ${text}`));
    socket.on("question", (question: string, done: (answer: string) => void) => {
      mine.push(`question ${question}`);
      done(`${name} says yes`);
    });
    if (presence !== "none") {
      const client = createClient({ transport: socketIoTransport(socket), flush: 5 });
      leftovers.push(() => { client.close(); });
      const room = client.room("everyone");
      leftovers.push(room.subscribe(() => undefined));
    }
    return socket;
  };

  const admin = open("admin", "/admin");
  // What goes by is also told to a plugin that listens to all that goes by: ours is the one thing that is left out here.
  admin.onAny((event: string, ...args: unknown[]) => {
    if (JSON.stringify(args).includes('"headcount"') || !/^(socket_connected|socket_disconnected|room_joined|room_left|event_received|event_sent)$/.test(event)) return;
    const text = nameOfEnd(JSON.stringify(args.map((arg) => (event === "socket_connected" && typeof arg === "object" ? (arg as { id: string }).id : arg))));
    // Times, offsets of the recovery and ids are another's in each run.
    transcript.admin.push(`${event} ${text.replace(/,"(?:\d{4}-[^"]*Z|[\w-]{7}(?:\.[\w-]+)?)"/g, "").replace(/"([\w-]{20})"/g, (_, id: string) => names.get(id) ?? "<admin>")}`);
  });
  await until(() => expect(admin.connected).toBe(true));

  const ann = open("ann");
  await until(() => expect(transcript.ann.length).toBe(1));
  const bob = open("bob");
  await until(() => expect(transcript.bob.length).toBe(1));
  open("eve");
  await until(() => expect(transcript.eve.length).toBe(1));
  const say = async (who: Client, name: "ann" | "bob", ...event: [string, ...unknown[]]): Promise<void> => {
    transcript[name].push(`${event[0]}: ${JSON.stringify(await who.timeout(5_000).emitWithAck(...event))}`);
  };
  await say(ann, "ann", "enter", "room 1");
  await say(bob, "bob", "enter", "room 1");
  for (let i = 0; i < 5; i++) {
    await say(bob, "bob", "say", "room 1", `hello ${i}`);
    await say(ann, "ann", "say", "room 1", `hi ${i}`);
  }
  await say(ann, "ann", "poll", "room 1", "all well?");
  await say(ann, "ann", "file", Buffer.from([1, 2, 3]));
  ann.emit("silent", { a: [1] }, null, "text");
  ann.emit("nonsense", 1);
  await until(() => expect(transcript.server.at(-1)).toBe("ann error unknown nonsense"));

  // Ann's line is cut; what bob says meanwhile reaches her when she is recovered, and nothing else does.
  ann.io.reconnection(false);
  ann.io.engine.close();
  await until(() => expect(transcript.server.at(-1)).toMatch(/^ann disconnected/));
  for (const text of ["are you there?", "ann?"]) await say(bob, "bob", "say", "room 1", text);
  ann.io.reconnection(true);
  ann.connect();
  await until(() => expect(transcript.ann.at(-1)).toMatch(/^connected/));
  await say(ann, "ann", "say", "room 1", "back");
  if (presence !== "none") await until(() => expect(registry.connectionCount("everyone")).toBe(2));

  for (const socket of await io.in("room 1").fetchSockets()) transcript.server.push(`fetched ${nameOf(socket.id)} in ${[...socket.rooms].map(nameOf).join()}`);
  io.in("room 1").socketsJoin("room 2");
  io.in("room 1").socketsLeave("room 1");
  io.to("room 2").emit("said", "server", "moved");
  await until(() => expect([transcript.ann.at(-1), transcript.bob.at(-1)]).toEqual(["said server moved", "said server moved"]));
  io.to("room 2").except(ann.id!).disconnectSockets();
  await until(() => expect(transcript.bob.at(-1)).toMatch(/^disconnected/));
  ann.io.reconnection(false);
  await until(() => expect(transcript.admin.filter((line) => line.startsWith("socket_disconnected")).length).toBe(2));
  admin.disconnect();
  await io.close();
  await until(() => expect(transcript.ann.at(-1)).toMatch(/^disconnected/));
  return { transcript, registry, told };
}

describe("an app with connection state recovery, rooms, acknowledgements, middlewares and the admin UI", () => {
  it.each(["before", "after"] as const)("[S7] is the same for everybody with presence, attached %s its own listeners, as without", async (when) => {
    const without = await run("none");
    const { transcript, told } = await run(when);
    expect(transcript).toEqual(without.transcript);
    // It was there, and both tabs were seen to stay through ann's cut.
    expect([without.told, told.slice(0, 2)]).toEqual([[], ["joined ann", "joined bob"]]);
    expect(told.filter((what) => what.endsWith("ann"))).toEqual(["joined ann"]);
    // And it was that app.
    const { ann, bob, eve, server, rooms, admin } = transcript;
    expect(ann).toEqual(expect.arrayContaining(["connected, recovered true, as <ann>", "said bob ann?", 'file: {"type":"Buffer","data":[1,2,3,1,2,3]}']));
    expect(ann.indexOf("said bob ann?")).toBeLessThan(ann.lastIndexOf("connected, recovered true, as <ann>"));
    expect(ann.find((line) => line.startsWith("poll"))).toContain("bob says yes");
    expect(eve).toEqual(['refused not you {"code":7}, active false']);
    expect([bob.length, server.length, rooms.length, admin.length].every((count) => count > 8)).toBe(true);
  });
});
