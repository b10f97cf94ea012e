import type { Clock } from "../ports.js";

/** What became of a question to the app's own code. */
export type Answered<T> = { readonly how: "answer"; readonly value: T } | { readonly how: "threw"; readonly cause: unknown } | { readonly how: "late" };

/** Asks the app; a throw, a rejection and an answer that never comes all come back as values, the last after `ms`. */
export function askApp<T>(clock: Clock, ms: number, ask: () => T | PromiseLike<T>): Answered<T> | Promise<Answered<T>> {
  let value: T | PromiseLike<T>;
  try {
    value = ask();
  } catch (cause) {
    return { how: "threw", cause };
  }
  if (!isPromiseLike(value)) return { how: "answer", value };
  const pending = value;
  return new Promise((resolve) => {
    const stop = clock.after(ms, () => { resolve({ how: "late" }); });
    pending.then(
      (answer) => { stop(); resolve({ how: "answer", value: answer }); },
      (cause: unknown) => { stop(); resolve({ how: "threw", cause }); },
    );
  });
}

// (Not called `then`: a module that exports one can not be imported dynamically.)
/** Goes on with a value at once when it is there, so that what can be done in this turn is done in it. */
export function andThen<T, R>(value: T | Promise<T>, next: (value: T) => R | Promise<R>): R | Promise<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}

function isPromiseLike<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
