import { readFileSync, readdirSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { build, type Plugin } from "esbuild";
import { z } from "zod";
import { createRegistry, type Registry, type RegistryNumbers } from "../../src/server/index.js";
import { chanceOf } from "../bots/chance.js";
import { ROOM } from "../bots/server.js";
import { attachSockets, LINK_KINDS, type Meta } from "../bots/sockets.js";
import { buildPlayground, servedPage } from "../playground/build.js";
import { createPlaygrounds } from "../playground/server.js";
import { keepCompany } from "./company.js";
import { createTabs } from "./tabs.js";

export type PageOptions = {
  /** The repository's folder. */
  readonly root: string;
  readonly port: number;
  /** Default: this machine only. */
  readonly host?: string;
  /** How many bots keep visitors company. */
  readonly company: number;
  /** Ms for which "freeze me" freezes. */
  readonly freeze?: number;
  readonly times?: Partial<RegistryNumbers>;
  /** For the playground's bundle. */
  readonly plugins?: readonly Plugin[];
};

export type Page = {
  readonly url: string;
  readonly registry: Registry<Meta>;
  /** Sends everybody away with a word, for a server that will be back. */
  readonly drain: () => Promise<void>;
  readonly close: () => Promise<void>;
};

/** Short enough to watch people time out. */
const TIMES = { grace: 4_000, lease: 8_000, ping: 2_500, tick: 250, heartbeat: 5_000 };

/** Addresses that `localhost` leads to everywhere; that it leads to `::1` as well is not certain. */
const LOCAL = new Set(["127.0.0.1", "0.0.0.0", "::"]);

const TYPES = new Map([
  [".html", "text/html; charset=utf-8"],
  [".css", "text/css; charset=utf-8"],
  [".js", "text/javascript; charset=utf-8"],
  [".svg", "image/svg+xml"],
]);
const HEADERS = {
  "cache-control": "no-cache",
  // Scripts, styles and sockets of this server only. Safari before 15.4 takes no socket for 'self'.
  "content-security-policy": "default-src 'self'; connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

/** Names are what strangers type: none is longer than a line, none is empty. */
const meta = z.object({ name: z.string().trim().min(1).max(60), link: z.enum(LINK_KINDS) });

/** Serves the demo page, its library bundled from the sources as they are now. Rejects when the port can't be had. */
export async function startPage({ root, port, host = "127.0.0.1", company, freeze = 20_000, times, plugins }: PageOptions): Promise<Page> {
  const folder = join(root, "scripts/page/site");
  const files = new Set(readdirSync(folder));
  const library = await bundle(root);
  const playground = await buildPlayground(root, plugins);
  const pages = new Map([["playground", servedPage(playground)], ["playground.css", playground.css], ["playground.js", playground.script]]);
  const playgrounds = createPlaygrounds();
  const tabs = createTabs();
  const registry = createRegistry<Meta>({ ...TIMES, ...times, meta });
  const http = createServer((request, response) => { answer(request, response); });
  // Before those who open the sockets.
  http.on("upgrade", tabs.take);
  http.on("upgrade", playgrounds.take);
  const closeSockets = attachSockets(http, registry);

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const pathname = request.url?.split("?")[0] ?? "/";
    const name = pathname === "/" ? "index.html" : pathname.slice(1);
    const [, tab, deed] = /^\/tabs\/([0-9a-f]+)\/(cut|freeze)$/.exec(pathname) ?? [];
    if (request.method === "POST" && tab !== undefined) {
      if (deed === "cut") tabs.cut(tab);
      else tabs.freeze(tab, freeze);
      send(response, ".json", JSON.stringify({ ms: freeze }));
    } else if (request.method === "POST" && playgrounds.act(pathname)) {
      response.writeHead(204).end();
    } else if (request.method !== "GET") {
      response.writeHead(405, { allow: "GET" }).end();
    } else if (name === "state") {
      send(response, ".json", JSON.stringify({ userCount: registry.userCount(ROOM), connectionCount: registry.connectionCount(ROOM) }));
    } else if (name === "headcount.js") {
      send(response, ".js", library);
    } else if (pages.has(name)) {
      send(response, extname(name) || ".html", pages.get(name) ?? "");
    } else if (files.has(name)) {
      send(response, extname(name), readFileSync(join(folder, name)));
    } else {
      response.writeHead(404, { "content-type": "text/plain" }).end("There is no such page.\n");
    }
  }

  await new Promise<void>((resolve, reject) => {
    http.once("error", reject);
    http.listen(port, host, resolve);
  });
  const { address, port: given } = http.address() as AddressInfo;
  const sendHome = keepCompany(`http://${reachable(address)}:${given}`, company, chanceOf(Date.now()));

  async function close(): Promise<void> {
    sendHome();
    registry.close();
    closeSockets();
    playgrounds.close();
    http.closeAllConnections();
    await new Promise<void>((resolve) => { http.close(() => { resolve(); }); });
  }

  return {
    url: `http://${LOCAL.has(address) ? "localhost" : reachable(address)}:${given}`,
    registry,
    async drain() {
      sendHome();
      // Who is sent away must not come back to this one.
      http.close();
      await registry.drain({ reconnectWithin: 1_000 });
      await close();
    },
    close,
  };
}

/** Where a server that listens to an address is found from this machine, as a URL has it. */
function reachable(address: string): string {
  const one = address === "0.0.0.0" ? "127.0.0.1" : address === "::" ? "::1" : address;
  return one.includes(":") ? `[${one}]` : one;
}

function send(response: ServerResponse, extension: string, body: string | Buffer): void {
  response.writeHead(200, { ...HEADERS, "content-type": TYPES.get(extension) ?? "application/json" }).end(body);
}

/** `dist/browser.js`, as `npm run build` would make it now. */
async function bundle(root: string): Promise<string> {
  const { outputFiles } = await build({ entryPoints: [join(root, "src/browser.ts")], bundle: true, write: false, format: "esm", target: "es2022", logLevel: "error" });
  return outputFiles[0]?.text ?? "";
}
