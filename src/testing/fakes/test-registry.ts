import { createClient, type Client, type ClientRoom, type RoomOptions } from "../../client/index.js";
import type { RoomName, UserId } from "../../core/event.js";
import type { Random, Transport, TransportListener, Wire } from "../../ports.js";
import { createRegistry, type Link, type LinkOptions, type Registry, type RegistryOptions } from "../../server/index.js";
import { handClock, type HandClock } from "./hand-clock.js";

/** What `createTestRegistry` takes: all that `createRegistry` does, but for time, chance and the log. */
export type TestRegistryOptions<M> = Omit<RegistryOptions<M>, "clock" | "random" | "log">;
/** What an adapter would give for a socket. `authorize`: default: everything is allowed. */
export type TabOptions<M> = Pick<LinkOptions<M, unknown>, "meta" | "context" | "lease" | "authorize" | "autoJoin">;

/** A page of a user's, with a socket to the registry: a real client, and nothing between. Messages are as JSON makes them, and arrive at once. */
export type TestTab<M> = {
  readonly user: UserId;
  readonly client: Client;
  /** The same as `client.room`, with the registry's meta. */
  readonly room: (name: RoomName, options?: RoomOptions<M>) => ClientRoom<M>;
  /** Its socket, as the server knows it, for what the server does: `tab.link?.join("lobby")`. undefined while it is down. */
  readonly link: Link<M> | undefined;
  /** The line is cut, and both ends know. `silently`: neither does, as when a network fails: the lease will tell. */
  readonly cut: (options?: { readonly silently?: boolean }) => void;
  /** A new socket, after a cut. What was cut silently the server still takes for open. */
  readonly reconnect: () => void;
  /** The page is closed: its client says what it has to say, then its socket goes. Final. */
  readonly close: () => void;
};

/** A real registry, with a clock that is moved by hand and no sockets. */
export type TestRegistry<M> = {
  readonly registry: Registry<M>;
  readonly clock: HandClock;
  /** Lets so many ms pass, on the server and in all tabs. */
  readonly advance: (ms: number) => void;
  /** Opens a page of that user's. */
  readonly tab: (user: UserId, options?: TabOptions<M>) => TestTab<M>;
};

/** One end of a line, as the server's wire sees it. */
type Peer = { up: boolean; deaf: boolean; readonly hear: (message: unknown) => void; readonly lose: (why: string) => void };

const WIRE: Wire<Peer> = {
  send(peers, messages) {
    for (const peer of peers) for (const message of messages) peer.hear(copy(message));
    return [];
  },
  close(peer, why) { peer.lose(why); },
  open: (peer) => peer.up,
};

/** Throws a `TypeError` that names the option which makes no sense. The same calls give the same ids, tags and times in every run. */
export function createTestRegistry<M = unknown>(options: TestRegistryOptions<M> = {}): TestRegistry<M> {
  const clock = handClock();
  const random = repeatable();
  const registry = createRegistry<M>({ ...options, clock, random });
  return {
    registry, clock,
    advance: (ms) => { clock.advance(ms); },
    tab: (user, given = {}) => openTab(registry, clock, random, user, given),
  };
}

function openTab<M>(registry: Registry<M>, clock: HandClock, random: Random, user: UserId, given: TabOptions<M>): TestTab<M> {
  let listener: TransportListener | undefined;
  let link: Link<M> | undefined;
  let peer: Peer | undefined;
  let closed = false;

  function connect(): void {
    const own: Peer = {
      up: true,
      deaf: false,
      hear(message) { if (peer === own && !own.deaf) listener?.message(message); },
      lose(why) {
        own.up = false;
        if (peer === own && !own.deaf) down(why);
      },
    };
    peer = own;
    link = registry.open<Peer>({ authorize: () => true, ...given, user, wire: WIRE, peer: own });
    listener?.up();
  }

  /** The page finds out. */
  function down(why: string): void {
    peer = link = undefined;
    listener?.down(why, true);
  }

  function hangUp(): void {
    const was = link;
    if (!peer) return;
    peer.up = false;
    down("cut");
    was?.closed("vanished");
  }

  const transport: Transport = {
    get up() { return peer !== undefined; },
    send(message) { if (peer && !peer.deaf) link?.receive(copy(message)); },
    probe: () => undefined,
    listen(heard) {
      listener = heard;
      if (peer) heard.up();
      return () => { listener = undefined; };
    },
  };
  const client = createClient({ transport, clock, random, wake: () => () => undefined });
  connect();

  return {
    user, client,
    room: (name, options) => client.room<M>(name, options),
    get link() { return link; },
    cut({ silently = false } = {}) {
      if (!silently) hangUp();
      else if (peer) peer.deaf = true;
    },
    reconnect() {
      if (closed || (peer && !peer.deaf)) return;
      if (peer) down("cut");
      connect();
    },
    close() {
      closed = true;
      client.close();
      hangUp();
    },
  };
}

function copy(message: unknown): unknown {
  return JSON.parse(JSON.stringify(message));
}

/** Chance that is the same in every run (mulberry32). */
function repeatable(): Random {
  let state = 1;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
