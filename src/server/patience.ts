import type { Clock } from "../ports.js";

/** What became of a question to the app's own code. */
export type Answered<T> = { readonly how: "answer"; readonly value: T } | { readonly how: "threw"; readonly cause: unknown } | { readonly how: "late" };

/** Asks the app's own code, and does not wait for ever. */
export type Patience = {
  /** A throw, a rejection and an answer that never comes all come back as values. */
  readonly ask: <T>(question: () => T | PromiseLike<T>) => Answered<T> | Promise<Answered<T>>;
  /** Nobody waits any longer: what is still open comes back as late. */
  readonly close: () => void;
};

/** `ms`: for how long an answer is waited for. */
export function createPatience(clock: Clock, ms: number): Patience {
  const open = new Set<() => void>();

  return {
    ask<T>(question: () => T | PromiseLike<T>): Answered<T> | Promise<Answered<T>> {
      let value: T | PromiseLike<T>;
      try {
        value = question();
        if (!isPromiseLike(value)) return { how: "answer", value };
      } catch (cause) {
        return { how: "threw", cause };
      }
      // A thenable of the app's may throw, or call back twice; a promise of ours does neither.
      const pending = Promise.resolve(value);
      return new Promise((resolve) => {
        const end = (answered: Answered<T>): void => {
          open.delete(late);
          stop();
          resolve(answered);
        };
        const late = (): void => { end({ how: "late" }); };
        // A process that was held up runs its timers first: an answer that came meanwhile has one turn to be heard.
        let stop = clock.after(ms, () => { stop = clock.after(0, late); });
        open.add(late);
        pending.then((answer) => { end({ how: "answer", value: answer }); }, (cause: unknown) => { end({ how: "threw", cause }); });
      });
    },
    close() {
      for (const late of open) late();
    },
  };
}

// (Not called `then`: a module that exports one can not be imported dynamically.)
/** Goes on with a value at once when it is there, so that what can be done in this turn is done in it. */
export function andThen<T, R>(value: T | Promise<T>, next: (value: T) => R | Promise<R>): R | Promise<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}

function isPromiseLike<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
