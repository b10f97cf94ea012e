import type { ErrorEvent } from "../../src/server/events.js";
import type { Identity, Link, LinkOptions } from "../../src/server/link.js";
import type { Registry } from "../../src/server/registry.js";

/** A link that only writes down what an adapter does to it. `onReady` is called upon `ready`. */
export type Opened<P, M> = { readonly options: LinkOptions<M, P>; readonly link: Link<M>; readonly calls: string[]; onReady: () => void };

/** A registry that takes links in and knows nothing of rooms. */
export type ScriptedRegistry<M, P> = {
  readonly registry: Registry<M>;
  readonly opened: readonly Opened<P, M>[];
  readonly reports: readonly ErrorEvent[];
  readonly detachAll: () => void;
};

export function scriptedRegistry<M, P>(options = { ping: 60_000, lease: 180_000 }): ScriptedRegistry<M, P> {
  const targets = new Map<object, () => void>();
  const opened: Opened<P, M>[] = [];
  const reports: ErrorEvent[] = [];
  const registry = {
    options,
    report(error: ErrorEvent) { reports.push(error); },
    attach(target: object, detach: () => void) {
      if (targets.has(target)) throw new TypeError("attached already");
      targets.set(target, detach);
      return () => { targets.delete(target); };
    },
    open(options: LinkOptions<M, P>) {
      const calls: string[] = [];
      const link = {
        heard: () => calls.push("heard"),
        frame: (text: string) => { calls.push(`frame ${text}`); return true; },
        ready: () => { calls.push("ready"); entry.onReady(); },
        closed: (how: string) => calls.push(`closed ${how}`),
        identify: (identity: Identity<M> | undefined) => { calls.push(`identify ${identity?.user ?? "nobody"}`); return Promise.resolve(); },
      } as unknown as Link<M>;
      const entry: Opened<P, M> = { options, link, calls, onReady: () => undefined };
      opened.push(entry);
      return link;
    },
  };
  return { registry: registry as unknown as Registry<M>, opened, reports, detachAll: () => { for (const detach of [...targets.values()]) detach(); } };
}
