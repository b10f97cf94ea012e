import type { RoomName } from "../core/event.js";
import type { Appended, Log, Op, RefusalCode, Stop } from "../ports.js";

/** Why the log did not take something; undefined when it did. */
export type Failure = RefusalCode | "failed" | undefined;
export type Done = (failure: Failure) => void;

/** The wishes for one room's log: one append in flight, in order, what comes meanwhile is the next batch. */
export type AppendQueue<M> = {
  readonly push: (op: Op<M>, done: Done) => void;
  /** Sends what waits, unless something is on its way. */
  readonly pump: () => void;
  readonly busy: () => boolean;
  readonly close: () => void;
};

export type AppendQueueOptions<M> = {
  readonly log: Log<M>;
  /** Calls later, when the log may be there again. */
  readonly retry: (run: () => void) => Stop;
  /** A batch was answered; before its wishes' own `done`. */
  readonly onAppended: (appended: Appended<M>) => void;
  /** The log refused this op. */
  readonly onRefused: (op: Op<M>) => void;
  /** The log threw: a defect. */
  readonly onDefect: (cause: unknown) => void;
  /** The log rejected: it could not be reached. */
  readonly onUnavailable: (cause: unknown) => void;
  /** Nothing waits any more. */
  readonly onQuiet: () => void;
};

type Waiting<M> = { readonly op: Op<M>; readonly done: Done };

export function createAppendQueue<M>(room: RoomName, { log, ...options }: AppendQueueOptions<M>): AppendQueue<M> {
  let waiting: Waiting<M>[] = [];
  let busy = false;
  let closed = false;
  let stopRetry: Stop | undefined;

  function pump(): void {
    while (!busy && waiting.length > 0 && !closed) {
      const batch = waiting;
      waiting = [];
      busy = true;
      let appended: Appended<M> | Promise<Appended<M>>;
      try {
        appended = log.append(room, batch.map(({ op }) => op));
      } catch (cause) {
        busy = false;
        for (const { done } of batch) done("failed");
        options.onDefect(cause);
        continue;
      }
      if (appended instanceof Promise) appended.then((result) => { settle(batch, result); pump(); }, (cause: unknown) => { again(batch, cause); });
      else settle(batch, appended);
    }
    if (!busy && waiting.length === 0) options.onQuiet();
  }

  function settle(batch: readonly Waiting<M>[], appended: Appended<M>): void {
    busy = false;
    if (closed) return;
    options.onAppended(appended);
    // A repeat is what a retry looks like: the log has it already.
    const refused = new Map(appended.refused.filter(({ code }) => code !== "repeat").map(({ op, code }) => [op, code]));
    batch.forEach(({ op, done }, i) => {
      const code = refused.get(i);
      if (code !== undefined) options.onRefused(op);
      done(code);
    });
  }

  /** What the log may have missed goes again; tags keep it from counting twice. */
  function again(batch: readonly Waiting<M>[], cause: unknown): void {
    options.onUnavailable(cause);
    stopRetry = options.retry(() => {
      busy = false;
      waiting = [...batch, ...waiting];
      pump();
    });
  }

  return {
    pump,
    push: (op, done) => { waiting.push({ op, done }); },
    busy: () => busy,
    close() {
      closed = true;
      stopRetry?.();
      for (const { done } of waiting.splice(0)) done("failed");
    },
  };
}
