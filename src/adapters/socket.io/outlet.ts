import type { Namespace, Socket } from "socket.io";
import type { ServerMessage } from "../../protocol/message.js";

type Conn = Socket["conn"];
/** What a transport says when it can take more: from socket.io 4.8 on, and before (where it comes too early now). */
const READY = ["ready", "drain"];
/** What some sockets are sent alike. Those that got the same so far share one, so that it is encoded once. */
type Batch = { readonly messages: readonly ServerMessage[]; readonly sockets: Set<Socket> };

/** The one way out to sockets. */
export type Outlet = {
  /** Takes messages for these sockets; returns those that take no more now. `onReady` says when they do again. */
  readonly send: (sockets: Iterable<Socket>, messages: readonly ServerMessage[]) => readonly Socket[];
  /** Sends what was taken. Happens by itself at the end of the turn. */
  readonly flush: () => void;
  readonly forget: (socket: Socket) => void;
};

/**
 * Of several volatile packets in one turn only the first arrives, for the transport takes no other until that one is written. So what a socket
 * is sent in one turn is gathered, and goes as one packet with several arguments; what comes while a packet is on its way is refused.
 */
export function createOutlet(channel: string, onReady: (socket: Socket) => void): Outlet {
  const batches = new Map<Socket, Batch>();
  /** Sockets that were refused something, or whose batch the app was faster than; namespaces share a connection. */
  const waiting = new WeakMap<Conn, Set<Socket>>();
  let scheduled = false;
  let failure: { readonly cause: unknown } | undefined;

  function takes(socket: Socket): boolean {
    if (!socket.connected || waiting.get(socket.conn)?.has(socket)) return false;
    const last = batches.get(socket)?.messages.at(-1);
    // A large room comes in pages: whether there is room for another is for the transport to say.
    return last ? !("page" in last) : socket.conn.transport.writable;
  }

  function wait(socket: Socket): void {
    const { conn } = socket;
    const already = waiting.get(conn);
    if (already) {
      already.add(socket);
      return;
    }
    const sockets = new Set([socket]);
    waiting.set(conn, sockets);
    const { transport } = conn;
    const again = (): void => {
      if (conn.transport === transport && !transport.writable) return;
      for (const event of READY) transport.off(event, again);
      conn.off("upgrade", again);
      waiting.delete(conn);
      for (const one of sockets) {
        if (!one.connected) continue;
        if (!conn.transport.writable) wait(one);
        else {
          schedule();
          onReady(one);
        }
      }
    };
    // Often in vain: the app's own packets come first, and fill it again.
    for (const event of READY) transport.on(event, again);
    // The transport that was waited for says nothing any more.
    conn.on("upgrade", again);
  }

  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    // At the end of the turn, after the app's own code, even if that awaited something of ours: its volatile events need a transport that is free.
    setImmediate(flush);
  }

  function flush(): void {
    scheduled = false;
    for (const batch of new Set(batches.values())) {
      for (const [namespace, sockets] of byNamespace(batch.sockets)) {
        const ids: string[] = [];
        for (const socket of sockets) {
          if (!socket.conn.transport.writable) {
            wait(socket);
            continue;
          }
          forget(socket);
          ids.push(socket.id);
        }
        // `local`: other nodes have their own. `volatile`: connection state recovery would keep it and send it again. The last argument is no
        // string, which recovery would take for its own. By the rooms that sockets are in by themselves, so that we need none.
        try {
          if (ids.length > 0) namespace.local.to(ids).volatile.emit(channel, ...batch.messages);
        } catch (cause) {
          // A listener of the app for all that goes out. Nobody has called us who could be told.
          failure ??= { cause };
        }
      }
    }
  }

  function forget(socket: Socket): void {
    batches.get(socket)?.sockets.delete(socket);
    batches.delete(socket);
  }

  return {
    flush, forget,
    send(sockets, messages) {
      if (failure) {
        const { cause } = failure;
        failure = undefined;
        throw cause;
      }
      const owed: Socket[] = [];
      const grown = new Map<Batch | undefined, Batch>();
      for (const socket of sockets) {
        if (!takes(socket)) {
          owed.push(socket);
          if (socket.connected) wait(socket);
          continue;
        }
        const before = batches.get(socket);
        const batch = grown.get(before) ?? { messages: [...(before?.messages ?? []), ...messages], sockets: new Set<Socket>() };
        grown.set(before, batch);
        before?.sockets.delete(socket);
        batch.sockets.add(socket);
        batches.set(socket, batch);
      }
      schedule();
      return owed;
    },
  };
}

function byNamespace(sockets: Iterable<Socket>): ReadonlyMap<Namespace, readonly Socket[]> {
  const groups = new Map<Namespace, Socket[]>();
  for (const socket of sockets) {
    const group = groups.get(socket.nsp);
    if (group) group.push(socket);
    else groups.set(socket.nsp, [socket]);
  }
  return groups;
}
