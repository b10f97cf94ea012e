import { socketIoTransport, type SocketIoLike } from "../../adapters/socket.io-client.js";
import { webSocketTransport, type SocketClass, type SocketLike } from "../../adapters/websocket.js";
import { createClient, type Client } from "../../client/client.js";
import type { Random, Transport } from "../../ports.js";
import type { End, Line } from "./line.js";
import type { Machine } from "./time.js";

/** Whether the page has a WebSocket of its own, to a server of `ws` or to one that the app wrote (`bare`), or shares the app's socket of socket.io. */
export type Kind = "websocket" | "bare" | "socket.io";

/** socket.io's own ping, and how long it waits for an answer. */
export const PING = { every: 25_000, wait: 20_000 };

/** One page that is loaded in a tab: a client over a transport over a line. */
export type Page = {
  readonly client: Client;
  readonly machine: Machine;
  readonly line: () => Line | undefined;
  /** The events that a browser has when a machine wakes up, or a network is there again. */
  readonly wake: () => void;
  /** Who listens for those. */
  readonly listeners: () => number;
  /** It is gone, without a word. */
  readonly unload: () => void;
};

export type PageOptions = {
  readonly kind: Kind;
  readonly machine: Machine;
  readonly chance: Random;
  readonly dial: (end: End) => Line;
};

export function openPage({ kind, machine, chance, dial }: PageOptions): Page {
  const wakes = new Set<() => void>();
  let line: Line | undefined;
  const connect = (end: End): Line => (line = dial(end));
  const transport: Transport =
    kind !== "socket.io"
      ? webSocketTransport("wss://example.org/", { WebSocket: socketClass(machine, connect), clock: machine.clock, random: chance })
      : socketIoTransport(sharedSocket(machine, chance, connect));
  const client = createClient({
    transport, random: chance, clock: machine.clock,
    wake(listener) {
      wakes.add(listener);
      return () => { wakes.delete(listener); };
    },
  });
  return {
    client, machine,
    line: () => line,
    wake: () => { for (const wake of [...wakes]) wake(); },
    listeners: () => wakes.size,
    unload() {
      machine.kill();
      line?.close("client");
    },
  };
}

function socketClass(on: Machine, dial: (end: End) => Line): SocketClass {
  return class implements SocketLike {
    onopen: SocketLike["onopen"] = null;
    onclose: SocketLike["onclose"] = null;
    onerror: SocketLike["onerror"] = null;
    onmessage: SocketLike["onmessage"] = null;
    readonly #line: Line = dial({
      on,
      opened: () => { this.onopen?.(undefined as never); },
      heard: (text) => {
        // What the browser answers by itself.
        if (text === "2") this.#line.send("server", "3");
        else this.onmessage?.({ data: text } as never);
      },
      closed: () => { this.onclose?.({ code: 1006 } as never); },
    });

    send(text: string): void {
      this.#line.send("server", text);
    }

    close(): void {
      this.#line.close("client");
    }
  };
}

/** The app's socket of socket.io: it connects by itself, and finds out by pings that its line is dead. Its waits are no timers of the client. */
function sharedSocket(on: Machine, chance: Random, dial: (end: End) => Line): SocketIoLike {
  type Listener = Parameters<SocketIoLike["on"]>[1];
  const listeners = new Map<string, Set<Listener>>();
  let line: Line | undefined;
  let turn = 0;
  let tries = 0;
  let pinged = 0;

  function tell(event: string, ...args: unknown[]): void {
    for (const listener of [...(listeners.get(event) ?? [])]) listener(...args);
  }

  const socket = {
    connected: false,
    active: true,
    sendBuffer: [] as unknown[],
    io: { reconnection: () => true, on: () => undefined, off: () => undefined },
    on(event: string, listener: Listener) { listeners.set(event, (listeners.get(event) ?? new Set()).add(listener)); },
    off(event?: string, listener?: Listener) { if (event !== undefined && listener) listeners.get(event)?.delete(listener); },
    emit(_channel: string, message: unknown) {
      if (socket.connected) line?.send("server", JSON.stringify(message));
      else socket.sendBuffer.push(message);
    },
  };

  function watch(): void {
    const mine = ++pinged;
    on.later(PING.every + PING.wait, () => {
      if (mine === pinged && socket.connected) lose("ping timeout");
    });
  }

  function lose(reason: string): void {
    turn++;
    line?.close("client");
    const was = socket.connected;
    socket.connected = false;
    if (was) tell("disconnect", reason);
    else tell("connect_error", new Error(reason));
    const wait = Math.min(5_000, 1_000 * 2 ** tries++) * (0.5 + chance());
    on.later(wait, open);
  }

  function open(): void {
    const mine = ++turn;
    const ours = (run: () => void) => (): void => { if (mine === turn) run(); };
    line = dial({
      on,
      opened: ours(() => {
        tries = 0;
        socket.connected = true;
        watch();
        tell("connect");
      }),
      heard: (text) => {
        ours(() => {
          if (text === "2") {
            line?.send("server", "3");
            watch();
          } else tell("headcount", ...(JSON.parse(text) as unknown[]));
        })();
      },
      closed: ours(() => { lose("transport close"); }),
    });
    on.later(20_000, ours(() => { if (!socket.connected) lose("timeout"); }));
  }

  open();
  return socket;
}
