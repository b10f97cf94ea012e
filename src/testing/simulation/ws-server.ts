import type { WebSocket, WebSocketServer } from "ws";
import { attachWs, type WsOptions } from "../../adapters/ws.js";
import type { How } from "../../server/host-input.js";
import type { Link } from "../../server/link.js";
import type { Registry } from "../../server/registry.js";
import type { Line } from "./line.js";
import type { Machine } from "./time.js";

/** A server of the package `ws`, as far as `attachWs` uses it, over lines. */
export type WsServer<M> = {
  /** A socket opens. `gone` is called when it is closed, by whomever. `heard` and `closed`: what comes from the other end. */
  readonly take: (line: Line, gone: (how: How) => void) => { readonly link: Link<M> | undefined; readonly heard: (text: string) => void; readonly closed: () => void };
};

/** `readyState` of a socket. */
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;

type Listener = (...args: never[]) => void;

/** `lineOf` in the options' functions says which line a socket is. */
export function startWsServer<M>(registry: Registry<M>, machine: Machine, options: (lineOf: (socket: object) => Line) => WsOptions<M>): WsServer<M> {
  const lines = new WeakMap<object, Line>();
  let connection: Listener = () => undefined;
  const wss = {
    handleUpgrade: () => undefined,
    prependListener(_event: string, listener: Listener) { connection = listener; },
    off: () => undefined,
  };
  const presence = keepingTimeBy(machine, () => attachWs<M>(wss as unknown as WebSocketServer, registry, options((socket) => lines.get(socket) as Line)));

  return {
    take(line, gone) {
      const listeners = new Map<string, Set<Listener>>();
      const tell = (event: string, ...args: unknown[]): void => {
        for (const listener of [...(listeners.get(event) ?? [])]) (listener as (...args: unknown[]) => void)(...args);
      };
      const end = (how: How): void => {
        if (socket.readyState === CLOSED) return;
        socket.readyState = CLOSED;
        gone(how);
        tell("close");
      };
      const close = (how: How): void => {
        socket.readyState = CLOSING;
        line.close("server");
        machine.later(0, () => { end(how); });
      };
      const socket = {
        readyState: OPEN,
        // As much as it takes, or more.
        get bufferedAmount() { return line.takes() ? 0 : Infinity; },
        on(event: string, listener: Listener) { listeners.set(event, (listeners.get(event) ?? new Set()).add(listener)); },
        off(event: string, listener: Listener) { listeners.get(event)?.delete(listener); },
        send(data: Buffer) { line.send("client", data.toString()); },
        ping(_data?: unknown, _mask?: unknown, written?: () => void) {
          if (written) line.whenReady(written);
          else line.send("client", "2");
        },
        close: () => { close("drain"); },
        terminate: () => { close("timeout"); },
      };
      lines.set(socket, line);
      (connection as (...args: unknown[]) => void)(socket, { headers: {} });
      return {
        link: presence.of(socket as unknown as WebSocket),
        heard(text) {
          if (text === "3") tell("pong");
          else tell("message", Buffer.from(text), false);
        },
        closed: () => { end("vanished"); },
      };
    },
  };
}

/** `attachWs` pings by the platform's timer, which knows nothing of virtual time: while it attaches, that is the machine's. */
function keepingTimeBy<T>(machine: Machine, attach: () => T): T {
  const { setInterval: real } = globalThis;
  const every = (run: () => void, ms: number): { unref: () => void } => {
    const again = (): void => {
      run();
      machine.later(ms, again);
    };
    machine.later(ms, again);
    return { unref: () => undefined };
  };
  globalThis.setInterval = every as unknown as typeof setInterval;
  try {
    return attach();
  } finally {
    globalThis.setInterval = real;
  }
}
