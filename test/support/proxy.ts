import { createServer, connect } from "node:net";
import type { AddressInfo, Socket } from "node:net";

/** A TCP proxy on 127.0.0.1 that does to sockets what networks do. */
export type Proxy = {
  readonly port: number;
  /** Pairs of which at least one side is open. */
  connections(): number;
  /** Resets all connections, both sides. */
  cut(): void;
  /** Resets the oldest connection; false when there is none. */
  cutOne(): boolean;
  /** From now on the connections that are open carry nothing, and neither side hears of the other's end. New ones work. */
  halfOpen(): void;
  /** Stops reading from the server, so that what it sends piles up there; new connections too. */
  stall(): void;
  resume(): void;
  /** Resets each new connection as soon as it comes. */
  refuse(on: boolean): void;
  /** Holds back every chunk, both ways, for so many ms; what is on its way stays in order. */
  delay(ms: number): void;
  /** Where new connections lead. */
  retarget(port: number): void;
  /** Resets what is open and stops listening. */
  close(): Promise<void>;
};

type Pair = { readonly client: Socket; readonly server: Socket; swallow: boolean };

/** Starts a proxy to `target`, a port on 127.0.0.1. */
export async function startProxy(target: number): Promise<Proxy> {
  const pairs = new Set<Pair>();
  const timers = new Set<NodeJS.Timeout>();
  let stalled = false;
  let refusing = false;
  let latency = 0;

  const listener = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    client.on("error", () => undefined);
    if (refusing) {
      client.resetAndDestroy();
      return;
    }
    const server = connect({ port: target, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
    server.on("error", () => undefined);
    const pair: Pair = { client, server, swallow: false };
    pairs.add(pair);
    pump(pair, client, server);
    pump(pair, server, client);
    if (stalled) server.pause();
  });

  function pump(pair: Pair, from: Socket, to: Socket): void {
    const forward = inOrder((work: () => void) => { if (!pair.swallow) work(); });
    from.on("data", (chunk) => {
      forward(() => {
        if (to.write(chunk)) return;
        from.pause();
        to.once("drain", () => { if (!stalled || from !== pair.server) from.resume(); });
      });
    });
    from.on("end", () => { forward(() => to.end()); });
    from.on("close", (failed) => {
      forward(() => failed ? to.resetAndDestroy() : to.destroySoon());
      if (pair.client.destroyed && pair.server.destroyed) pairs.delete(pair);
    });
  }

  /** Runs work one after the other, each no sooner than the latency of its time allows. */
  function inOrder(run: (work: () => void) => void): (work: () => void) => void {
    const queue: (() => void)[] = [];
    let last = 0;
    return (work) => {
      if (latency === 0 && queue.length === 0) {
        run(work);
        return;
      }
      queue.push(work);
      last = Math.max(last, performance.now() + latency);
      const timer = setTimeout(() => {
        timers.delete(timer);
        // The oldest, not this one: timers that are due together may fire in any order.
        run(queue.shift()!);
      }, last - performance.now());
      timers.add(timer);
    };
  }

  function reset({ client, server }: Pair): void {
    client.resetAndDestroy();
    server.resetAndDestroy();
  }

  await new Promise<void>((resolve, reject) => {
    listener.once("error", reject);
    listener.listen(0, "127.0.0.1", resolve);
  });

  return {
    port: (listener.address() as AddressInfo).port,
    connections: () => pairs.size,
    cut() { for (const pair of pairs) reset(pair); },
    cutOne() {
      const [pair] = pairs;
      if (pair) reset(pair);
      return pair !== undefined;
    },
    halfOpen() {
      for (const pair of pairs) {
        pair.swallow = true;
        // What nobody reads would push back on its sender, who would notice.
        pair.client.resume();
        pair.server.resume();
      }
    },
    stall() {
      stalled = true;
      for (const { server, swallow } of pairs) if (!swallow) server.pause();
    },
    resume() {
      stalled = false;
      for (const { server } of pairs) server.resume();
    },
    refuse(on) { refusing = on; },
    delay(ms) { latency = ms; },
    retarget(port) { target = port; },
    async close() {
      for (const timer of timers) clearTimeout(timer);
      for (const pair of pairs) reset(pair);
      await new Promise<void>((resolve) => { listener.close(() => { resolve(); }); });
    },
  };
}
