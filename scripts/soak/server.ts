import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { WebSocket } from "ws";
import { WebSocketServer } from "ws";
import { attachWs } from "../../src/adapters/ws.js";
import { createRegistry, type Health } from "../../src/server/index.js";
import { answering } from "./ask.js";
import { watchLag, type Lag } from "./lag.js";
import { usersText } from "./lists.js";
import type { Times } from "./times.js";

/** What the server's process is like, after a collection. Bytes. */
export type ServerSample = {
  readonly heap: number;
  readonly external: number;
  readonly rss: number;
  readonly sockets: number;
  readonly timers: number;
  readonly lag: Lag;
  readonly health: Health;
};

export type Server = typeof answers;

const lag = watchLag();
let health: () => Health;
let roomOf: (room: string) => string;
/** The planted leak: sockets that are long gone. */
const kept: WebSocket[] = [];

const answers = {
  async start({ times: { late: _, ...times }, leak }: { readonly times: Times; readonly leak: boolean }): Promise<number> {
    const http = createServer();
    const registry = createRegistry<object>(times);
    const wss = new WebSocketServer({ server: http, perMessageDeflate: false, maxPayload: 64 * 1024 });
    attachWs(wss, registry, {
      identify: (_, request) => ({ user: new URLSearchParams(request.url?.split("?")[1]).get("user") ?? "nobody" }),
      authorize: () => true,
    });
    if (leak) wss.on("connection", (socket) => { socket.once("close", () => { kept.push(socket); }); });
    health = () => registry.health();
    roomOf = (room) => usersText(registry.userCount(room), registry.connectionCount(room), registry.users(room));
    // Errors are in `health`, and judged there.
    registry.on("error", ({ code, message, cause }) => { console.error(`the server reports ${code}: ${message}`, cause ?? ""); });
    await new Promise<void>((resolve, reject) => {
      http.once("error", reject);
      http.listen(0, "127.0.0.1", 2_048, resolve);
    });
    return (http.address() as AddressInfo).port;
  },
  async sample(): Promise<ServerSample> {
    const late = lag.read();
    collect();
    // What the first collection found unreachable may hold back more until its finalizers ran.
    await sleep(0);
    collect();
    const { heapUsed, external, rss } = process.memoryUsage();
    const resources = process.getActiveResourcesInfo();
    const count = (name: string): number => resources.filter((one) => one === name).length;
    const sample = { heap: heapUsed, external, rss, sockets: count("TCPSocketWrap"), timers: count("Timeout"), lag: late, health: health() };
    // The collections are ours, not the server's.
    lag.reset();
    return sample;
  },
  health: (): Health => health(),
  rooms: (names: readonly string[]): readonly (readonly [room: string, text: string])[] => names.map((room) => [room, roomOf(room)]),
};

function collect(): void {
  if (!globalThis.gc) throw new Error("the server's process needs --expose-gc");
  globalThis.gc();
}

answering(answers);
