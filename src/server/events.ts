import type { Change } from "../core/change.js";
import type { ConnectionId, RoomName, UserId } from "../core/event.js";
import type { Stop } from "../ports.js";
import type { LinkId } from "./host-input.js";

/** What an `error` event carries; `docs/ERRORS.md` has each code's cause and cure. */
export type ErrorEvent = {
  readonly code: string;
  readonly message: string;
  readonly room?: RoomName;
  readonly link?: LinkId;
  readonly user?: UserId;
  /** What was thrown, where something was. */
  readonly cause?: unknown;
};

type Where = {
  readonly room: RoomName;
  /** Wall-clock milliseconds of the fact. */
  readonly at: number;
  /** True on one process at most for each change: do there what must be done once. */
  readonly origin: boolean;
};

type Of<M, T extends Change<M>["type"]> = Omit<Extract<Change<M>, { type: T }>, "type"> & Where;

/** The events of a registry, each with its payload. */
export type RegistryEvents<M> = {
  joined: Of<M, "joined">;
  /** `since`: from when the user had been here. `lastHeard`: when this process last heard of them, if it ever did. Both in wall-clock ms. */
  left: Of<M, "left"> & { readonly since: number; readonly lastHeard: number | undefined };
  updated: Of<M, "updated">;
  /** `context`: what `identify` gave for the link, if it is one of this process. */
  connected: Of<M, "connected"> & { readonly context: unknown };
  disconnected: Of<M, "disconnected"> & { readonly context: unknown; readonly lastHeard: number | undefined };
  error: ErrorEvent;
};

export type EventName = keyof RegistryEvents<unknown>;
const NAMES: ReadonlySet<string> = new Set<EventName>(["joined", "left", "updated", "connected", "disconnected", "error"]);
type Listener = (event: never) => unknown;

/** Listeners, and the order in which they hear. */
export type Events<M> = {
  on<K extends EventName>(name: K, listener: (event: RegistryEvents<M>[K]) => unknown): Stop;
  emit<K extends EventName>(name: K, event: RegistryEvents<M>[K]): void;
  report(error: ErrorEvent): void;
  /** Runs what may emit; listeners hear when the outermost run is over, so they see a consistent registry. */
  run<T>(work: () => T): T;
  /** How often each code was reported. */
  readonly errors: ReadonlyMap<string, number>;
};

/** Events that reach every listener once, in order, whatever a listener does. */
export function createEvents<M>(): Events<M> {
  const listeners = new Map<string, Set<Listener>>();
  const queue: (() => void)[] = [];
  const errors = new Map<string, number>();
  const warned = new Set<string>();
  let depth = 0;
  let draining = false;

  function emit(name: string, event: unknown): void {
    for (const listener of [...(listeners.get(name) ?? [])]) queue.push(() => { tell(name, listener, event); });
    if (depth === 0) drain();
  }

  function tell(name: string, listener: Listener, event: unknown): void {
    if (!listeners.get(name)?.has(listener)) return;
    const failed = (cause: unknown): void => {
      // To tell it of itself would go round for ever.
      if (name === "error") {
        errors.set("listener_failed", (errors.get("listener_failed") ?? 0) + 1);
        warn({ code: "listener_failed", message: 'A listener of "error" failed.', cause });
      } else report({ code: "listener_failed", message: `A listener of "${name}" failed; the others were told.`, cause });
    };
    try {
      const result = (listener as (event: unknown) => unknown)(event);
      // An async listener's rejection would end the process.
      if (result !== undefined) Promise.resolve(result).catch(failed);
    } catch (cause) {
      failed(cause);
    }
  }

  function drain(): void {
    if (draining) return;
    draining = true;
    for (let next = queue.shift(); next; next = queue.shift()) next();
    draining = false;
  }

  function report(error: ErrorEvent): void {
    errors.set(error.code, (errors.get(error.code) ?? 0) + 1);
    if (listeners.get("error")?.size) emit("error", error);
    else warn(error);
  }

  function warn({ code, message, cause }: ErrorEvent): void {
    if (warned.has(code)) return;
    warned.add(code);
    console.warn(`headcount: ${code}: ${message} (said once; listen with registry.on("error", …))`, ...(cause === undefined ? [] : [cause]));
  }

  return {
    errors,
    emit,
    report,
    on(name, listener) {
      if (!NAMES.has(name)) throw new TypeError(`registry.on: there is no event "${name}", only ${[...NAMES].join(", ")}.`);
      if (typeof listener !== "function") throw new TypeError(`registry.on("${name}", listener): the listener must be a function.`);
      const set = listeners.get(name) ?? new Set();
      listeners.set(name, set);
      // A listener that is given twice is called once for each; a wrapper keeps the two apart.
      const own: Listener = (event) => (listener as Listener)(event);
      set.add(own);
      return () => { set.delete(own); };
    },
    run(work) {
      depth++;
      try {
        return work();
      } finally {
        if (--depth === 0) drain();
      }
    },
  };
}

/** What this process knows of a connection of its own beside the facts. */
export type Voice = { lastHeard: number; context: unknown };
/** Own connections' voices; kept until the log says goodbye to them. */
export type Voices = Map<ConnectionId, Voice>;
