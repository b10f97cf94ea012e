import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { build } from "esbuild";
import { Server as SocketIo } from "socket.io";
import { WebSocket, WebSocketServer } from "ws";
import { attachSocketIo } from "../../src/adapters/socket.io.js";
import { webSocketTransport } from "../../src/adapters/websocket.js";
import { attachWs } from "../../src/adapters/ws.js";
import { createClient } from "../../src/client/index.js";
import { createRegistry, type Registry } from "../../src/server/index.js";
import type { RegistryNumbers } from "../../src/server/options.js";
import type { Engine, Page } from "../support/engines/engine.js";
import { startProxy, type Proxy } from "../support/proxy.js";
import { root } from "../support/sources.js";
import type { Diary, Meta, Shown } from "./shown.js";

export const ROOM = "lobby";
/** Short enough for a journey of seconds; the grace covers what clients wait between attempts. */
export const TIMES = { lease: 2_500, ping: 500, tick: 100, grace: 4_000, heartbeat: 1_000, jitter: 50, settle: 2_500 } as const;

export type Times = Partial<RegistryNumbers>;

export type Link = "ws" | "socket.io";

/** A tab of somebody, with a line of its own to the server. */
export type Seat = Page & {
  readonly user: string;
  readonly line: Proxy;
  readonly shown: () => Promise<Shown>;
  readonly diary: () => Promise<Diary>;
  /** Waits until the page lived through this. */
  readonly lived: (event: string) => Promise<void>;
  /** Somewhere else, by a link of the page; only the line's own sockets go. */
  readonly leave: () => Promise<void>;
};

export type World = {
  /** `patient`: its page does not try again by itself when its line is lost. */
  readonly open: (user: string, link?: Link | "patient") => Promise<Seat>;
  readonly close: (seat: Seat) => Promise<void>;
  /**
   * Waits until so many tabs of each user, in that order, are in the room, and until all that is shown in those tabs (or in `among`), and by one who
   * follows from Node, is what the registry says.
   */
  readonly agree: (tabs: Readonly<Record<string, number>>, among?: readonly Seat[]) => Promise<void>;
  /** Since the last time exactly this was heard of, by registry, follower and every tab: "joined ann". Who is not among them flickered. */
  readonly heard: (news: readonly string[], among?: readonly Seat[]) => Promise<void>;
  /** The server ends as by a crash, and one that knows nothing comes so many ms later. */
  readonly restart: (ms: number) => Promise<void>;
  readonly end: () => Promise<void>;
};

type Backend = { readonly port: number; readonly registry: Registry<Meta>; readonly kill: () => Promise<void> };

let site: Promise<string> | undefined;

export async function startWorld(engine: Engine, times: Times = {}): Promise<World> {
  const script = await (site ??= bundled());
  const pages = createServer((request, response) => {
    const file = request.url?.split("?")[0] === "/site.js";
    const body = file ? script : request.url?.startsWith("/elsewhere") ? ELSEWHERE : PAGE;
    // `no-cache`, not `no-store`: of the latter no engine keeps the page.
    response.writeHead(200, { "content-type": file ? "text/javascript" : "text/html; charset=utf-8", "cache-control": "no-cache" }).end(body);
  });
  const url = `http://127.0.0.1:${await listening(pages)}`;

  const news: string[] = [];
  const followed: string[] = [];
  let returning = new Set<string>();
  const here = new Set<string>();
  async function start(): Promise<Backend> {
    const backend = await startBackend({ ...TIMES, ...times });
    const { registry } = backend;
    registry.on("joined", ({ user }) => {
      here.add(user);
      // A server that has just started tells of all who come back.
      if (!returning.delete(user)) news.push(`joined ${user}`);
    });
    registry.on("left", ({ user }) => {
      here.delete(user);
      news.push(`left ${user}`);
    });
    registry.on("error", ({ code, message }) => { news.push(`error ${code}: ${message}`); });
    return backend;
  }

  let backend = await start();
  const lines: Proxy[] = [];
  const line = async (): Promise<Proxy> => {
    const proxy = await startProxy(backend.port);
    lines.push(proxy);
    return proxy;
  };
  const client = createClient({ transport: webSocketTransport(`ws://127.0.0.1:${(await line()).port}/ws?user=follower`, { WebSocket: WebSocket, maxDelay: 500 }) });
  const follower = client.room<Meta>(ROOM, { meta: { name: "FOLLOWER" } });
  follower.onChange(({ type, user }) => { followed.push(`${type} ${user}`); });
  await follower.enter();
  await within(10_000, () => { assert.equal(follower.getSnapshot().status, "live"); });
  news.length = followed.length = 0;

  const seats = new Set<Seat>();
  async function open(user: string, link: Link | "patient" = "ws"): Promise<Seat> {
    const own = await line();
    const page = await engine.open(`${url}/?${new URLSearchParams({ user, [link === "patient" ? link : "link"]: link, room: ROOM, host: `127.0.0.1:${own.port}` })}`);
    const diary = (): Promise<Diary> => page.value("diary");
    const seat: Seat = {
      ...page, user, line: own, diary,
      shown: () => page.value("shown()"),
      lived: (event) => within(10_000, async () => { assert.ok((await diary()).events.includes(event), event); }),
      async leave() {
        await page.value('void setTimeout(() => { document.querySelector("a").click(); }, 0)');
        await within(10_000, async () => { assert.equal(await page.value("location.pathname"), "/elsewhere"); });
      },
    };
    seats.add(seat);
    return seat;
  }

  function truth(): Shown["plain"] {
    const { registry } = backend;
    return { status: "live", users: registry.users(ROOM).map(({ id, connections }) => `${id} x${connections.length}`), count: registry.userCount(ROOM), connections: registry.connectionCount(ROOM) };
  }

  return {
    open,
    async close(seat) {
      seats.delete(seat);
      await seat.close();
    },
    agree: (tabs, among = [...seats]) => within(20_000, async () => {
      const expected = { follower: 1, ...tabs };
      const is = truth();
      assert.deepEqual([...is.users!].sort(), Object.entries(expected).map(([user, n]) => `${user} x${n}`).sort(), "the registry");
      const { status, users, userCount, connectionCount } = follower.getSnapshot();
      assert.deepEqual({ status, users: users?.map(({ id, connections }) => `${id} x${connections.length}`), count: userCount, connections: connectionCount }, is, "the follower");
      const names = is.users!.map((user) => user.split(" ")[0]!);
      const called = names.map((name) => name.toUpperCase());
      const counted = `${names.length} here`;
      for (const seat of among) {
        assert.deepEqual(await seat.shown(), {
          plain: is,
          hook: { ...is, names: called.join(), count: names.length },
          page: `${called.join()} (${names.length}, live)`,
          people: { state: "live", count: counted, names: called.map((name, i) => (names[i] === seat.user ? `${name} (you)` : name)) },
          badge: { state: "live", count: counted, names: [] },
        } satisfies Shown, `a tab of ${seat.user}`);
      }
    }),
    async heard(expected, among = [...seats]) {
      assert.deepEqual(news.splice(0), expected, "what the registry told");
      assert.deepEqual(followed.splice(0), expected, "what the follower heard");
      for (const seat of among) {
        const { heard, counts } = await seat.value<Diary>("{ const { heard, counts } = diary; globalThis.told = { heard: { plain: heard.plain.splice(0), hook: heard.hook.splice(0) }, counts: counts.splice(0, counts.length - 1) } }; told");
        assert.deepEqual(heard, { plain: expected, hook: expected }, `what a tab of ${seat.user} heard`);
        if (expected.length === 0) assert.deepEqual(counts, [], `how many a tab of ${seat.user} showed meanwhile`);
      }
    },
    async restart(ms) {
      await backend.kill();
      returning = new Set(here);
      await sleep(ms);
      backend = await start();
      for (const proxy of lines) proxy.retarget(backend.port);
    },
    async end() {
      await Promise.all([...seats].map((seat) => seat.close().catch(() => undefined)));
      client.close();
      await backend.kill();
      await Promise.all(lines.map((proxy) => proxy.close()));
      pages.closeAllConnections();
      pages.close();
    },
  };
}

const PAGE = '<!doctype html><html lang="en"><title>Who is here</title><a href="/elsewhere">elsewhere</a><div id="app"></div><script type="module" src="/site.js"></script>';
const ELSEWHERE = '<!doctype html><html lang="en"><title>Elsewhere</title>';

async function bundled(): Promise<string> {
  const { outputFiles } = await build({ entryPoints: [`${root}/test/browsers/site.ts`], bundle: true, write: false, format: "esm", target: "es2022", define: { "process.env.NODE_ENV": '"production"' }, logLevel: "error" });
  return outputFiles[0]!.text;
}

async function startBackend(options: Times): Promise<Backend> {
  const registry = createRegistry<Meta>(options);
  const http = createServer();
  const identify = (request: IncomingMessage): { readonly user: string } => ({ user: new URLSearchParams(request.url!.split("?")[1]).get("user")! });
  const wss = new WebSocketServer({ noServer: true });
  // The page's host is another than its line's.
  attachWs(wss, registry, { identify: (_, request) => identify(request), authorize: () => true, origins: "*" });
  const { ping, lease } = registry.options;
  const io = new SocketIo(http, { cors: { origin: "*" }, pingInterval: ping, pingTimeout: lease - ping });
  attachSocketIo(io, registry, { identify: ({ request }) => identify(request), authorize: () => true });
  http.on("upgrade", (request, socket, head) => {
    if (request.url!.startsWith("/ws")) wss.handleUpgrade(request, socket, head, (opened) => { wss.emit("connection", opened, request); });
  });
  return {
    port: await listening(http), registry,
    async kill() {
      registry.close();
      for (const socket of wss.clients) socket.terminate();
      io.engine.close();
      http.closeAllConnections();
      await new Promise<void>((resolve) => { http.close(() => { resolve(); }); });
    },
  };
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => { server.listen(0, "127.0.0.1", resolve); });
  return (server.address() as AddressInfo).port;
}

/** Tries until it throws no more; its last error after so many ms. */
export async function within(ms: number, check: () => void | Promise<void>): Promise<void> {
  for (const started = performance.now(); ; await sleep(25)) {
    try {
      await check();
      return;
    } catch (error) {
      if (performance.now() - started > ms) throw error;
    }
  }
}
