import type { Client, ClientRoom, RoomOptions } from "../client/index.js";
import type { RoomName, UserId } from "../core/event.js";
import { encodeFrame } from "../protocol/frame.js";
import type { How } from "../server/host-input.js";
import { checkOptions } from "../server/check-options.js";
import { createRegistry, type Link, type LinkOptions, type Registry, type RegistryOptions } from "../server/index.js";
import { chanceFrom } from "./simulation/chance.js";
import { createLine, type End, type Line } from "./simulation/line.js";
import { createLineWire } from "./simulation/line-wire.js";
import { openPage } from "./simulation/page.js";
import { createTime } from "./simulation/time.js";

/** What `createRegistry` takes, but for time, chance and the log; and `seed`, a whole number (1): the same one gives the same run. */
export type NetworkOptions<M> = Omit<RegistryOptions<M>, "clock" | "random" | "log"> & { readonly seed?: number };

/** What an adapter would give for a socket. `authorize`: default: everything is allowed. */
export type NetworkTabOptions<M> = Pick<LinkOptions<M, unknown>, "meta" | "context" | "lease" | "authorize" | "autoJoin">;

/** A user's page, its computer, and its line to the server. Its client reconnects by itself. All times are ms of the network's. */
export type NetworkTab<M> = {
  readonly user: UserId;
  readonly client: Client;
  /** The same as `client.room`, with the registry's meta. */
  readonly room: (name: RoomName, options?: RoomOptions<M>) => ClientRoom<M>;
  /** Its socket as the server knows it; undefined while there is none. */
  readonly link: () => Link<M> | undefined;
  /** The line breaks, and both ends notice soon. */
  readonly cut: () => void;
  /** Nothing passes the line any more, and nobody is told. */
  readonly mute: () => void;
  /** Nothing passes for so long; then all of it. */
  readonly stall: (ms: number) => void;
  /** For so long each text to the page takes seconds, and the next is not taken before. */
  readonly slow: (ms: number) => void;
  /** The next text to the page never arrives. */
  readonly lose: () => void;
  /** The computer sleeps for so long, and wakes up. */
  readonly sleep: (ms: number) => void;
  /** The page is closed without a word. Final. */
  readonly close: () => void;
};

/** A server, its users' pages, and what lies between them, in virtual time. */
export type Network<M> = {
  readonly registry: Registry<M>;
  /** Ms since it began. */
  readonly now: () => number;
  /** Lets so many ms pass; resolves when all that falls into them has happened. One call at a time. */
  readonly run: (ms: number) => Promise<void>;
  /** Opens a page of that user's. */
  readonly tab: (user: UserId, options?: NetworkTabOptions<M>) => NetworkTab<M>;
};

/** Where all clocks stand at the beginning. */
const WALL = 1_700_000_000_000;

/** The network of the simulation, to be driven by hand: it runs everywhere, also in a page. Throws a `TypeError` that names the option which makes no sense. */
export function createNetwork<M = unknown>({ seed = 1, ...options }: NetworkOptions<M> = {}): Network<M> {
  if (!Number.isSafeInteger(seed)) throw new TypeError(`createNetwork: option "seed" must be a whole number, not ${String(seed)}.`);
  const time = createTime(() => undefined);
  const server = time.machine("server", WALL);
  const registry = createRegistry<M>({ ...options, clock: server.clock, random: chanceFrom(seed, "server") });
  const links = new Map<Line, Link<M>>();
  let running = false;
  let tabs = 0;
  let dials = 0;

  function gone(line: Line, how: How): void {
    const link = links.get(line);
    links.delete(line);
    link?.closed(how);
  }

  const wire = createLineWire(encodeFrame, {
    close(line, why) {
      line.close("server");
      server.later(0, () => { gone(line, why); });
    },
    open: (line) => links.has(line),
    ready: (line) => { links.get(line)?.ready(); },
  });

  return {
    registry,
    now: time.now,
    async run(ms) {
      mustBeMs("run", ms);
      if (running) throw new TypeError("createNetwork: run(ms) runs already; await it before the next.");
      running = true;
      try {
        await time.run(time.now() + ms);
      } finally {
        running = false;
      }
    },
    tab(user, given = {}) {
      if (typeof user !== "string") throw new TypeError(`createNetwork: tab(user): the user must be a string, not ${typeof user}.`);
      checkOptions("createNetwork: tab(user, options)", given, { meta: "any", context: "any", lease: "any", authorize: "function", autoJoin: "function" });
      const id = ++tabs;
      const page = openPage({ kind: "bare", machine: time.machine(`tab ${id}`, WALL), chance: chanceFrom(seed, "tab", id), dial });
      const line = (): Line | undefined => page.line();

      function dial(client: End): Line {
        const made = createLine(++dials, { time, chance: chanceFrom(seed, "line", dials), client, struck: () => undefined, mayLose: () => true });
        server.arrive(time.now() + 50, () => {
          if (made.over()) return;
          // Its process is there, and takes nobody in.
          if (registry.health().closed) {
            made.close("server");
            return;
          }
          const link = registry.open<Line>({ authorize: () => true, ...given, user, wire, peer: made });
          links.set(made, link);
          made.accept({ on: server, heard: (text) => { link.frame(text); }, closed: () => { gone(made, "vanished"); } });
        });
        return made;
      }

      return {
        user,
        client: page.client,
        room: (name, opened) => page.client.room<M>(name, opened),
        link: () => { const own = line(); return own && links.get(own); },
        cut: () => { line()?.cut(); },
        mute: () => { line()?.mute(); },
        stall: (ms) => { mustBeMs("stall", ms); line()?.stall(ms); },
        slow: (ms) => { mustBeMs("slow", ms); line()?.slow(ms); },
        lose: () => { line()?.lose("client", 1); },
        sleep(ms) {
          mustBeMs("sleep", ms);
          page.machine.sleep(ms);
          page.machine.arrive(time.now() + ms, page.wake);
        },
        close: page.unload,
      };
    },
  };
}

function mustBeMs(name: string, ms: number): void {
  if (!(ms >= 0 && Number.isFinite(ms))) throw new TypeError(`createNetwork: ${name}(ms): a number of at least 0 ms, not ${String(ms)}.`);
}
