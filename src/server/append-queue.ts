import type { RoomName } from "../core/event.js";
import type { Appended, Log, Op, RefusalCode, Stop } from "../ports.js";

/** Why the log did not take something; undefined when it did. */
export type Failure = RefusalCode | "failed" | undefined;
export type Done = (failure: Failure) => void;

/** The wishes for one room's log: one append in flight, in order, what comes meanwhile is the next batch. */
export type AppendQueue<M> = {
  /** Without an op: `done` when all before it is answered. */
  readonly push: (op: Op<M> | undefined, done: Done) => void;
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
  readonly onAppended: (appended: Appended<M>, ops: readonly Op<M>[]) => void;
  /** The log refused this op. */
  readonly onRefused: (op: Op<M>) => void;
  /** The log threw: a defect. Whether the room was started again with all that the host holds, what was wished included. */
  readonly onDefect: (cause: unknown) => boolean;
  /** The log rejected: it could not be reached. */
  readonly onUnavailable: (cause: unknown) => void;
  /** Nothing waits any more. */
  readonly onQuiet: () => void;
};

type Waiting<M> = { readonly op: Op<M> | undefined; readonly done: Done };

export function createAppendQueue<M>(room: RoomName, { log, ...options }: AppendQueueOptions<M>): AppendQueue<M> {
  let waiting: Waiting<M>[] = [];
  let inFlight: readonly Waiting<M>[] = [];
  let closed = false;
  let stopRetry: Stop | undefined;

  function pump(): void {
    while (inFlight.length === 0 && waiting.length > 0) {
      const batch = waiting;
      const ops = opsOf(batch);
      waiting = [];
      inFlight = batch;
      let appended: Appended<M> | Promise<Appended<M>>;
      try {
        appended = ops.length > 0 ? log.append(room, ops) : { delta: undefined, refused: [], turns: [] };
      } catch (cause) {
        inFlight = [];
        const failure = options.onDefect(cause) ? undefined : "failed";
        for (const { done } of batch) done(failure);
        continue;
      }
      if (appended instanceof Promise) appended.then((result) => { settle(batch, result); pump(); }, (cause: unknown) => { again(batch, cause); });
      else settle(batch, appended);
    }
    if (inFlight.length === 0 && !closed) options.onQuiet();
  }

  function settle(batch: readonly Waiting<M>[], appended: Appended<M>): void {
    if (closed) return;
    inFlight = [];
    try {
      options.onAppended(appended, opsOf(batch));
      const codes = new Map(appended.refused.map(({ op, code }) => [op, code]));
      let i = 0;
      for (const { op, done } of batch) {
        const code = op && refusalOf(op, codes.get(i++));
        if (op && code) options.onRefused(op);
        done(code);
      }
    } catch (cause) {
      options.onDefect(cause);
    }
  }

  /** What the log may have missed goes again; tags keep it from counting twice. */
  function again(batch: readonly Waiting<M>[], cause: unknown): void {
    if (closed) return;
    options.onUnavailable(cause);
    stopRetry = options.retry(() => {
      waiting = [...batch, ...waiting];
      inFlight = [];
      pump();
    });
  }

  return {
    pump,
    push: (op, done) => { waiting.push({ op, done }); },
    busy: () => inFlight.length > 0,
    close() {
      closed = true;
      stopRetry?.();
      for (const { done } of [...inFlight, ...waiting.splice(0)]) done("failed");
    },
  };
}

function opsOf<M>(batch: readonly Waiting<M>[]): readonly Op<M>[] {
  return batch.flatMap(({ op }) => (op ? [op] : []));
}

/** What a retry looks like is no refusal: the log has it already, or what was to go has gone. */
function refusalOf<M>(op: Op<M>, code: RefusalCode | undefined): RefusalCode | undefined {
  return code === "repeat" || (op.type === "disconnect" && code !== undefined) ? undefined : code;
}

/** One answer for so many parts: the first failure, or none; at once when there are no parts. */
export function waitForAll(parts: number, done: Done | undefined): Done {
  let left = parts;
  let failed: Failure;
  if (parts === 0) done?.(undefined);
  return (failure) => {
    failed ??= failure;
    if (--left === 0) done?.(failed);
  };
}
