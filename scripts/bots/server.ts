import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";
import { attachWs } from "../../src/adapters/ws.js";
import { createRegistry, type Registry } from "../../src/server/index.js";

export type Meta = { readonly name: string };
export const ROOM = "lobby";
/** Milliseconds of grace: short, so that a run of seconds sees people leave. */
export const GRACE = 800;

export type BotServer = { readonly url: string; readonly registry: Registry<Meta>; readonly flickers: () => readonly string[]; readonly close: () => void };

/** A ws server as an app has it, on a socket that it shares with headcount; everything is short so that a run is. */
export async function startServer(port: number): Promise<BotServer> {
  const http = createServer((_, response) => {
    response.end(`${registry.userCount(ROOM)} people are here\n`);
  });
  const wss = new WebSocketServer({ server: http, maxPayload: 64 * 1024, perMessageDeflate: false });
  // A small window, so that a returning bot needs a snapshot now and then.
  const registry = createRegistry<Meta>({ grace: GRACE, tick: 100, ping: 400, lease: 1_500, heartbeat: 1_000, audit: 5_000, window: 16 });
  const presence = attachWs<Meta>(wss, registry, {
    identify: (_, request) => {
      const user = new URL(request.url ?? "/", "ws://localhost").searchParams.get("user");
      return user === null ? undefined : { user };
    },
    authorize: () => true,
  });
  // The app's own messages on the same socket: here, a login that comes later.
  wss.on("connection", (socket) => {
    socket.on("message", (data, binary) => {
      if (binary) return;
      const text = (data as Buffer).toString();
      if (text.startsWith("login ")) void presence.identify(socket, { user: text.slice(6) });
      else if (!text.startsWith('["hc",')) socket.send(`echo ${text}`);
    });
  });

  // A user joins and leaves in turns; anything else is a flicker or a ghost.
  const here = new Set<string>();
  const flickers: string[] = [];
  registry.on("joined", ({ user }) => {
    if (here.has(user)) flickers.push(`${user} joined twice`);
    here.add(user);
  });
  registry.on("left", ({ user }) => {
    if (!here.delete(user)) flickers.push(`${user} left twice`);
  });
  registry.on("error", ({ code, message }) => {
    flickers.push(`error ${code}: ${message}`);
  });

  await new Promise<void>((resolve, reject) => {
    http.once("error", reject);
    http.listen(port, "127.0.0.1", resolve);
  });
  return {
    url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}`,
    registry,
    flickers: () => flickers,
    close() {
      registry.close();
      for (const socket of wss.clients) socket.terminate();
      wss.close();
      http.close();
    },
  };
}
