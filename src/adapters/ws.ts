import type { IncomingMessage } from "node:http";
import type { WebSocket, WebSocketServer } from "ws";
import type { Wire } from "../ports.js";
import { encodeFrame, PREFIX } from "../protocol/frame.js";
import { checkOptions } from "../server/check-options.js";
import type { How } from "../server/host-input.js";
import type { AuthorizeRequest, Identity, KnownIdentity, Link, LinkOptions, Rooms, Verdict } from "../server/link.js";
import { originGate, type Origins } from "../server/origin-check.js";
import type { Registry } from "../server/registry.js";

/** Bytes that wait in a socket above which it takes no more: what it misses meanwhile is owed as one state. */
const SLOW = 65_536;
/** `readyState` of a `WebSocket`; the package is imported for its types only. */
const OPEN = 1;
const CLOSED = 3;

/** Options of `attachWs`; `A` is what the app passes beside socket and request. */
export type WsOptions<M, A extends unknown[] = []> = {
  /** Who a socket is, asked once when it opens. undefined = not known yet: `presence.identify(socket, …)` tells. */
  readonly identify?: (socket: WebSocket, request: IncomingMessage, ...rest: A) => Identity<M> | undefined | Promise<Identity<M> | undefined>;
  /** Whether a user may be in a room, or watch it. Without it clients reach only the rooms that the server puts them into. */
  readonly authorize?: (request: AuthorizeRequest & { readonly socket: WebSocket }) => Verdict | Promise<Verdict>;
  /** Rooms that a socket is in as soon as its user is known. */
  readonly autoJoin?: (socket: WebSocket, identity: KnownIdentity<M>) => Rooms | Promise<Rooms>;
  /** The sockets carry nothing but headcount: what is no frame of ours is answered as an error. Default: shared with the app. */
  readonly exclusive?: boolean;
  /**
   * Pages that may use presence: their origins (`"https://example.com"`), `"*"` for all, or a function. Default: those of the host that the
   * `Host` header names. An exclusive socket from elsewhere is closed (1008), a shared one stays the app's, without presence; an `error`
   * event of the registry says `origin_refused`, once for each origin. A request without an `Origin` header is no browser's, and passes.
   */
  readonly origins?: Origins;
};

/** What `attachWs` returns. */
export type WsPresence<M, A extends unknown[] = []> = {
  /**
   * Takes in a socket that came without the server's `connection` event (`noServer`, or before `attachWs`). Call it in the turn in which the
   * socket opened, or what arrives in between is lost. Again gives the same link; undefined: its origin is refused, or the server detached.
   */
  readonly accept: (socket: WebSocket, request: IncomingMessage, ...rest: A) => Link<M> | undefined;
  /** The link of a socket that was taken in. */
  readonly of: (socket: WebSocket) => Link<M> | undefined;
  /**
   * Login, another user, new meta; undefined = logout. Resolves when it is in the log, does nothing for a socket that was refused or is closed.
   * Rejects with a `TypeError` when the socket was never taken in.
   */
  readonly identify: (socket: WebSocket, identity: Identity<M> | undefined) => Promise<void>;
  /** Removes every listener and leaves the sockets open; their users are gone after the grace. */
  readonly detach: () => void;
};

/**
 * Gives the sockets of a `ws` server presence, from the next that opens (of those that are open already the request is gone: see `accept`).
 * Pings them every `ping` ms, and ends one that was silent for `lease` ms; any frame proves life, also the app's.
 * Throws a `TypeError` when the server is attached to this registry already, the registry is closed, or an option is unknown or makes no sense.
 */
export function attachWs<const M, A extends unknown[] = []>(wss: WebSocketServer, registry: Registry<M, unknown>, options: WsOptions<NoInfer<M>, A> = {}): WsPresence<M, A> {
  if (typeof (wss as WebSocketServer | undefined)?.handleUpgrade !== "function") throw new TypeError("attachWs: the first argument must be a WebSocketServer of the package ws.");
  checkOptions("attachWs", options, { identify: "function", authorize: "function", autoJoin: "function", exclusive: "boolean", origins: "any" });
  const { identify: who, authorize, autoJoin, exclusive, origins } = options;
  const mayUse = originGate("attachWs", origins, registry);
  /** Of every socket seen, also when it has closed; undefined = refused. */
  const links = new WeakMap<WebSocket, Link<M> | undefined>();
  /** How to let go of each open socket. */
  const held = new Map<WebSocket, () => void>();
  /** Sockets that we ended: their `close` is no vanishing. */
  const ended = new WeakMap<WebSocket, How>();
  const draining = new WeakSet<WebSocket>();
  let detached = false;

  const release = registry.attach(wss, detach);
  // In front of the app's own listeners, so that those find the socket's link.
  wss.prependListener("connection", accept);
  const pinging = setInterval(() => {
    for (const socket of held.keys()) if (socket.readyState === OPEN) socket.ping();
  }, registry.options.ping);
  pinging.unref();

  const wire: Wire<WebSocket> = {
    send(sockets, messages) {
      const frame = Buffer.from(encodeFrame(messages));
      const owed: WebSocket[] = [];
      for (const socket of sockets) {
        if (socket.readyState === OPEN && socket.bufferedAmount <= SLOW) {
          socket.send(frame, { binary: false });
        } else {
          owed.push(socket);
          readyWhenDrained(socket);
        }
      }
      return owed;
    },
    close(socket, code) {
      ended.set(socket, code);
      // A dead peer would leave a close frame unanswered for half a minute.
      if (code === "timeout") socket.terminate();
      else socket.close(1012, "restarting");
    },
    // One that is closing still says so by its `close`.
    open: (socket) => socket.readyState !== CLOSED,
  };

  /** A ping queues behind all that waits, also the app's own messages, whose callbacks we don't see. */
  function readyWhenDrained(socket: WebSocket): void {
    if (draining.has(socket)) return;
    draining.add(socket);
    socket.ping(undefined, undefined, (error?: Error) => {
      draining.delete(socket);
      if (!error) links.get(socket)?.ready();
    });
  }

  function accept(socket: WebSocket, request: IncomingMessage, ...rest: A): Link<M> | undefined {
    if (detached || links.has(socket)) return links.get(socket);
    const link = mayUse(request) ? registry.open(linkOptions(socket, request, rest)) : undefined;
    links.set(socket, link);
    const heard = (): void => link?.heard();
    // A text comes as one Buffer, whatever the socket's `binaryType`; a binary message is never ours. Of the app's texts only the first bytes are read.
    const message = (data: unknown, isBinary: boolean): void => {
      if (!isBinary && (exclusive || (data as Buffer).toString("latin1", 0, PREFIX.length) === PREFIX)) link?.frame((data as Buffer).toString());
      else heard();
    };
    // Without a listener one bad frame of a stranger ends the process.
    const error = (): void => undefined;
    const close = (): void => {
      held.get(socket)?.();
      link?.closed(ended.get(socket) ?? "vanished");
    };
    const listeners = Object.entries(link ? { error, close, message, ping: heard, pong: heard } : { error, close });
    for (const [event, listener] of listeners) socket.on(event, listener);
    held.set(socket, () => {
      held.delete(socket);
      for (const [event, listener] of listeners) socket.off(event, listener);
    });
    if (!link && exclusive) socket.close(1008, "origin refused");
    // Closed while the app made up its mind: no event will say so any more.
    if (socket.readyState === CLOSED) close();
    return link;
  }

  function linkOptions(socket: WebSocket, request: IncomingMessage, rest: A): LinkOptions<M, WebSocket> {
    return {
      wire,
      peer: socket,
      exclusive,
      identify: who && (() => who(socket, request, ...rest)),
      authorize: authorize && ((asked) => authorize({ ...asked, socket })),
      autoJoin: autoJoin && ((identity) => autoJoin(socket, identity)),
    };
  }

  function detach(): void {
    if (detached) return;
    detached = true;
    release();
    clearInterval(pinging);
    wss.off("connection", accept);
    for (const [socket, letGo] of held) {
      letGo();
      links.get(socket)?.closed("vanished");
    }
  }

  async function identify(socket: WebSocket, identity: Identity<M> | undefined): Promise<void> {
    if (!links.has(socket)) throw new TypeError("presence.identify: this socket was never taken in; call presence.accept(socket, request) when it opens.");
    await links.get(socket)?.identify(identity);
  }

  return { accept, of: (socket) => links.get(socket), identify, detach };
}
