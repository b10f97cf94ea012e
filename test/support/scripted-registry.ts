import type { Identity, Link, LinkOptions } from "../../src/server/link.js";
import type { Registry } from "../../src/server/registry.js";

/** A link that only writes down what an adapter does to it. `onReady` is called upon `ready`. */
export type Opened<P> = { readonly options: LinkOptions<never, P>; readonly link: Link<never>; readonly calls: string[]; onReady: () => void };

/** A registry that takes links in and knows nothing of rooms. */
export type ScriptedRegistry<M, P> = {
  readonly registry: Registry<M>;
  readonly opened: readonly Opened<P>[];
  readonly detachAll: () => void;
};

export function scriptedRegistry<M, P>(): ScriptedRegistry<M, P> {
  const targets = new Map<object, () => void>();
  const opened: Opened<P>[] = [];
  const registry = {
    options: { ping: 60_000, lease: 180_000 },
    attach(target: object, detach: () => void) {
      if (targets.has(target)) throw new TypeError("attached already");
      targets.set(target, detach);
      return () => { targets.delete(target); };
    },
    open(options: LinkOptions<never, P>) {
      const calls: string[] = [];
      const link = {
        heard: () => calls.push("heard"),
        frame: (text: string) => { calls.push(`frame ${text}`); return true; },
        ready: () => { calls.push("ready"); entry.onReady(); },
        closed: (how: string) => calls.push(`closed ${how}`),
        identify: (identity: Identity<M> | undefined) => { calls.push(`identify ${identity?.user ?? "nobody"}`); return Promise.resolve(); },
      } as unknown as Link<never>;
      const entry: Opened<P> = { options, link, calls, onReady: () => undefined };
      opened.push(entry);
      return link;
    },
  };
  return { registry: registry as unknown as Registry<M>, opened, detachAll: () => { for (const detach of [...targets.values()]) detach(); } };
}
