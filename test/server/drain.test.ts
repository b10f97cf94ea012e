import { describe, expect, it } from "vitest";
import { agrees, settled, world, type FakeClient, type World } from "../support/server.js";

function crowd(size: number): World & { clients: FakeClient[] } {
  const w = world({ grace: 2_000, rate: 1_000 });
  const clients = Array.from({ length: size }, (_, i) => w.client(`u${i}`, { peer: `p${i}` }));
  for (const client of clients) client.join("r");
  w.clock.advance(60);
  for (const client of clients) client.news();
  return { ...w, clients };
}

describe("drain", () => {
  it("[H5] [S7] says bye, spreads the closes over the time, and makes nobody leave", async () => {
    const w = crowd(20);
    const done: string[] = [];
    void w.registry.drain({ reconnectWithin: 10_000 }).then(() => done.push("drained"));
    for (const client of w.clients) expect(client.news()).toEqual([{ type: "bye", reason: "drain", reconnectWithin: 10_000 }]);
    expect(w.registry.health().draining).toBe(true);
    let before = 0;
    const steps: number[] = [];
    for (let i = 0; i < 10; i++) {
      w.clock.advance(1_000);
      for (const [peer, code] of w.wire.closed.slice(before)) {
        expect(code).toBe("drain");
        w.clients[Number(peer.slice(1))]?.link.closed("vanished");
      }
      steps.push(w.wire.closed.length - before);
      before = w.wire.closed.length;
    }
    expect([before, Math.max(...steps) < 10]).toEqual([20, true]);
    await settled();
    expect([done, w.registry.userCount("r"), w.changes().filter((change) => change.startsWith("left"))]).toEqual([["drained"], 20, []]);
    // Who did not come back elsewhere leaves after that time, and its grace.
    w.clock.advance(20_000);
    expect(w.registry.userCount("r")).toBe(0);
  });

  it("[H5] new links get bye after their welcome, and go too; a leave is still a leave", async () => {
    const w = crowd(2);
    const drained = w.registry.drain({ reconnectWithin: 5_000 });
    const late = w.client("late");
    expect(late.news().map(({ type }) => type)).toEqual(["welcome", "bye"]);
    late.join("r");
    w.clients[0]!.say({ type: "leave", room: "r" });
    w.clients[1]!.link.closed("leave");
    expect(w.changes().filter((change) => change.startsWith("left"))).toEqual(["left u0", "left u1"]);
    w.clock.advance(5_000);
    expect(w.wire.closed.map(([peer]) => peer).sort()).toEqual([late.peer, "p0"].sort());
    // Sockets that don't close are not waited for.
    w.clock.advance(1_000);
    await drained;
    expect(w.registry.health().links).toBe(2);
  });

  it("[H5] with nobody there it is over at once, and again gives the links another time", async () => {
    const empty = world();
    await empty.registry.drain({ reconnectWithin: 60_000 });
    expect(empty.clock.pending).toBe(0);
    const w = crowd(1);
    void w.registry.drain({ reconnectWithin: 60_000 });
    const drained = w.registry.drain({ reconnectWithin: 100 });
    w.clock.advance(101);
    expect(w.wire.closed).toHaveLength(1);
    w.wire.broken = 1;
    w.clients[0]!.link.closed("drain");
    await drained;
    expect(w.clients[0]!.all().filter(({ type }) => type === "bye")).toHaveLength(2);
  });

  it("[S7] a wire that throws while it closes is reported", async () => {
    const w = crowd(1);
    const drained = w.registry.drain({ reconnectWithin: 1_000 });
    w.wire.broken = 1;
    w.clock.advance(2_000);
    await drained;
    expect(w.codes()).toEqual(["wire_failed"]);
    expect(agrees(w, w.clients[0]!, "r")).toBe(true);
  });
});
