import { backoff } from "../client/backoff.js";
import { systemClock } from "../client/clock.js";
import { badOption, durations } from "../client/option.js";
import type { Clock, Random, Stop, Transport, TransportListener } from "../ports.js";
import { decodeFrame, encodeFrame } from "../protocol/frame.js";

/** What is used of a WebSocket: the browsers' have it, and the classes of `ws` and `undici`. */
export interface SocketLike {
  onopen: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  send(text: string): void;
  close(): void;
}

/** A class of WebSockets. */
export type SocketClass = new (url: string | URL, protocols?: string | string[]) => SocketLike;

export type WebSocketOptions = {
  readonly protocols?: string | string[];
  /** The class to use where the platform has none (Node 20: that of the package `ws`). */
  readonly WebSocket?: SocketClass;
  /** The wait before the first attempt after a failure, at most: each is a random part of it. In ms, default 500; it doubles with each failure. */
  readonly minDelay?: number;
  /** What it doubles up to. In ms, default 30,000. */
  readonly maxDelay?: number;
  /** Ms for which an attempt may take. Default 10,000. */
  readonly connectTimeout?: number;
  readonly clock?: Clock;
  readonly random?: Random;
};

/** A link that went sooner than this, in ms, was no success: its server may be accepting and failing. */
const STEADY = 5_000;

/**
 * A transport with a socket of its own that it keeps open: what is lost is opened again.
 * @param url where to; a function is asked at every attempt, for a fresh token. That it throws or rejects is a failed attempt.
 * @throws TypeError where there is no WebSocket, or for an option that makes no sense.
 */
export function webSocketTransport(url: string | URL | (() => string | URL | Promise<string | URL>), options: WebSocketOptions = {}): Transport {
  const { protocols, clock = systemClock, random = Math.random, WebSocket: Socket = (globalThis as { WebSocket?: SocketClass }).WebSocket } = options;
  if (!Socket) throw badOption("WebSocket", 'a class, see "ws"');
  const { minDelay, maxDelay, connectTimeout } = durations(options, { minDelay: 500, maxDelay: 30_000, connectTimeout: 10_000 }, 1);

  let listener: TransportListener | undefined;
  let socket: SocketLike | undefined;
  let up = false;
  /** Whether an attempt is under way. */
  let trying = false;
  let opened = 0;
  let failures = 0;
  /** By when a server that said `bye` expects us back; 0 = it did not. */
  let back = 0;
  /** What an earlier attempt or socket still says is of no interest. */
  let turn = 0;
  let timer: Stop | undefined;

  const open = async (): Promise<void> => {
    const mine = ++turn;
    /** For as long as this attempt, and the socket it leads to, is the latest. */
    const ours =
      <E>(run: (event: E) => void) =>
      (event: E): void => {
        if (mine === turn) run(event);
      };
    trying = true;
    timer = clock.after(connectTimeout, () => {
      lose("late");
    });
    try {
      const target = typeof url === "function" ? await url() : url;
      if (mine !== turn) return;
      socket = new Socket(target, protocols);
    } catch (error) {
      // A fixed address that makes no sense will make none next time.
      if (mine === turn) lose(String(error), typeof url === "function");
      return;
    }
    socket.onopen = ours(() => {
      trying = false;
      up = true;
      timer?.();
      opened = clock.now();
      listener?.up();
    });
    socket.onclose = ours(({ code }: { code: number }) => {
      lose(`closed ${code}`);
    });
    // A close follows; Node would take an error that nobody listens to for a crash.
    socket.onerror = () => undefined;
    socket.onmessage = ({ data }: { data: unknown }) => {
      decodeFrame(String(data)).messages?.forEach(
        ours((message) => {
          const { type, reconnectWithin } = (message ?? {}) as { type?: unknown; reconnectWithin?: unknown };
          if (type === "bye") back = clock.now() + Number(reconnectWithin);
          listener?.message(message);
        }),
      );
    };
  };

  /** Lets go of what there is. */
  const drop = (): void => {
    turn++;
    trying = up = false;
    timer?.();
    socket?.close();
    socket = undefined;
  };

  /** Lets go, says so, and tries again: after a while, or at once. */
  const lose = (reason: string, retrying = true, wait?: number): void => {
    const was = up;
    const now = clock.now();
    if (was && now - opened >= STEADY) failures = 0;
    // A clock that was put back meanwhile must not keep us away for as long.
    wait ??= random() * (back ? Math.min(back - now, maxDelay) : backoff(failures++, minDelay, maxDelay));
    back = 0;
    drop();
    const mine = turn;
    if (was || !retrying) listener?.down(reason, retrying);
    // The listener may have ended it meanwhile.
    if (retrying && mine === turn) timer = clock.after(wait, () => void open());
  };

  return {
    get up() {
      return up;
    },
    send(message) {
      if (up) socket?.send(encodeFrame([message]));
    },
    probe(away) {
      // A page that is put away may run a timer before it stands still: a socket that it opened then would be in the way of the one that it needs when it is back.
      if (listener && (away || !trying)) lose("probe", true, away ? maxDelay : 0);
    },
    listen(heard) {
      if (listener) throw badOption("transport", "unused");
      listener = heard;
      void open();
      return () => {
        if (listener !== heard) return;
        listener = undefined;
        drop();
      };
    },
  };
}
