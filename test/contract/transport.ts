import { afterEach, describe, expect, it } from "vitest";
import type { Stop, Transport } from "../../src/ports.js";
import type { ServerMessage } from "../../src/protocol/message.js";
import { until } from "../support/until.js";

/** The server's end of one link. */
export type Peer = {
  send(...messages: readonly ServerMessage[]): void;
  /** Messages of the client, parsed, in the order in which they came. */
  readonly received: readonly unknown[];
  /** Ends the link without a word. */
  cut(): void;
};

/** A transport and the server that it is to reach. */
export type Rig = {
  readonly transport: Transport;
  /** The links that the server has accepted, the newest last. */
  readonly peers: readonly Peer[];
  /** Whether the transport owns its socket, and so opens another upon `probe`. */
  readonly owns: boolean;
  close(): Promise<void>;
};

/** What every `Transport` promises. `make` gives a transport that nobody listens to yet. */
export function transportContract(name: string, make: () => Promise<Rig>): void {
  describe(`the contract of a transport: ${name}`, () => {
    const rigs: Rig[] = [];
    const stops: Stop[] = [];

    const listen = async (): Promise<Rig & { said: unknown[][] }> => {
      const rig = await make();
      rigs.push(rig);
      const said: unknown[][] = [];
      stops.push(
        rig.transport.listen({
          up: () => said.push(["up", rig.transport.up]),
          down: (_, retrying) => said.push(["down", retrying, rig.transport.up]),
          message: (message) => said.push(["message", message]),
        }),
      );
      return { ...rig, said };
    };
    const linked = async (): Promise<Rig & { said: unknown[][] }> => {
      const rig = await listen();
      await until(() => expect([rig.said, rig.peers.length]).toEqual([[["up", true]], 1]));
      rig.said.length = 0;
      return rig;
    };

    afterEach(async () => {
      for (const stop of stops.splice(0)) stop();
      for (const rig of rigs.splice(0)) await rig.close();
    });

    it("carries objects both ways, in order, from up on", async () => {
      const { transport, peers, said } = await linked();
      const pings = Array.from({ length: 50 }, (_, n) => ({ type: "ping", n }) as const);
      for (const ping of pings) transport.send(ping);
      const pongs = pings.map(({ n }) => ({ type: "pong", re: n }) as const);
      peers[0]!.send(...pongs.slice(0, 20));
      for (const pong of pongs.slice(20)) peers[0]!.send(pong);
      await until(() => {
        expect(peers[0]!.received).toEqual(pings);
        expect(said).toEqual(pongs.map((pong) => ["message", pong]));
      });
    });

    it("carries ids of any kind", async () => {
      const { transport, peers, said } = await linked();
      const odd = ["__proto__", "", "10", "\u2028", "é𝒳", "\ud800"];
      for (const room of odd) transport.send({ type: "leave", n: 1, room });
      for (const room of odd) peers[0]!.send({ type: "synced", re: 1, room });
      await until(() => {
        expect(peers[0]!.received.map((message) => (message as { room: string }).room)).toEqual(odd);
        expect(said.map(([, message]) => (message as { room: string }).room)).toEqual(odd);
      });
    });

    it("sends nothing while it is down, neither then nor later", async () => {
      const rig = await make();
      rigs.push(rig);
      rig.transport.send({ type: "ping", n: 1 });
      expect(rig.transport.up).toBe(false);
      let ups = 0;
      stops.push(rig.transport.listen({ up: () => ups++, down: () => undefined, message: () => undefined }));
      rig.transport.send({ type: "ping", n: 2 });
      await until(() => expect(ups).toBe(1));
      rig.transport.send({ type: "ping", n: 3 });
      await until(() => expect(rig.peers[0]!.received).toEqual([{ type: "ping", n: 3 }]));
    });

    it("says down once when the link goes, and up again; nothing of the old link comes after its down", async () => {
      const { transport, peers, said } = await linked();
      peers[0]!.send({ type: "pong", re: 1 });
      peers[0]!.cut();
      await until(() => expect(peers.length).toBe(2));
      await until(() => expect(said.filter(([type]) => type !== "message")).toEqual([["down", true, false], ["up", true]]));
      const downAt = said.findIndex(([type]) => type === "down");
      expect(said.slice(downAt).filter(([type]) => type === "message")).toEqual([]);
      transport.send({ type: "ping", n: 7 });
      await until(() => expect(peers[1]!.received).toEqual([{ type: "ping", n: 7 }]));
    });

    it("[V7, S7] told to doubt its socket it opens another if it owns it, and does nothing if not", async () => {
      const { transport, peers, said, owns } = await linked();
      transport.probe();
      if (owns) {
        expect(transport.up).toBe(false);
        await until(() => expect(said).toEqual([["down", true, false], ["up", true]]));
        peers[0]!.send({ type: "pong", re: 1 });
      }
      peers.at(-1)!.send({ type: "pong", re: 2 });
      await until(() => expect(said.at(-1)).toEqual(["message", { type: "pong", re: 2 }]));
      expect(said.filter(([type]) => type === "message")).toHaveLength(1);
    });

    it("has one listener at a time; its stop is final, and may be called twice", async () => {
      const { transport, peers, said } = await linked();
      const none = { up: () => undefined, down: () => undefined, message: () => undefined };
      expect(() => transport.listen(none)).toThrow(TypeError);
      const [stop] = stops;
      stop!();
      stop!();
      transport.send({ type: "ping", n: 1 });
      peers[0]!.send({ type: "pong", re: 1 });
      // The next listener's link proves that whatever was on its way has arrived.
      stops.push(transport.listen(none));
      await until(() => expect(transport.up).toBe(true));
      stop!();
      expect(transport.up).toBe(true);
      expect(said).toEqual([]);
      expect(peers[0]!.received).toEqual([]);
    });
  });
}
