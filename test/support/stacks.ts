import * as socketIo from "./sockets-io.js";
import * as ws from "./sockets.js";
import type { AppServer, Hand, ServeOptions, Tab, TabOptions } from "./sockets.js";

type To = { readonly port: number };
type Common = Omit<TabOptions, "socket" | "address">;

/** One kind of socket, at both ends. */
export type Stack = {
  readonly name: "ws" | "socket.io";
  readonly serve: (options?: ServeOptions) => Promise<AppServer>;
  readonly tab: (to: To, user: string | undefined, options?: Common) => Tab;
  readonly liveTab: (to: To, user: string | undefined, options?: Common) => Promise<Tab>;
  /** `polling`: by HTTP at first, where there is such a thing. */
  readonly dial: (to: To, user?: string, options?: { readonly polling?: boolean }) => Hand;
  readonly hand: (to: To, user?: string, options?: { readonly hello?: boolean }) => Promise<Hand>;
};

/** What holds of presence over real sockets holds over each of them. */
export const stacks: readonly Stack[] = [
  { name: "ws", ...pick(ws) },
  { name: "socket.io", ...pick(socketIo) },
];

function pick({ serve, tab, liveTab, dial, hand }: typeof ws | typeof socketIo): Omit<Stack, "name"> {
  return { serve, tab, liveTab, dial, hand } as Omit<Stack, "name">;
}
