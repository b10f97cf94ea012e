// What somebody who installed the package may write: compiled, or run, by `npm run check:package`.
import { readFileSync } from "node:fs";

const { name } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));

export const USE = `
import { emptyRoom, reduce, userCount, usersOf } from "${name}";
import type { Room } from "${name}";
import { createRegistry } from "${name}/server";
import { createClient } from "${name}/client";
import { webSocketTransport } from "${name}/websocket";
import { presenceHandler, type RoomState } from "${name}/http";
import { createTestRegistry, fakeRoom } from "${name}/testing/fakes";

type Meta = { name: string };
const room: Room<Meta> = reduce(emptyRoom<Meta>(), { type: "heartbeat", epoch: 1, seq: 0, at: 0, digest: 0 });
export const users: number = userCount(room);
export const names: string[] = usersOf(room).map((user) => user.meta.name);
// @ts-expect-error a user's meta is typed, not any
export const wrong: number[] = usersOf(room).map((user) => user.meta.name);

const registry = createRegistry<Meta>({ grace: 5_000 });
export const stop: () => void = registry.on("left", ({ user, meta }) => { const said: string = user + meta.name; void said; });
// @ts-expect-error there is no such event
registry.on("gone", () => undefined);

export const answer: (request: Request) => Promise<Response> = presenceHandler(registry, { authorize: ({ request, room, watch }) => request.url !== room + watch });
// @ts-expect-error who may see a room is not left open
presenceHandler(registry, {});
declare const state: RoomState<Meta>;
export const initial = state.type === "snapshot" ? { initial: state } : {};

const shown = fakeRoom<Meta>({ users: [{ id: "ann", meta: { name: "Ann" } }] });
// @ts-expect-error meta is typed
shown.show({ users: [{ id: "ann", meta: { name: 1 } }] });
const tested = createTestRegistry<Meta>({ grace: 0 });
tested.tab("ann").room("r", { meta: { name: "Ann" } }).subscribe((view) => { void view.users?.[0]?.meta.name.length; });

const client = createClient({ transport: webSocketTransport("ws://127.0.0.1:1") });
export const unsubscribe: () => void = client.room<Meta>("r", { meta: { name: "ann" }, ...initial }).subscribe((view) => {
  const count: number | undefined = view.userCount;
  void count;
});
`;

export const USE_WS = `
import { WebSocketServer } from "ws";
import { createRegistry } from "${name}/server";
import { attachWs } from "${name}/ws";

type Meta = { name: string };
const presence = attachWs(new WebSocketServer({ noServer: true }), createRegistry<Meta>(), {
  identify: (socket, request, user: string) => ({ user, meta: { name: socket.protocol + String(request.url) } }),
  authorize: ({ user, room }) => user === room,
});
export const detach: () => void = presence.detach;
attachWs(new WebSocketServer({ noServer: true }), createRegistry<Meta>(), {
  // @ts-expect-error meta is typed
  identify: () => ({ user: "ann", meta: { name: 1 } }),
});
`;

export const USE_SOCKET_IO = `
import { Server } from "socket.io";
import { io as connect } from "socket.io-client";
import { createClient } from "${name}/client";
import { createRegistry } from "${name}/server";
import { attachSocketIo } from "${name}/socket.io";
import { socketIoTransport } from "${name}/socket.io-client";

type Meta = { name: string };
interface ToServer { hello: (to: string) => void }
interface ToClient { news: (text: string, done: () => void) => void }
interface Between { ping: () => void }
interface Data { user: string }
const io = new Server<ToServer, ToClient, Between, Data>();
const presence = attachSocketIo(io, createRegistry<Meta>(), {
  identify: (socket) => ({ user: socket.data.user, meta: { name: socket.id } }),
  authorize: ({ user, room, socket }) => user === room && socket.connected,
});
io.on("connection", (socket) => { void presence.of(socket)?.join("lobby"); });
attachSocketIo(io.of("/other"), createRegistry<Meta>(), {
  // @ts-expect-error the socket's data is typed
  identify: (socket) => ({ user: socket.data.usr }),
});
attachSocketIo(io.of("/third"), createRegistry<Meta>(), {
  // @ts-expect-error meta is typed
  identify: () => ({ user: "ann", meta: { name: 1 } }),
});
createClient({ transport: socketIoTransport(connect("http://127.0.0.1:1")) });
// @ts-expect-error no socket
socketIoTransport({});
`;

export const USE_TESTING = `
import fc from "fast-check";
import { reduce, type Room } from "${name}";
import { arbitraries, LawError, laws, type Reducer } from "${name}/testing";

laws.convergence(reduce, { runs: 10 });
declare const mine: Reducer<{ seq: number }>;
laws.purity(mine, { start: { seq: 0 }, doubt: (state) => state, ask: () => undefined, show: ({ seq }) => ({ epoch: 1, seq, users: [], userCount: 0, connectionCount: 0 }) });
// @ts-expect-error a state of another shape has to say what it shows
laws.purity(mine, { start: { seq: 0 } });
fc.assert(fc.property(arbitraries.rooms, (room: Room<unknown>) => room.seq >= 0));
export const story: readonly string[] = new LawError("x", [], { seed: 1, path: "0" }).story;
`;

export const RECORD = `
import { appendFileSync } from "node:fs";
import { createRegistry } from "${name}/server";
const registry = createRegistry();
registry.record((line) => { appendFileSync("run.jsonl", line); });
const link = registry.open({ wire: { send: () => [], close() {}, open: () => true }, peer: 1, user: "ann" });
await link.join("board");
registry.close();
`;

export const USE_REACT = `
import { createElement } from "react";
import { createClient, createPresence } from "${name}/client";
import { PresenceProvider, useChanges, usePresence, useUserCount, UserPresence, useUsers } from "${name}/react";
import { webSocketTransport } from "${name}/websocket";

type Meta = { name: string };
declare module "${name}/react" { interface Register { meta: Meta } }

const transport = webSocketTransport("ws://127.0.0.1:1");
createElement(PresenceProvider, { client: createClient({ transport }) }, null);
// By the provider's word.
export const names: string[] | undefined = useUsers("r", (users) => users.map(({ meta }) => meta.name));
// @ts-expect-error meta is typed, not any
export const wrong: number[] | undefined = useUsers("r", (users) => users.map(({ meta }) => meta.name));
export const mine: string | undefined = usePresence("r", { meta: { name: "ann" } }).users?.[0]?.meta.name;
// @ts-expect-error meta is typed
usePresence("r", { meta: { name: 1 } });
useChanges("r", (change) => { if (change.type === "updated") change.previous.name.length; });
export const count: number | undefined = useUserCount("r");
createElement(UserPresence, { room: "r", meta: { name: "ann" } });
UserPresence({ room: "r", person: ({ meta }) => ({ name: meta.name.toUpperCase() }) });
// @ts-expect-error meta is typed
UserPresence({ room: "r", person: ({ meta }) => ({ name: meta.nam }) });
// By the room's, which goes first.
const room = createPresence<{ x: number }>({ transport, room: "r" });
export const xs: number[] | undefined = useUsers(room, (users) => users.map(({ meta }) => meta.x));
usePresence(room).update({ x: 1 });
`;

export const USE_VUE = `
import { createClient } from "${name}/client";
import { presenceKey, usePresence, useUserCount } from "${name}/vue";
import { webSocketTransport } from "${name}/websocket";
import { createApp, ref } from "vue";

const client = createClient({ transport: webSocketTransport("ws://127.0.0.1:1") });
createApp({}).provide(presenceKey, client);
const { users, update } = usePresence(client.room<{ name: string }>("r"), { meta: ref({ name: "ann" }) });
export const names: string[] | undefined = users.value?.map(({ meta }) => meta.name);
// @ts-expect-error meta is typed
update({ name: 1 });
export const count: number | undefined = useUserCount(() => "r").value;
`;
