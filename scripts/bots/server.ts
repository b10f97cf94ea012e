import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createRegistry, type Registry } from "../../src/server/index.js";
import { attachSockets, type Meta } from "./sockets.js";

export const ROOM = "lobby";
/** Milliseconds of grace: short, so that a run of seconds sees people leave. */
export const GRACE = 800;

export type BotServer = { readonly url: string; readonly registry: Registry<Meta>; readonly flickers: () => readonly string[]; readonly close: () => void };

/** A server as an app has it, on sockets that it shares with headcount; everything is short so that a run is. */
export async function startServer(port: number): Promise<BotServer> {
  const http = createServer((_, response) => {
    response.end(`${registry.userCount(ROOM)} people are here\n`);
  });
  // A small window, so that a returning bot needs a snapshot now and then.
  const registry = createRegistry<Meta>({ grace: GRACE, tick: 100, ping: 400, lease: 1_500, heartbeat: 1_000, audit: 5_000, window: 16 });
  const closeSockets = attachSockets(http, registry);

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
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    registry,
    flickers: () => flickers,
    close() {
      registry.close();
      closeSockets();
      http.close();
    },
  };
}
