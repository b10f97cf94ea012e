import { badOption } from "../client/option.js";
import type { Transport, TransportListener } from "../ports.js";

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- with `never` or `unknown` a socket whose events are typed would not do
type Args = any[];
type Listener = (...args: Args) => void;

/** What is used of a socket of `socket.io-client`, version 4.7 or later. */
export interface SocketIoLike {
  readonly connected: boolean;
  /** Whether it connects again by itself. */
  readonly active: boolean;
  /** What waits for the next connection. */
  readonly sendBuffer: unknown[];
  readonly io: {
    reconnection(): boolean;
    on(event: "reconnect_failed", listener: () => void): unknown;
    off(event: "reconnect_failed", listener: () => void): unknown;
  };
  on(event: string, listener: Listener): unknown;
  off(event?: string, listener?: Listener): unknown;
  emit(event: string, ...args: Args): unknown;
}

export type SocketIoClientOptions = {
  /** The event that carries presence; the server has the same. Default `"headcount"`. */
  readonly channel?: string;
};

/** Events of the socket itself. */
const RESERVED = /^(|connect|connect_error|disconnect|disconnecting|error|newListener|removeListener)$/;

/** By socket and channel: a second call is the same link. */
const transports = new WeakMap<SocketIoLike, Map<string, Transport>>();

/**
 * A transport over a socket that stays the app's: it is never closed or opened here. The same object for the same socket and channel,
 * so that one `createClient` serves all of an app. A socket that won't come back by itself is told as such, until the app connects it again.
 * @throws TypeError for anything but a socket of `socket.io-client` from 4.7 on, and for a channel that is no event's name.
 */
export function socketIoTransport(socket: SocketIoLike, { channel = "headcount" }: SocketIoClientOptions = {}): Transport {
  if (typeof (socket as Partial<SocketIoLike> | undefined)?.io?.reconnection !== "function" || typeof socket.active !== "boolean") throw badOption("socket", "a socket of socket.io-client, version 4.7 or later");
  if (typeof channel !== "string" || RESERVED.test(channel)) throw badOption("channel", "the name of an event that socket.io does not use itself");
  const known = transports.get(socket) ?? new Map<string, Transport>();
  const transport = known.get(channel) ?? createTransport(socket, channel);
  transports.set(socket, known.set(channel, transport));
  return transport;
}

function createTransport(socket: SocketIoLike, channel: string): Transport {
  let listener: TransportListener | undefined;
  /** As the listener was told it: what comes around `connect` and `disconnect` belongs to no link. */
  let up = false;

  const connect = (): void => {
    up = true;
    listener?.up();
  };
  const down = (reason: string, stopped = !socket.active || !socket.io.reconnection()): void => {
    if (!up && !stopped) return;
    up = false;
    listener?.down(reason, !stopped);
  };
  const events = {
    connect,
    disconnect: (reason: string) => { down(reason); },
    // Of a middleware that refuses: it is not tried again. Of a server that is away: it is.
    connect_error: ({ message }: Error) => { down(message); },
    [channel]: (...messages: unknown[]) => {
      for (const message of messages) if (up) listener?.message(message);
    },
  };
  const failed = (): void => { down("reconnect_failed", true); };

  return {
    get up() {
      return up;
    },
    send(message) {
      if (!up || !socket.connected) return;
      const { length } = socket.sendBuffer;
      // The app's `retries` would let its own events wait for ours to be acknowledged.
      const { flags } = socket as { readonly flags?: { fromQueue?: boolean } };
      if (flags) flags.fromQueue = true;
      try {
        socket.emit(channel, message);
      } catch (error) {
        // A listener of the app for all that goes out; what is told of `connect` here must reach the app's other listeners too.
        void new Promise(() => {
          throw error;
        });
      }
      // After a sleep the socket finds only now that its line is dead, and keeps the message for the next one, where it makes no sense.
      socket.sendBuffer.splice(length);
    },
    // It is not ours: socket.io itself finds out whether it is alive.
    probe: () => undefined,
    listen(heard) {
      if (listener) throw badOption("transport", "unused");
      listener = heard;
      for (const [event, hear] of Object.entries(events)) socket.on(event, hear);
      socket.io.on("reconnect_failed", failed);
      if (socket.connected) connect();
      return () => {
        if (listener !== heard) return;
        listener = undefined;
        up = false;
        for (const [event, hear] of Object.entries(events)) socket.off(event, hear);
        socket.io.off("reconnect_failed", failed);
      };
    },
  };
}
