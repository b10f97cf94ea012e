import type { Clock, Random, Stop } from "../ports.js";
import type { ServerNotice } from "../protocol/message.js";
import type { OpenLink } from "./open-link.js";

export type DrainOptions<M> = {
  readonly clock: Clock;
  readonly random: Random;
  readonly links: ReadonlyMap<string, OpenLink<M>>;
  /** Ms beyond which nobody is waited for any more. */
  readonly patience: number;
  readonly sendAway: (link: OpenLink<M>) => void;
};

/** Sends all links elsewhere, spread over a time. */
export type Drain<M> = {
  /** Resolves when the last link has gone, or the time is over. Again: the links get another time. */
  readonly start: (within: number) => Promise<void>;
  /** What links are told; undefined while nobody is sent away. */
  readonly bye: () => ServerNotice | undefined;
  readonly opened: (link: OpenLink<M>) => void;
  /** A link has gone. */
  readonly gone: () => void;
  readonly close: () => void;
};

export function createDrain<M>({ clock, random, links, patience, sendAway }: DrainOptions<M>): Drain<M> {
  const timers = new Set<Stop>();
  let within: number | undefined;
  const waiting: (() => void)[] = [];

  function after(ms: number, run: () => void): void {
    const stop = clock.after(ms, () => {
      timers.delete(stop);
      run();
    });
    timers.add(stop);
  }

  function stopAll(): void {
    for (const stop of timers) stop();
    timers.clear();
  }

  function opened(link: OpenLink<M>): void {
    if (within === undefined) return;
    after(random() * within, () => { if (!link.state.closed) sendAway(link); });
  }

  function settle(): void {
    for (const done of waiting.splice(0)) done();
  }

  function bye(): ServerNotice | undefined {
    return within === undefined ? undefined : { type: "bye", reason: "drain", reconnectWithin: within };
  }

  return {
    opened, bye,
    async start(ms) {
      stopAll();
      within = ms;
      const notice = bye() as ServerNotice;
      for (const link of [...links.values()]) {
        link.send(notice);
        opened(link);
      }
      if (links.size === 0) return;
      after(ms + patience, settle);
      await new Promise<void>((resolve) => { waiting.push(resolve); });
    },
    gone() {
      if (links.size === 0) settle();
    },
    close() {
      stopAll();
      settle();
    },
  };
}
