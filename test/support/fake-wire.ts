import type { Wire } from "../../src/ports.js";
import type { ServerMessage, ServerState } from "../../src/protocol/message.js";

export type Sending = { readonly peers: readonly string[]; readonly messages: readonly ServerMessage[] };

export interface FakeWire extends Wire<string> {
  /** Every call of `send` that sent something, in order. */
  readonly sendings: Sending[];
  /** Peers that take no more. */
  readonly slow: Set<string>;
  /** So many messages a slow peer still takes. */
  readonly room: Map<string, number>;
  readonly closed: [peer: string, code: string][];
  /** Peers whose socket is gone, though nobody said so. */
  readonly gone: Set<string>;
  /** Throws in whatever is called next, so many times. */
  broken: number;
  to(peer: string): readonly ServerMessage[];
}

/** A way out to peers that are mere names. It keeps what it was given, as it was given. */
export function fakeWire(): FakeWire {
  const wire: FakeWire = {
    sendings: [],
    slow: new Set(),
    room: new Map(),
    closed: [],
    gone: new Set(),
    broken: 0,
    send(peers, messages) {
      breakIfPlanted();
      const refused = peers.filter((peer) => {
        const left = wire.room.get(peer) ?? Infinity;
        if (wire.slow.has(peer) || left < messages.length) return true;
        wire.room.set(peer, left - messages.length);
        return false;
      });
      const takers = peers.filter((peer) => !refused.includes(peer));
      if (takers.length > 0) wire.sendings.push({ peers: takers, messages: [...messages] });
      return refused;
    },
    close(peer, code) {
      breakIfPlanted();
      wire.closed.push([peer, code]);
    },
    open(peer) {
      breakIfPlanted();
      return !wire.gone.has(peer);
    },
    to: (peer) => wire.sendings.filter(({ peers }) => peers.includes(peer)).flatMap(({ messages }) => messages),
  };

  function breakIfPlanted(): void {
    if (wire.broken <= 0) return;
    wire.broken--;
    throw new Error("the wire is broken");
  }

  return wire;
}

export function isState(message: ServerMessage): message is ServerState {
  return ["snapshot", "delta", "heartbeat", "count"].includes(message.type);
}
