import type { Random, Wire } from "../../ports.js";
import { decodeFrame, encodeFrame } from "../../protocol/frame.js";
import type { Pos } from "../../protocol/message.js";
import type { How } from "../../server/host-input.js";
import type { AuthorizeRequest, Identity, Link } from "../../server/link.js";
import type { RegistryOptions } from "../../server/options.js";
import { createRegistry, type Registry } from "../../server/registry.js";
import type { End, Line } from "./line.js";
import { createLineWire } from "./line-wire.js";
import { PING, type Kind } from "./page.js";
import type { Machine } from "./time.js";
import { startWsServer } from "./ws-server.js";

export type Meta = { readonly name?: string; readonly shows?: string };

/** One life of a server process: a registry over the lines that it takes in. */
export type Server = {
  readonly registry: Registry<Meta>;
  readonly machine: Machine;
  /** A socket of a page opens. `user`: who it is logged in as. */
  readonly take: (line: Line, kind: Kind, user: string | undefined, context: unknown) => void;
  /** The app's own login, change of user, or logout. */
  readonly login: (line: Line, user: string | undefined, context: unknown) => void;
  /** Lines that it holds. */
  readonly lines: () => readonly Line[];
  /** The process ends: the system closes its sockets. */
  readonly end: () => void;
};

export type ServerOptions = {
  readonly machine: Machine;
  readonly chance: Random;
  readonly options: Omit<RegistryOptions<Meta>, "log">;
  /** Ms for which the app thinks about it; 0 = it answers at once. */
  readonly thinks: (about: "identify" | "authorize") => number;
  readonly mayEnter: (user: string, room: string) => boolean;
  readonly autoJoin: readonly string[];
  /** A line has ended at the server. */
  readonly onGone: (line: Line, how: How) => void;
};

export function startServer({ machine, chance, options, thinks, mayEnter, autoJoin, onGone }: ServerOptions): Server {
  const registry = createRegistry<Meta>({ ...options, clock: machine.clock, random: chance });
  const links = new Map<Line, Link<Meta>>();
  const answers = {
    authorize: ({ user, room }: AuthorizeRequest) => answer(thinks("authorize"), mayEnter(user, room)),
    autoJoin: () => autoJoin,
  };

  const people = new Map<Line, { readonly user: string | undefined; readonly context: unknown }>();
  const wss = startWsServer(registry, machine, (lineOf) => ({
    ...answers,
    identify: (socket) => who(lineOf(socket)),
  }));
  const wires: Record<Exclude<Kind, "websocket">, Wire<Line>> = {
    bare: wireWith((messages) => encodeFrame(messages)),
    "socket.io": wireWith((messages) => JSON.stringify(messages)),
  };

  function wireWith(encode: (messages: Parameters<Wire<Line>["send"]>[1]) => string): Wire<Line> {
    return createLineWire(encode, {
      close(line, why) {
        line.close("server");
        machine.later(0, () => { gone(line, why); });
      },
      // Until the system says that it is closed.
      open: (line) => links.has(line),
      ready: (line) => { links.get(line)?.ready(); },
    });
  }

  function gone(line: Line, how: How): void {
    if (!links.has(line)) return;
    onGone(line, how);
    links.get(line)?.closed(how);
    links.delete(line);
  }

  function who(line: Line): Identity<Meta> | undefined | Promise<Identity<Meta> | undefined> {
    const { user, context } = people.get(line) ?? {};
    return answer(thinks("identify"), identityOf(user, context));
  }

  /** The app answers, now or after a while. */
  function answer<T>(ms: number, value: T): T | Promise<T> {
    return ms === 0 ? value : new Promise((resolve) => { machine.later(ms, () => { resolve(value); }); });
  }

  /** What socket.io does by itself. */
  function ping(line: Line, pongs: { count: number }): void {
    machine.later(PING.every, () => {
      if (!links.has(line)) return;
      const { count } = pongs;
      line.send("client", "2");
      machine.later(PING.wait, () => {
        if (!links.has(line) || pongs.count > count) return;
        line.close("server");
        gone(line, "timeout");
      });
      ping(line, pongs);
    });
  }

  return {
    registry, machine,
    take(line, kind, user, context) {
      people.set(line, { user, context });
      if (kind === "websocket") {
        const { link, heard, closed } = wss.take(line, (how) => {
          onGone(line, how);
          links.delete(line);
        });
        if (link) links.set(line, link);
        line.accept({ on: machine, heard, closed });
        return;
      }
      const shared = kind === "socket.io";
      const link = registry.open<Line>({
        wire: wires[kind], peer: line,
        ...(shared && { lease: PING.every + PING.wait }),
        ...answers,
        identify: () => who(line),
      });
      links.set(line, link);
      const pongs = { count: 0 };
      if (shared) ping(line, pongs);
      const end: End = {
        on: machine,
        heard(text) {
          if (!shared) link.frame(text);
          else if (text === "3") {
            pongs.count++;
            link.heard();
          } else link.receive(JSON.parse(text));
        },
        closed: () => { gone(line, "vanished"); },
      };
      line.accept(end);
    },
    login(line, user, context) {
      void links.get(line)?.identify(identityOf(user, context));
    },
    lines: () => [...links.keys()],
    end() {
      machine.kill();
      for (const line of links.keys()) line.close("server");
      links.clear();
    },
  };
}

function identityOf(user: string | undefined, context: unknown): Identity<Meta> | undefined {
  return user === undefined ? undefined : { user, meta: { name: user }, context };
}

/** Whether a text to the server may be lost: its sender says it again as long as nothing answers it. */
export function isAskedAgain(text: string): boolean {
  return messagesIn(text).every(({ type }) => type !== "update" && type !== "leave");
}

/**
 * Whether a text to a client may be lost: it notices by what comes later. Who is told nothing of a room can't notice
 * that its stay there was ended or moved; a transport that could lose that in silence would be no transport.
 */
export function isMissed(text: string, watched: (room: string) => string | undefined, loggedOut: boolean): boolean {
  return messagesIn(text).every(({ type, room = "", re }) => {
    // Who logs in again is welcomed again, and knows of it by that alone.
    if (type === "welcome") return !loggedOut;
    const watch = watched(room);
    return watch === "users" || (type === "ended" ? watch === "count" : type !== "joined" || re !== undefined);
  });
}

/** What a text says, whichever way it goes. */
export function messagesIn(text: string): readonly { readonly type?: string; readonly room?: string; readonly re?: number; readonly code?: string; readonly pos?: Pos }[] {
  const messages = decodeFrame(text).messages ?? (JSON.parse(text) as unknown);
  return (Array.isArray(messages) ? messages : [messages]) as readonly { readonly type?: string }[];
}
