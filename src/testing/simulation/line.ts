import type { Random } from "../../ports.js";
import { between } from "./chance.js";
import type { Machine, Time } from "./time.js";

export type Side = "client" | "server";

/** What one end of a line is told. */
export type End = {
  readonly on: Machine;
  readonly opened?: () => void;
  readonly heard: (text: string) => void;
  /** The other end has gone, or never was. */
  readonly closed: () => void;
};

/**
 * One socket, as both ends have it: each way is ordered, nothing is repeated, and how long it takes varies.
 * What can go wrong with it is what goes wrong with TCP below a WebSocket, and with the volatile packets of socket.io (`lose`).
 */
export type Line = {
  readonly id: number;
  readonly send: (to: Side, text: string) => void;
  /** One end is done with it; the other hears of that after all that was sent. */
  readonly close: (by: Side) => void;
  /** Broken, and both ends notice soon. */
  readonly cut: () => void;
  /** From now on nothing passes either way, and nobody is told. */
  readonly mute: () => void;
  /** Nothing passes for so many ms; then all of it. */
  readonly stall: (ms: number) => void;
  /** For so many ms each text to the client takes seconds, and the next is not taken before. */
  readonly slow: (ms: number) => void;
  /** The next texts never arrive. */
  readonly lose: (to: Side, count: number) => void;
  /** Whether the client's way takes another text. */
  readonly takes: () => boolean;
  /** Called at the server, once, when it takes more again. */
  readonly whenReady: (ready: () => void) => void;
  /** Somebody waits for that. */
  readonly waitedFor: () => boolean;
  readonly over: () => boolean;
  readonly muted: () => boolean;
  /** Nothing is on its way. */
  readonly quiet: () => boolean;
  /** The server has taken it. */
  readonly accept: (server: End) => void;
};

/** Bytes that wait above which a line takes no more. Less than what real adapters have, so that it happens. */
const FULL = 2_000;

export type LineOptions = {
  readonly time: Time;
  readonly chance: Random;
  readonly client: End;
  /** A fault has really struck. */
  readonly struck: (fault: "slow" | "loss" | "stall") => void;
  /** Whether a text may be lost on its way: something is missed then, and asked for. */
  readonly mayLose: (to: Side, text: string) => boolean;
};

type Pipe = { readonly queue: { readonly text: string | undefined; at: number }[]; pumping: boolean; last: number; losing: number; bytes: number };

export function createLine(id: number, { time, chance, client, struck, mayLose }: LineOptions): Line {
  const latency = between(chance, 2, 120);
  const pipes: Record<Side, Pipe> = { client: newPipe(), server: newPipe() };
  let server: End | undefined;
  let over = false;
  let muted = false;
  let stalled = 0;
  let slowed = 0;
  let ready: (() => void) | undefined;
  let waitedFor = false;

  function put(to: Side, text: string | undefined): void {
    const pipe = pipes[to];
    const { now } = time;
    const trip = latency + between(chance, 0, 30) + (to === "client" && now() < slowed ? between(chance, 500, 3_000) : 0);
    const at = Math.max(now() + trip, pipe.last);
    pipe.last = at;
    pipe.bytes += text?.length ?? 0;
    pipe.queue.push({ text, at });
    pump(to);
  }

  function pump(to: Side): void {
    const pipe = pipes[to];
    const [first] = pipe.queue;
    if (pipe.pumping || !first || muted || over) return;
    const end = to === "client" ? client : server;
    if (!end) return;
    pipe.pumping = true;
    if (first.at < stalled) struck("stall");
    end.on.arrive(Math.max(first.at, stalled), () => {
      pipe.pumping = false;
      if (muted || over) return;
      if (time.now() < stalled) { pump(to); return; }
      pipe.queue.shift();
      pipe.bytes -= first.text?.length ?? 0;
      if (first.text === undefined) end.opened?.();
      else end.heard(first.text);
      pump(to);
      if (to === "client") drained();
    });
  }

  function takes(): boolean {
    const { queue, bytes } = pipes.client;
    // Of a line that is half-open the server knows nothing, whatever became of its other end.
    return (muted || !over) && bytes <= FULL && !(time.now() < slowed && queue.length > 0);
  }

  function drained(): void {
    if (!ready || !server || pipes.client.queue.length > 0) return;
    const now = ready;
    ready = undefined;
    server.on.arrive(time.now(), () => {
      waitedFor = false;
      now();
    });
  }

  function tell(end: End | undefined, most: number): void {
    end?.on.arrive(time.now() + between(chance, 1, most), end.closed);
  }

  return {
    id, takes,
    send(to, text) {
      if (over && !muted) return;
      const pipe = pipes[to];
      if (pipe.losing > 0 && mayLose(to, text)) {
        pipe.losing--;
        struck("loss");
        return;
      }
      put(to, text);
    },
    close(by) {
      if (over) return;
      // What was sent before arrives before the end does.
      const other = by === "client" ? "server" : "client";
      const left = muted ? [] : pipes[other].queue.splice(0);
      const end = by === "client" ? server : client;
      over = true;
      if (muted || !end) return;
      let at = time.now() + latency;
      for (const { text, at: due } of left) {
        at = Math.max(at, due, stalled);
        if (text !== undefined) end.on.arrive(at, () => { end.heard(text); });
      }
      end.on.arrive(at, end.closed);
    },
    cut() {
      if (over) return;
      over = true;
      tell(client, 300);
      tell(server, 300);
    },
    mute() { muted = true; },
    stall(ms) { stalled = Math.max(stalled, time.now() + ms); },
    slow(ms) { slowed = Math.max(slowed, time.now() + ms); },
    lose(to, count) { pipes[to].losing += count; },
    whenReady(run) {
      struck("slow");
      ready = run;
      waitedFor = true;
    },
    waitedFor: () => waitedFor,
    over: () => over,
    muted: () => muted,
    quiet: () => pipes.client.queue.length === 0 && pipes.server.queue.length === 0,
    accept(end) {
      server = end;
      put("client", undefined);
    },
  };
}

function newPipe(): Pipe {
  return { queue: [], pumping: false, last: 0, losing: 0, bytes: 0 };
}
