import type { Clock, Transport, TransportListener } from "../../src/ports.js";
import type { ClientMessage, ServerMessage } from "../../src/protocol/message.js";

export type FakeClock = Clock & {
  /** Lets time pass; what falls due runs at its time, in order. */
  advance(ms: number): void;
  /** The machine sleeps: time passes, and no timer runs before the end of it. */
  sleep(ms: number): void;
  /** Sets the clock, not the timers. */
  set(now: number): void;
  /** How many timers wait. */
  waiting(): number;
};

export function fakeClock(start = 1_000_000): FakeClock {
  let wall = start;
  let steady = 0;
  let timers: { readonly at: number; readonly run: () => void }[] = [];
  const due = (): void => {
    for (;;) {
      const [first] = timers.filter(({ at }) => at <= steady).sort((a, b) => a.at - b.at);
      if (!first) return;
      timers = timers.filter((timer) => timer !== first);
      first.run();
    }
  };
  return {
    now: () => wall,
    after(ms, run) {
      const timer = { at: steady + ms, run };
      timers.push(timer);
      return () => {
        timers = timers.filter((one) => one !== timer);
      };
    },
    advance(ms) {
      for (const end = steady + ms; ; ) {
        const next = Math.min(end, ...timers.map(({ at }) => at));
        wall += Math.max(0, next - steady);
        steady = Math.max(steady, next);
        due();
        if (next >= end) return;
      }
    },
    sleep(ms) {
      wall += ms;
      steady += ms;
      due();
    },
    set(now) {
      wall = now;
    },
    waiting: () => timers.length,
  };
}

export type FakeTransport = Transport & {
  /** All that the client sent, since the last `take`. */
  readonly sent: ClientMessage[];
  /** The same, and forgets it. Without the pings. */
  take(): ClientMessage[];
  open(): void;
  lose(reason?: string, retrying?: boolean): void;
  say(...messages: readonly (ServerMessage | Record<string, unknown>)[]): void;
  probes: number;
  /** Whether somebody listens. */
  heard(): boolean;
};

/** A transport whose other end is the test. A message survives as its JSON. */
export function fakeTransport(): FakeTransport {
  let listener: TransportListener | undefined;
  let up = false;
  const sent: ClientMessage[] = [];
  return {
    get up() {
      return up;
    },
    sent,
    probes: 0,
    send(message) {
      if (up) sent.push(JSON.parse(JSON.stringify(message)) as ClientMessage);
    },
    probe() {
      this.probes++;
    },
    listen(heard) {
      if (listener) throw new TypeError("one listener");
      listener = heard;
      if (up) heard.up();
      return () => {
        listener = undefined;
      };
    },
    take: () => sent.splice(0).filter(({ type }) => type !== "ping"),
    open() {
      up = true;
      listener?.up();
    },
    lose(reason = "cut", retrying = true) {
      up = false;
      listener?.down(reason, retrying);
    },
    say(...messages) {
      for (const message of messages) listener?.message(JSON.parse(JSON.stringify(message)));
    },
    heard: () => listener !== undefined,
  };
}
