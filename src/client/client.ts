import type { RoomName } from "../core/event.js";
import type { Clock, Random, Stop, Transport } from "../ports.js";
import { isText } from "../protocol/check.js";
import { decodeServer } from "../protocol/decode-server.js";
import { PROTOCOL_VERSION } from "../protocol/message.js";
import { backoff } from "./backoff.js";
import { systemClock } from "./clock.js";
import { badOption, durations } from "./option.js";
import { openRoom, type ClientRoom, type OpenRoom, type RoomOptions, type Shell } from "./room.js";
import type { LinkTerms } from "./view-state.js";
import { SELDOM, UNANSWERED, type ViewInput } from "./view.js";
import { browserWake, type Wake } from "./wake.js";

export type ClientOptions = {
  readonly transport: Transport;
  /** Ms for which a room is kept after its last subscription went. Default 1,000. */
  readonly linger?: number;
  /** Ms for which updates of the own meta gather. Default 50. */
  readonly flush?: number;
  readonly timeouts?: {
    /** Ms after which a request counts as unanswered, the first time; asking goes on, ever more rarely. Default 5,000. */
    readonly answer?: number;
    /** Ms after which an unanswered ping makes the link doubtful, the first time. Default 5,000. */
    readonly ping?: number;
  };
  /** What may mean that the machine was asleep. Default: the events of the browser. */
  readonly wake?: Wake;
  readonly clock?: Clock;
  readonly random?: Random;
};

/** Rooms over one transport. */
export type Client = {
  /** The room of that name: the same object each time. `M` is the type of its meta. @throws TypeError naming an option that makes no sense. */
  readonly room: <M = unknown>(name: RoomName, options?: RoomOptions<M>) => ClientRoom<M>;
  /** Leaves all rooms and lets go of the transport, for good. Whatever is called afterwards says `closed`. */
  readonly close: () => void;
};

/** Does nothing before the first room is subscribed to or entered. @throws TypeError naming an option that makes no sense. */
export function createClient(options: ClientOptions): Client {
  const { transport, wake = browserWake, clock = systemClock, random = Math.random } = options;
  if (!(transport as Transport | undefined)?.listen) throw badOption("transport", "a Transport");
  const times = durations(options, { linger: 1_000, flush: 50 });
  const timeouts = durations(options.timeouts ?? {}, { answer: 5_000, ping: 5_000 }, 1);
  const rooms = new Map<RoomName, OpenRoom<unknown>>();
  let n = 1;
  let closed = false;
  let ends: readonly Stop[] | undefined;
  /** The link as its `welcome` described it. */
  let link: LinkTerms | undefined;
  /** The number of the ping that only its own answer settles: what comes for an older one may have lain in a queue. */
  let pinged = 0;
  /** How often in a row was called without an answer; 0 = there is no call out. */
  let tries = 0;
  let alarm: Stop | undefined;
  /** When the alarm goes off. */
  let due = 0;
  let wall = clock.now();
  let lag = 0;
  /** Whether the latest that was heard of the page is that it is put away. */
  let away = false;

  /** The clock, except that it never runs back: what is due would be put off by as much. */
  const now = (): number => {
    const was = wall;
    wall = clock.now();
    lag += Math.max(0, was - wall);
    return wall + lag;
  };
  const all = (input: ViewInput<unknown>): void => {
    for (const { put } of [...rooms.values()]) put(input);
  };
  const wait = (ms: number, run: () => void): void => {
    due = now() + ms;
    alarm?.();
    alarm = clock.after(ms, run);
  };
  const say = (): void => {
    if (!transport.up) return;
    pinged = n++;
    transport.send(link ? { type: "ping", n: pinged } : { type: "hello", v: [PROTOCOL_VERSION], features: [] });
  };
  /** Says `hello` until there is a `welcome`, then that we are here; and again while there is no answer, or no link at all. */
  const call = (): void => {
    say();
    wait(backoff(tries++, timeouts.ping, SELDOM), () => {
      if (!link) all({ type: "down", error: UNANSWERED });
      // A timer that is late itself was asleep, and so was the answer. Who never welcomed us may be no server of ours: it gets longer.
      if (transport.up && (link || tries > 2) && now() - due < timeouts.ping) transport.probe();
      call();
    });
  };
  const begin = (): void => {
    tries = 0;
    call();
  };
  const relax = (): void => {
    tries = 0;
    wait(Math.max(1_000, (link as LinkTerms).lease / 3), call);
  };
  const message = (value: unknown): void => {
    const heard = decodeServer<unknown>(value);
    if (!heard || closed) return;
    if (heard.type === "welcome") {
      link = heard;
      relax();
      all({ type: "up", link });
    } else if (!link) {
      // It speaks, and it won't have us: saying hello again would change nothing.
      if (heard.type !== "error") return;
      alarm?.();
      all({ type: "down", error: { code: heard.code, message: heard.message } });
    } else if (heard.type === "pong") {
      if (heard.re === pinged) relax();
    } else if (heard.type !== "bye") {
      if (heard.room === undefined) all(heard);
      else rooms.get(heard.room)?.put(heard);
    }
  };
  const shell: Shell = {
    times: { ...times, ...timeouts },
    moment: () => ({ now: now(), lag, chance: random(), n }),
    clock,
    send(messages) {
      n += messages.length;
      for (const one of messages) transport.send(one);
    },
    start() {
      // Before `listen`, which may call back at once, and from there come here again.
      if (ends) return;
      ends = [];
      begin();
      ends = [
        wake((event) => {
          const type = event?.type;
          // A page that goes is told after it that it is hidden: no wake-up, whatever it may mean at other times.
          if (away && type === "visibilitychange") away = false;
          else if ((away = type === "pagehide") || !transport.up) transport.probe(away);
          // Only this one's answer counts, but the wait goes on: wake-ups must not put off its end again and again.
          else if (link) (tries && now() < due ? say : call)();
        }),
        transport.listen({
          up: begin,
          down(reason, retrying) {
            link = undefined;
            alarm?.();
            all({ type: "down", error: retrying ? undefined : { code: "link_stopped", message: reason } });
            if (retrying) begin();
          },
          message,
        }),
      ];
    },
  };

  return {
    room<M>(name: RoomName, roomOptions: RoomOptions<M> = {}) {
      let open = rooms.get(name);
      if (!open) {
        if (!isText(name)) throw badOption("name", "a string");
        open = openRoom(name, roomOptions, shell) as unknown as OpenRoom<unknown>;
        rooms.set(name, open);
        if (closed) open.put({ type: "close" });
        else if (link) open.put({ type: "up", link });
      }
      return open.room as unknown as ClientRoom<M>;
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
