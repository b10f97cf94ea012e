import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import { attachWs } from "../../src/adapters/ws.js";
import { createRegistry } from "../../src/server/index.js";
import { queryOf } from "../bots/sockets.js";
import { naiveCounter } from "./naive-counter.js";
import { DOWN, TIMES } from "./script.js";

/** The servers of playgrounds: each page that is open has one of its own, with its registry, its naive counter, and the sockets that both are fed by. */
export type Playgrounds = {
  /** Takes a socket that is about to open, if it is a playground's. */
  readonly take: (request: IncomingMessage, socket: Duplex, head: Buffer) => boolean;
  /** Does what a page can't do to itself: `/playground/ID/cut/SOCKET`, `hold`, `release`, and `/playground/ID/restart`. Whether there is such a deed. */
  readonly act: (pathname: string) => boolean;
  readonly close: () => void;
};

export const SOCKET_PATH = "/playground/socket";

/** Pages that may be open at once, and for how long a server waits for its page, in ms. */
const MOST = 200;
const PATIENCE = 60_000;

type Server = { readonly wss: WebSocketServer; readonly end: () => void };

export function createPlaygrounds(): Playgrounds {
  const grounds = new Map<string, ReturnType<typeof createGround>>();

  return {
    take(request, socket, head) {
      if (!request.url?.startsWith(SOCKET_PATH)) return false;
      const id = queryOf(request).get("ground") ?? "";
      const known = grounds.get(id);
      if (!known && grounds.size >= MOST) socket.destroy();
      else {
        const ground = known ?? createGround(() => grounds.delete(id));
        grounds.set(id, ground);
        ground.take(request, socket, head);
      }
      return true;
    },
    act(pathname) {
      const [, id = "", deed = "", socket = ""] = /^\/playground\/([0-9a-f]+)\/(cut|hold|release|restart)(?:\/([0-9a-f]+))?$/.exec(pathname) ?? [];
      if (deed === "") return false;
      grounds.get(id)?.act(deed, socket);
      return true;
    },
    close() {
      for (const ground of grounds.values()) ground.end();
      grounds.clear();
    },
  };
}

function createGround(over: () => void): { readonly take: (request: IncomingMessage, socket: Duplex, head: Buffer) => void; readonly act: (deed: string, socket: string) => void; readonly end: () => void } {
  const sockets = new Map<string, Duplex>();
  let server: Server | undefined = startServer();
  let idle: NodeJS.Timeout | undefined;
  let starting: NodeJS.Timeout | undefined;

  function end(): void {
    clearTimeout(idle);
    clearTimeout(starting);
    server?.end();
    over();
  }
  function rest(): void {
    clearTimeout(idle);
    if (sockets.size === 0) idle = setTimeout(end, PATIENCE).unref();
  }
  rest();

  return {
    end,
    take(request, socket, head) {
      if (!server) {
        socket.destroy();
        return;
      }
      const name = queryOf(request).get("socket") ?? "";
      const { wss } = server;
      sockets.set(name, socket);
      clearTimeout(idle);
      socket.once("close", () => {
        sockets.delete(name);
        rest();
      });
      wss.handleUpgrade(request, socket, head, (opened) => { wss.emit("connection", opened, request); });
    },
    act(deed, name) {
      const socket = sockets.get(name);
      if (deed === "cut") socket?.destroy();
      else if (deed === "hold") {
        socket?.pause();
        socket?.cork();
      } else if (deed === "release") {
        socket?.uncork();
        socket?.resume();
      } else if (server) {
        server.end();
        server = undefined;
        starting = setTimeout(() => { server = startServer(); }, DOWN);
      }
    },
  };
}

function startServer(): Server {
  const wss = new WebSocketServer({ noServer: true, maxPayload: 64 * 1024, perMessageDeflate: false });
  const registry = createRegistry(TIMES);
  attachWs(wss, registry, { identify: (_, request) => ({ user: queryOf(request).get("user") ?? "" }), authorize: () => true });
  naiveCounter(wss);
  return {
    wss,
    end() {
      registry.close();
      for (const socket of wss.clients) socket.terminate();
      wss.close();
    },
  };
}
