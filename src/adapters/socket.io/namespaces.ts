import type { Namespace, Server, Socket } from "socket.io";

/** Names that socket.io keeps for itself. */
const RESERVED = new Set(["connect", "connection", "connect_error", "disconnect", "disconnecting", "error", "new_namespace", "newListener", "removeListener"]);

type OnConnect = ((socket: Socket) => void) & { readonly headcount?: string };

/**
 * Listens to the sockets of a namespace, in front of the app, and to those of the namespaces that a dynamic one has, or gets; the stop ends it.
 * @throws TypeError when presence uses the channel there already.
 */
export function listenTo(root: Namespace, channel: string, listener: (socket: Socket) => void): () => void {
  const all = (): readonly Namespace[] => [root, ...((root as { readonly children?: Iterable<Namespace> }).children ?? [])];
  if (all().some((namespace) => (namespace.listeners("connect") as OnConnect[]).some(({ headcount }) => headcount === channel))) {
    throw new TypeError(`attachSocketIo: another registry uses the channel "${channel}" here already; give this one another "channel", and its clients too.`);
  }
  // The mark, and no table of ours, so that two copies of this module know of each other.
  const onConnect: OnConnect = Object.assign((socket: Socket) => { listener(socket); }, { headcount: channel });
  // "connect" comes ahead of "connection", which apps use as well. A new child of a dynamic namespace gets its parent's listeners.
  for (const namespace of all()) namespace.prependListener("connect", onConnect);
  return () => {
    for (const namespace of all()) namespace.off("connect", onConnect);
  };
}

/** Sockets that are there already. */
export function socketsOf(root: Namespace): readonly Socket[] {
  const children = (root as { readonly children?: Iterable<Namespace> }).children ?? [];
  return [root, ...children].flatMap(({ sockets }) => [...sockets.values()]);
}

/** The namespace meant: a server's is its main one. @throws TypeError naming what is wanted. */
export function namespaceOf(io: Server | Namespace): Namespace {
  const found = (typeof (io as Partial<Server> | undefined)?.of === "function" ? (io as Server).sockets : io) as Partial<Namespace> | undefined;
  // The first thing that came with version 4.6, and can be seen.
  if (typeof found?.serverSideEmitWithAck === "function") return found as Namespace;
  const what = typeof found?.to === "function" ? "this one is of version 4.5 or older" : "this is none";
  throw new TypeError(`attachSocketIo: needs a Server or a Namespace of socket.io, version 4.7 or later; ${what}.`);
}

/** @throws TypeError when it is no name for an event. */
export function mustBeChannel(channel: string): void {
  if (typeof channel !== "string" || channel === "" || RESERVED.has(channel)) {
    throw new TypeError(`attachSocketIo: "channel" must be the name of an event that socket.io does not use itself, not ${JSON.stringify(channel)}.`);
  }
}
