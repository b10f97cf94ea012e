import type { RoomName } from "../core/event.js";
import type { Clock, Random, Stop, Transport } from "../ports.js";
import { decodeServer } from "../protocol/decode-server.js";
import { PROTOCOL_VERSION, type ClientMessage } from "../protocol/message.js";
import { backoff } from "./backoff.js";
import { systemClock } from "./clock.js";
import { duration } from "./duration.js";
import { openRoom, type ClientRoom, type OpenRoom, type RoomOptions, type Shell } from "./room.js";
import type { LinkTerms } from "./view-state.js";
import type { ViewInput } from "./view.js";
import { browserWake, type Wake } from "./wake.js";

export type ClientOptions = {
  readonly transport: Transport;
  /** Ms for which a room is kept after its last subscription went. Default 1,000. */
  readonly linger?: number;
  /** Ms for which updates of the own meta gather. Default 50. */
  readonly flush?: number;
  readonly timeouts?: {
    /** Ms after which the server counts as not answering; asking goes on, ever more rarely. Default 5,000. */
    readonly answer?: number;
    /** Ms after which an unanswered ping makes the link doubtful. Default 5,000. */
    readonly ping?: number;
  };
  /** What may mean that the machine was asleep. Default: the events of the browser. */
  readonly wake?: Wake;
  readonly clock?: Clock;
  readonly random?: Random;
};

/** Rooms over one transport. */
export interface Client {
  /** The room of that name: the same object until `close`. `M` is the type of its meta. */
  room<M = unknown>(name: RoomName, options?: RoomOptions<M>): ClientRoom<M>;
  /** Leaves all rooms and ends the transport's use, for good. What is called afterwards says `closed`. */
  close(): void;
}

/** Does nothing before the first room is subscribed to or entered. @throws TypeError naming an option that makes no sense. */
export function createClient(options: ClientOptions): Client {
  const { transport, wake = browserWake, clock = systemClock, random = Math.random, timeouts = {} } = options;
  if (typeof (transport as Partial<Transport> | undefined)?.listen !== "function") throw new TypeError('headcount: option "transport" must be a Transport');
  const answer = duration(timeouts, "answer", 5_000, 1);
  const patience = duration(timeouts, "ping", 5_000, 1);
  const rooms = new Map<RoomName, OpenRoom<unknown>>();
  let n = 1;
  let closed = false;
  let ends: readonly Stop[] | undefined;
  /** The link as its `welcome` described it. */
  let link: LinkTerms | undefined;
  let lease = 0;
  /** The number of the ping that only its own answer settles: what comes for an older one may have waited in a queue. */
  let pinged = 0;
  let greeted = 0;
  let alarm: Stop | undefined;
  let wall = clock.now();
  let behind = 0;

  const now = (): number => {
    const was = wall;
    wall = clock.now();
    // A clock that was set back would put off all that is due.
    if (wall < was) behind += was - wall;
    return wall + behind;
  };
  const all = (input: ViewInput<unknown>): void => {
    for (const { input: put } of [...rooms.values()]) put(input);
  };
  const after = (ms: number, run: (late: number) => void): void => {
    const due = now() + ms;
    alarm?.();
    alarm = clock.after(ms, () => {
      run(now() - due);
    });
  };
  const greet = (): void => {
    transport.send({ type: "hello", v: [PROTOCOL_VERSION], features: [] });
    after(backoff(greeted++, answer, 30_000), () => {
      all({ type: "down", error: { code: "unanswered", message: "The server has not said welcome yet; asking goes on." } });
      greet();
    });
  };
  const ping = (): void => {
    pinged = n++;
    transport.send({ type: "ping", n: pinged });
    after(patience, (late) => {
      // A timer that is late itself was asleep, and so was the answer.
      if (late < patience) transport.probe();
      if (link) ping();
    });
  };
  const rest = (): void => {
    pinged = 0;
    after(Math.max(1_000, lease / 3), ping);
  };
  const start = (): void => {
    if (ends) return;
    const stops: Stop[] = [];
    ends = stops;
    stops.push(
      wake(() => {
        if (closed) return;
        if (link) ping();
        else if (!transport.up) transport.probe();
      }),
      transport.listen({
        up() {
          greeted = 0;
          greet();
        },
        down(reason, retrying) {
          link = undefined;
          alarm?.();
          all({ type: "down", error: retrying ? undefined : { code: "link_stopped", message: reason } });
        },
        message,
      }),
    );
  };
  const message = (value: unknown): void => {
    const heard = closed ? undefined : decodeServer<unknown>(value);
    switch (heard?.type) {
      case undefined:
      case "bye":
        break;
      case "welcome":
        ({ lease } = heard);
        link = { every: heard.every, jitter: heard.jitter };
        rest();
        all({ type: "up", link });
        break;
      case "pong":
        if (heard.re === pinged) rest();
        break;
      default:
        if (heard.room === undefined) all(heard);
        else rooms.get(heard.room)?.input(heard);
    }
  };
  const shell: Shell = {
    clock,
    random,
    linger: duration(options, "linger", 1_000),
    flush: duration(options, "flush", 50),
    answer,
    now,
    n: () => n,
    send(messages: readonly ClientMessage[]) {
      n += messages.length;
      for (const one of messages) transport.send(one);
    },
    start,
  };

  return {
    room<M>(name: RoomName, roomOptions: RoomOptions<M> = {}) {
      let open = rooms.get(name) as OpenRoom<M> | undefined;
      if (!open) {
        open = openRoom(name, roomOptions, shell);
        rooms.set(name, open as OpenRoom<unknown>);
        if (closed) open.input({ type: "close" });
        else if (link) open.input({ type: "up", link });
      }
      return open.room;
    },
    close() {
      if (closed) return;
      closed = true;
      all({ type: "close" });
      alarm?.();
      for (const end of ends ?? []) end();
    },
  };
}
