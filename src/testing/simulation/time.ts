import type { Clock } from "../../ports.js";

/** What happens at a moment; of two at one moment the one that was planned first goes first. */
type Happening = { at: number; readonly due: number; readonly order: number; run: (() => void) | undefined; readonly on: Machine | undefined };

/** One computer: its clock, its timers, and what arrives at it. What falls due while it sleeps happens when it wakes, in order. */
export type Machine = {
  readonly name: string;
  readonly clock: Clock;
  /** Timers that wait. */
  readonly pending: () => number;
  /** Something comes from outside, at this moment of the world. */
  readonly arrive: (at: number, run: () => void) => void;
  /** A wait of the app's, or of socket.io: none of the timers that must be gone at the end. */
  readonly later: (ms: number, run: () => void) => void;
  /** Nothing runs for so many ms. */
  readonly sleep: (ms: number) => void;
  readonly asleep: () => boolean;
  /** Puts its wall clock elsewhere; its timers stay as far away as they were. */
  readonly step: (ms: number) => void;
  /** For so many ms its timers fire only once a minute, as those of hidden tabs do. */
  readonly throttle: (ms: number) => void;
  /** Nothing runs on it any more. */
  readonly kill: () => void;
};

/** Time that passes only when something is due. */
export type Time = {
  /** Ms since the world began. */
  readonly now: () => number;
  readonly machine: (name: string, wall: number) => Machine;
  /** Something of the world's own, which no sleep holds back. */
  readonly at: (at: number, run: () => void) => void;
  /** Lets everything happen up to then; between two happenings all promises that can settle do so. */
  readonly run: (until: number) => Promise<void>;
};

const MINUTE = 60_000;

/** `onRun` is called before whatever happens. */
export function createTime(onRun: (at: number, machine: string) => void): Time {
  const heap: Happening[] = [];
  let now = 0;
  let orders = 0;
  const state = new Map<Machine, { wake: number; throttled: number; dead: boolean; pending: number }>();

  function before(a: Happening, b: Happening): boolean {
    // After a sleep, in the order in which they were due.
    return a.at !== b.at ? a.at < b.at : a.due !== b.due ? a.due < b.due : a.order < b.order;
  }

  function push(happening: Happening): void {
    let i = heap.push(happening) - 1;
    while (i > 0) {
      const up = (i - 1) >> 1;
      const parent = heap[up] as Happening;
      if (!before(happening, parent)) break;
      heap[i] = parent;
      i = up;
    }
    heap[i] = happening;
  }

  function pop(): Happening | undefined {
    const first = heap[0];
    const last = heap.pop();
    if (!first || !last || heap.length === 0) return first;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as Happening, heap[child] as Happening)) child++;
      if (!before(heap[child] as Happening, last)) break;
      heap[i] = heap[child] as Happening;
      i = child;
    }
    heap[i] = last;
    return first;
  }

  function plan(at: number, run: () => void, on: Machine | undefined): Happening {
    const happening: Happening = { at: Math.max(at, now), due: Math.max(at, now), order: orders++, run, on };
    push(happening);
    return happening;
  }

  function machine(name: string, wall: number): Machine {
    const own = { wake: 0, throttled: 0, dead: false, pending: 0 };
    let offset = wall;
    const made: Machine = {
      name,
      clock: {
        now: () => Math.floor(offset + now),
        after(ms, run) {
          own.pending++;
          let due = now + Math.max(0, ms);
          if (due < own.throttled) due = Math.min(own.throttled, Math.ceil(due / MINUTE) * MINUTE);
          const timer = plan(due, () => {
            own.pending--;
            run();
          }, made);
          return () => {
            if (timer.run) own.pending--;
            timer.run = undefined;
          };
        },
      },
      pending: () => own.pending,
      arrive: (at, run) => { plan(at, run, made); },
      later: (ms, run) => { plan(now + ms, run, made); },
      sleep: (ms) => { own.wake = Math.max(own.wake, now + ms); },
      asleep: () => now < own.wake,
      step: (ms) => { offset += ms; },
      throttle: (ms) => { own.throttled = Math.max(own.throttled, now + ms); },
      kill: () => { own.dead = true; },
    };
    state.set(made, own);
    return made;
  }

  return {
    now: () => now,
    machine,
    at: (at, run) => { plan(at, run, undefined); },
    async run(until) {
      await settled();
      for (;;) {
        const next = heap[0];
        if (!next || next.at > until) break;
        pop();
        const { run, on } = next;
        const of = on && state.get(on);
        if (!run || of?.dead) continue;
        if (of && next.at < of.wake) {
          push(Object.assign(next, { at: of.wake }));
          continue;
        }
        now = next.at;
        next.run = undefined;
        onRun(now, on?.name ?? "");
        run();
        await settled();
      }
      now = Math.max(now, until);
    },
  };
}

/** All promises that can settle have done so: it is called when there is nothing else to do. */
export function settled(): Promise<void> {
  return new Promise((resolve) => {
    // Browsers have none. There a message comes as late, and at once; a timer would wait for 4 ms.
    if (typeof setImmediate === "function") setImmediate(resolve);
    else {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        port1.close();
        resolve();
      };
      port2.postMessage(undefined);
    }
  });
}
