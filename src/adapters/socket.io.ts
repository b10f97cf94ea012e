import type { DisconnectReason, Namespace, Server, Socket as AnySocket } from "socket.io";
import type { Wire } from "../ports.js";
import { checkOptions } from "../server/check-options.js";
import type { How } from "../server/host-input.js";
import type { Link, LinkOptions } from "../server/link.js";
import type { Registry } from "../server/registry.js";
import { createHearing } from "./socket.io/hearing.js";
import { listenTo, mustBeChannel, namespaceOf, socketsOf } from "./socket.io/namespaces.js";
import type { EventsMap, SocketIoOptions, SocketIoPresence } from "./socket.io/options.js";
import { createOutlet } from "./socket.io/outlet.js";

export type { SocketIoOptions, SocketIoPresence } from "./socket.io/options.js";

/** What an end says about whoever had the socket; any other is a vanishing. */
const HOW: ReadonlyMap<string, How> = new Map<DisconnectReason, How>([
  ["client namespace disconnect", "leave"],
  ["server namespace disconnect", "leave"],
  ["ping timeout", "timeout"],
  ["server shutting down", "drain"],
  ["forced server close", "drain"],
]);

/**
 * Gives the sockets of a socket.io server's main namespace, or of another, presence: those that are connected already, and all that come.
 * Rooms, acknowledgements and middlewares of the app, recovery and other nodes notice nothing; `onAny` sees what goes by.
 * Throws a `TypeError` for anything but socket.io from 4.7 on, a namespace that is attached to this registry already, or a `channel` that is taken,
 * and an `Error` with the code `closed` when the registry is closed.
 */
export function attachSocketIo<const M, L extends EventsMap, E extends EventsMap, I extends EventsMap, D>(
  io: Server<L, E, I, D> | Namespace<L, E, I, D>,
  registry: Registry<M, unknown>,
  options: SocketIoOptions<NoInfer<M>, AnySocket<L, E, I, D>> = {},
): SocketIoPresence<M, AnySocket<L, E, I, D>> {
  return attach(namespaceOf(io), registry, options as SocketIoOptions<M, AnySocket>);
}

function attach<M>(root: Namespace, registry: Registry<M, unknown>, options: SocketIoOptions<M, AnySocket>): SocketIoPresence<M, AnySocket> {
  checkOptions("attachSocketIo", options, { identify: "function", authorize: "function", autoJoin: "function", channel: "any" });
  const { channel = "headcount", identify, authorize, autoJoin } = options;
  mustBeChannel(channel);
  /** Of every socket seen, also when it has closed; a recovered socket is another one. */
  const links = new WeakMap<AnySocket, Link<M> | undefined>();
  /** How to let go of each open socket. */
  const held = new Map<AnySocket, () => void>();
  /** Sockets that we ended: that they close is no vanishing. */
  const ended = new WeakMap<AnySocket, How>();
  const hear = createHearing();
  const outlet = createOutlet(channel, (socket) => { links.get(socket)?.ready(); });
  const wire: Wire<AnySocket> = {
    send: outlet.send,
    close(socket, code) {
      ended.set(socket, code);
      outlet.flush();
      // Not `socket.disconnect()`, after which clients stay away. A dead peer would never take what is waiting for it.
      socket.conn.close(code === "timeout");
    },
    open: (socket) => socket.connected,
  };

  const release = registry.attach(root, detach);
  let stop: () => void;
  try {
    stop = listenTo(root, channel, accept);
  } catch (error) {
    release();
    throw error;
  }
  for (const socket of socketsOf(root)) accept(socket);

  function accept(socket: AnySocket): void {
    if (links.has(socket)) return;
    const link = socket.connected ? registry.open(linkOptions(socket)) : undefined;
    links.set(socket, link);
    if (!link) return;
    // Disconnected by `identify` or `autoJoin`: no event will say so any more.
    if (!socket.connected) {
      link.closed("leave");
      return;
    }
    const stopHearing = hear(socket.conn, link);
    const disconnect = (reason: string): void => {
      held.get(socket)?.();
      link.closed(ended.get(socket) ?? HOW.get(reason) ?? "vanished");
    };
    socket.on("disconnect", disconnect);
    // In front of the app's own, which may refuse events that it does not know. It can't be removed again.
    socket.use(([event, ...messages], next) => {
      if (event !== channel || !held.has(socket)) {
        next();
        return;
      }
      const last: unknown = messages.at(-1);
      if (typeof last === "function") {
        messages.pop();
        // Who waits for it sends nothing else before (socket.io's `retries`).
        (last as () => void)();
      }
      link.frame(frameOf(messages));
    });
    // It is behind what the app's own middlewares, or an app that was there before us, have set. Private; without it all but that works.
    const { fns } = socket as unknown as { readonly fns?: unknown[] };
    if (Array.isArray(fns)) fns.unshift(fns.pop());
    held.set(socket, () => {
      held.delete(socket);
      outlet.forget(socket);
      stopHearing();
      socket.off("disconnect", disconnect);
    });
  }

  function linkOptions(socket: AnySocket): LinkOptions<M, AnySocket> {
    // The engine finds out by itself who is silent for longer.
    const { pingInterval, pingTimeout } = (socket.nsp.server.engine as { readonly opts?: { readonly pingInterval?: number; readonly pingTimeout?: number } }).opts ?? {};
    return {
      wire,
      peer: socket,
      ...(pingInterval && pingTimeout && { lease: pingInterval + pingTimeout }),
      identify: identify && (() => identify(socket)),
      authorize: authorize && ((asked) => authorize({ ...asked, socket })),
      autoJoin: autoJoin && ((identity) => autoJoin(socket, identity)),
    };
  }

  function detach(): void {
    release();
    stop();
    for (const [socket, letGo] of held) {
      letGo();
      links.get(socket)?.closed("vanished");
    }
  }

  return {
    of: (socket) => links.get(socket),
    async identify(socket, identity) {
      if (!links.has(socket)) throw new TypeError("presence.identify: this socket was never taken in; it is from its `connect` event on, in a namespace that is attached.");
      await links.get(socket)?.identify(identity);
    },
    detach,
  };
}

/** As text it would be many times as long as it came. */
function hasBinary(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return ArrayBuffer.isView(value) || value instanceof ArrayBuffer || Object.values(value).some(hasBinary);
}

/** What came, as the text it would be on a socket of our own: as large, and with nothing in it that is no JSON. */
function frameOf(messages: readonly unknown[]): string {
  try {
    return JSON.stringify(["hc", ...messages.map((message) => (hasBinary(message) ? null : message))]);
  } catch {
    // Nested too deep, or of another parser. This is answered as the broken frame that it is.
    return '["hc",';
  }
}
