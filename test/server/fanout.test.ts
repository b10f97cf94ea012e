import { describe, expect, it } from "vitest";
import type { ServerMessage, ServerState } from "../../src/protocol/message.js";
import { memoryLog } from "../../src/server/memory-log.js";
import { fakeClock } from "../support/fake-clock.js";
import { agrees, world, type FakeClient, type Meta, type World } from "../support/server.js";

const EVERY = 25_000;

/** The boundaries of windows that opened at 0: what was told in the moment itself belongs to it. */
function inRoom(...users: string[]): World & { clients: FakeClient[] } {
  const w = world();
  const clients = users.map((user) => {
    const client = w.client(user);
    client.join("r");
    return client;
  });
  w.clock.advance(60);
  for (const client of clients) client.news();
  return { ...w, clients };
}

const facts = (state: ServerState | undefined): number => (state?.type === "delta" ? state.on.length + state.off.length : NaN);
const types = (messages: readonly ServerMessage[]): string[] => messages.map(({ type }) => type);

describe("flush boundaries", () => {
  it("[P3] a watcher hears of a change when the window ends, and the window does not begin anew with each fact", () => {
    const w = inRoom("ann");
    const [ann] = w.clients;
    w.client("bob").join("r", { watch: "none" });
    for (let i = 0; i < 4; i++) {
      w.clock.advance(10);
      w.client(`p${i}`).join("r", { watch: "none" });
    }
    w.clock.advance(9);
    expect(ann!.states()).toEqual([]);
    w.clock.advance(1);
    const [delta, ...more] = ann!.states();
    expect(facts(delta)).toBe(5);
    expect(more).toEqual([]);
    expect(agrees(w, ann!, "r")).toBe(true);
  });

  it("[P3] answers go at once when the room is quiet, and wait for the flush that is pending", () => {
    const w = inRoom("ann");
    const [ann] = w.clients;
    const bob = w.client("bob");
    bob.join("r");
    // The join opened a window: its answer comes with what ann is told.
    expect(types(bob.news())).toEqual(["welcome", "joined"]);
    w.clock.advance(49);
    expect([bob.states(), ann!.states()]).toEqual([[], []]);
    w.clock.advance(1);
    expect([types(bob.news()), types(ann!.news())]).toEqual([["snapshot"], ["delta"]]);
    w.clock.advance(1_000);
    const cid = w.client("cid");
    cid.join("r", { present: false });
    expect(types(cid.news())).toEqual(["welcome", "joined", "snapshot"]);
  });

  it("[P3] at most one state goes to a watcher for each window, whatever it asks", () => {
    const w = inRoom("ann");
    const [ann] = w.clients;
    for (let i = 0; i < 5; i++) ann!.say({ type: "sync", room: "r" });
    w.client("bob").join("r");
    expect(types(ann!.news())).toEqual(["synced", "snapshot", "synced", "synced", "synced", "synced"]);
    w.clock.advance(50);
    expect(types(ann!.news())).toEqual(["snapshot"]);
    w.clock.advance(1_000);
    expect(ann!.news()).toEqual([]);
    expect(agrees(w, ann!, "r")).toBe(true);
  });

  it("[P3] the window's facts are not bounded by what the log remembers", () => {
    const w = world({ window: 4, maxMeta: 64 });
    const ann = w.client("ann");
    ann.join("r");
    w.clock.advance(60);
    ann.news();
    for (let i = 0; i < 40; i++) w.client(`p${i}`).join("r", { watch: "none" });
    w.clock.advance(50);
    const [delta, ...more] = ann.states();
    expect([facts(delta), more]).toEqual([40, []]);
    expect(agrees(w, ann, "r")).toBe(true);
  });

  it("[P3] a heartbeat names the position that was flushed, never a later one", () => {
    const w = inRoom("ann", "bob");
    const [ann] = w.clients;
    const before = ann!.room("r");
    let heartbeats = 0;
    // In each room's turn once in so many ticks; a fact is pending in every one of them.
    for (let i = 0; i < 26; i++) {
      w.clock.advance(960);
      w.client(`p${i}`).join("r", { watch: "none" });
      w.clock.advance(40);
      for (const state of ann!.states()) if (state.type === "heartbeat") heartbeats++;
      expect(ann!.room("r").behind).toBe(undefined);
    }
    w.clock.advance(EVERY);
    expect(types(ann!.news())).toContain("heartbeat");
    expect(heartbeats).toBeLessThan(2);
    expect(ann!.room("r").seq).toBeGreaterThan(before.seq);
    expect(agrees(w, ann!, "r")).toBe(true);
  });

  it("[P3] [P6] a quiet room is heard of once in `every`, by lists and by counts", () => {
    const w = inRoom("ann");
    const [ann] = w.clients;
    const counter = w.client("cid");
    counter.join("r", { watch: "count", present: false });
    w.clock.advance(60);
    counter.news();
    w.clock.advance(EVERY);
    expect([types(ann!.news()), types(counter.news())]).toEqual([["heartbeat"], ["count"]]);
    for (let i = 0; i < 4; i++) {
      for (const { link } of [ann!, counter]) link.heard();
      w.clock.advance(EVERY);
    }
    expect([types(ann!.news()), types(counter.news())]).toEqual([Array(4).fill("heartbeat"), Array(4).fill("count")]);
  });

  it("[P3] acknowledgements go ahead of states", () => {
    const w = inRoom("ann");
    const [ann] = w.clients;
    const n = ann!.say({ type: "update", room: "r", meta: { mood: "fine" } });
    expect(ann!.news()).toMatchObject([{ type: "joined", re: n, room: "r", user: "ann" }]);
    w.clock.advance(50);
    expect(types(ann!.news())).toEqual(["delta"]);
    expect(ann!.room("r").users.get("ann")?.meta).toEqual({ mood: "fine" });
  });

  it("[pain P13] [P3] a thousand who leave and join in one window are one message for each watcher, and none for a count that is as before", () => {
    const w = world({ rate: 10_000, grace: 0 });
    const ann = w.client("ann");
    ann.join("r");
    const counter = w.client("cid");
    counter.join("r", { watch: "count", present: false });
    const crowd = Array.from({ length: 1_000 }, (_, i) => w.open(`p${i}`, { user: `u${i}`, hello: false }));
    for (const one of crowd) void one.link.join("r");
    w.clock.advance(60);
    ann.news();
    counter.news();
    for (const one of crowd) one.link.closed("vanished");
    for (let i = 0; i < 1_000; i++) void w.open(`again${i}`, { user: `u${i}`, hello: false }).link.join("r");
    w.clock.advance(50);
    expect([types(ann.news()), types(counter.news())]).toEqual([["delta"], []]);
    expect(agrees(w, ann, "r")).toBe(true);
    expect(w.registry.userCount("r")).toBe(1_001);
  });
});

describe("answers", () => {
  it("[L3] [R13] a position that is ours is answered with what followed it, or with a heartbeat", () => {
    const w = inRoom("ann", "bob");
    const [ann, bob] = w.clients;
    const { epoch, seq, digest } = ann!.room("r");
    w.clock.advance(20_000);
    ann!.say({ type: "sync", room: "r", pos: [epoch, seq, digest] });
    expect(ann!.news()).toMatchObject([{ type: "synced" }, { type: "heartbeat", pos: [epoch, seq, digest] }]);
    bob!.say({ type: "update", room: "r", meta: { i: 1 } });
    w.clock.advance(60);
    ann!.news();
    ann!.say({ type: "sync", room: "r", pos: [epoch, seq, digest] });
    expect(ann!.news()).toMatchObject([{ type: "synced" }, { type: "delta", from: seq }]);
    for (const pos of [[epoch, seq + 9, digest], [epoch, seq, digest + 1], [epoch + 1, 1, 1]] as const) {
      w.clock.advance(60);
      ann!.say({ type: "sync", room: "r", pos });
      expect(types(ann!.news())).toEqual(["synced", "snapshot"]);
    }
    w.clock.advance(60);
    expect([ann!.news(), agrees(w, ann!, "r")]).toEqual([[], true]);
  });
});

describe("one encoding", () => {
  it("[P4] watchers in step share one delta, and one send", () => {
    const w = inRoom("ann", "bob", "cid");
    w.wire.sendings.length = 0;
    void w.open("dan", { user: "dan", hello: false }).link.join("r");
    w.clock.advance(50);
    expect(w.wire.sendings).toHaveLength(1);
    expect(w.wire.sendings[0]?.peers).toHaveLength(3);
  });

  it("[P4] all who are answered with a snapshot at a boundary share it, whatever they asked", () => {
    const w = inRoom("ann");
    const asks = [{}, { full: true }, { pos: [1, 2, 3] as const }, { pos: [w.registry.snapshot("r").epoch, 77, 3] as const }];
    w.clock.advance(20_000);
    w.client("x").join("r", { watch: "none" });
    const joiners = asks.map((ask, i) => {
      const client = w.client(`w${i}`);
      client.join("r", { present: false, ...ask });
      return client;
    });
    w.clock.advance(50);
    const snapshots = joiners.map((client) => client.all().find(({ type }) => type === "snapshot"));
    expect(new Set(snapshots).size).toBe(1);
    expect(snapshots[0]).toBeDefined();
    for (const client of joiners) expect(agrees(w, client, "r")).toBe(true);
  });

  it("[P4] those who resume from one position share one delta", () => {
    const w = inRoom("ann");
    const { epoch, seq, digest } = w.registry.snapshot("r");
    w.client("bob").join("r");
    w.clock.advance(1_000);
    w.client("cid").join("r", { watch: "none" });
    const resumers = [0, 1, 2].map((i) => {
      const client = w.client(`w${i}`);
      client.join("r", { present: false, pos: [epoch, seq, digest] });
      return client;
    });
    w.clock.advance(50);
    const deltas = resumers.map((client) => client.last("delta"));
    expect(new Set(deltas).size).toBe(1);
    expect(deltas[0]).toMatchObject({ from: seq, pos: [epoch, seq + 2, w.registry.snapshot("r").digest] });
  });

  it("[P4] heartbeats and counts too", () => {
    const w = inRoom("ann", "bob");
    for (const user of ["x", "y"]) w.client(user).join("r", { watch: "count", present: false });
    w.clock.advance(60);
    w.wire.sendings.length = 0;
    w.clock.advance(EVERY);
    expect(w.wire.sendings.map(({ peers, messages }) => [peers.length, types(messages)])).toEqual([[2, ["heartbeat"]], [2, ["count"]]]);
  });
});

describe("slow links", () => {
  it("[P5] a slow link is owed one delta from its own position", () => {
    const w = inRoom("ann", "bob");
    const [ann, bob] = w.clients;
    const from = ann!.room("r").seq;
    w.wire.slow.add(ann!.peer);
    for (let i = 0; i < 40; i++) {
      bob!.say({ type: "update", room: "r", meta: { i } });
      w.clock.advance(1_000);
    }
    expect(w.registry.health().slow).toBe(1);
    w.wire.slow.clear();
    ann!.link.ready();
    const [delta, ...more] = ann!.states();
    expect(delta).toMatchObject({ type: "delta", from });
    expect([facts(delta), more]).toEqual([1, []]);
    expect(agrees(w, ann!, "r")).toBe(true);
    expect(w.registry.health().slow).toBe(0);
  });

  it("[P5] or a snapshot, once that is smaller", () => {
    const w = world({ grace: 0, rate: 10_000 });
    const ann = w.client("ann");
    ann.join("r");
    w.clock.advance(60);
    ann.news();
    w.wire.slow.add(ann.peer);
    for (let i = 0; i < 10; i++) {
      const guest = w.client(`p${i}`);
      guest.join("r", { watch: "none" });
      w.clock.advance(60);
      guest.say({ type: "leave", room: "r" });
      w.clock.advance(60);
    }
    w.wire.slow.clear();
    ann.link.ready();
    expect(types(ann.news())).toEqual(["snapshot"]);
    expect(agrees(w, ann, "r")).toBe(true);
  });

  it("[P5] where a window is open, what is owed waits for it", () => {
    const w = inRoom("ann", "bob");
    const [ann, bob] = w.clients;
    w.wire.slow.add(ann!.peer);
    bob!.say({ type: "update", room: "r", meta: { i: 1 } });
    w.clock.advance(60);
    bob!.say({ type: "update", room: "r", meta: { i: 2 } });
    w.wire.slow.clear();
    ann!.link.ready();
    expect(ann!.news()).toEqual([]);
    w.clock.advance(50);
    expect(types(ann!.news())).toEqual(["delta"]);
    expect(agrees(w, ann!, "r")).toBe(true);
  });

  it("[P5] what a link is owed of several rooms goes in one send", () => {
    const w = world();
    const [ann, bob] = [w.client("ann"), w.client("bob")];
    for (const room of ["r", "s", "t"]) {
      ann.join(room);
      bob.join(room);
    }
    w.clock.advance(60);
    w.wire.slow.add(ann.peer);
    for (const room of ["r", "s"]) bob.say({ type: "update", room, meta: { i: 1 } });
    w.clock.advance(60);
    w.wire.slow.clear();
    const before = w.wire.sendings.length;
    ann.link.ready();
    expect(w.wire.sendings.slice(before).map(({ messages }) => types(messages))).toEqual([["delta", "delta"]]);
    for (const room of ["r", "s", "t"]) expect(agrees(w, ann, room)).toBe(true);
  });

  it("[P5] [P3] at most 64 notices wait, the newest, and go ahead of the state that is owed", () => {
    const w = inRoom("ann");
    const [ann] = w.clients;
    w.wire.slow.add(ann!.peer);
    ann!.say({ type: "update", room: "r", meta: { i: 1 } });
    const first = ann!.say({ type: "ping" });
    for (let i = 0; i < 99; i++) ann!.say({ type: "ping" });
    w.clock.advance(60);
    w.wire.slow.clear();
    ann!.link.ready();
    const heard = ann!.news();
    expect(types(heard)).toEqual([...Array.from({ length: 64 }, () => "pong"), "delta"]);
    expect(heard[0]).toEqual({ type: "pong", re: first + 36 });
  });

  it("[P5] a link that is slow when it says it can take more stays owed", () => {
    const w = inRoom("ann", "bob");
    const [ann, bob] = w.clients;
    w.wire.slow.add(ann!.peer);
    ann!.say({ type: "ping" });
    bob!.say({ type: "update", room: "r", meta: { i: 1 } });
    w.clock.advance(60);
    ann!.link.ready();
    w.wire.slow.clear();
    // Its notices fit, its state does not.
    w.wire.room.set(ann!.peer, 1);
    ann!.link.ready();
    expect(types(ann!.news())).toEqual(["pong"]);
    w.wire.room.clear();
    ann!.link.ready();
    expect(types(ann!.news())).toEqual(["delta"]);
    expect(agrees(w, ann!, "r")).toBe(true);
    w.clock.advance(1_000);
    expect(ann!.news()).toEqual([]);
  });

  it("[P5] [P6] there is one answer, to the latest request, also on a slow link", () => {
    const w = inRoom("ann", "bob");
    const [ann] = w.clients;
    w.wire.slow.add(ann!.peer);
    ann!.say({ type: "sync", room: "r" });
    ann!.join("r", { watch: "count" });
    const n = ann!.say({ type: "sync", room: "r" });
    w.wire.slow.clear();
    ann!.link.ready();
    w.clock.advance(60);
    const heard = ann!.news();
    expect(types(heard)).toEqual(["synced", "joined", "synced", "count"]);
    expect(heard[2]).toMatchObject({ re: n });
  });

  it("[P5] a wire that throws while a notice is sent is reported, and the link goes on", () => {
    const w = inRoom("ann");
    const [ann] = w.clients;
    w.wire.broken = 1;
    ann!.say({ type: "ping" });
    ann!.say({ type: "ping" });
    expect([w.codes(), types(ann!.news()), w.errors[0]?.link]).toEqual([["wire_failed"], ["pong"], ann!.link.id]);
  });

  it("[P5] a wire that throws is reported, and what it lost is owed", () => {
    const w = inRoom("ann", "bob");
    const [ann, bob] = w.clients;
    bob!.say({ type: "update", room: "r", meta: { i: 1 } });
    w.wire.broken = 1;
    w.clock.advance(60);
    expect(w.codes()).toEqual(["wire_failed"]);
    w.clock.advance(EVERY);
    expect([agrees(w, ann!, "r"), agrees(w, bob!, "r")]).toEqual([true, true]);
  });
});

describe("modes", () => {
  it("[P6] [pain P14] a count is sent when a number changed, is as short in a large room, and who counts is not counted", () => {
    const w = world({ rate: 10_000 });
    const counter = w.client("cid");
    counter.join("r", { watch: "count", present: false });
    w.clock.advance(60);
    expect(counter.states()).toMatchObject([{ type: "count", users: 0, connections: 0 }]);
    const sizes: number[] = [];
    for (const total of [10, 2_000]) {
      for (let i = w.registry.userCount("r"); i < total; i++) void w.open(`p${i}`, { user: `u${i}`, hello: false }).link.join("r");
      w.clock.advance(60);
      const [count, ...more] = counter.states();
      expect([count, more]).toMatchObject([{ type: "count", users: total, connections: total }, []]);
      sizes.push(JSON.stringify(count).length);
    }
    expect(sizes[1]! - sizes[0]!).toBeLessThan(16);
  });

  it("[P6] a count that is as before is not sent, though the room moved on", () => {
    const w = inRoom("ann");
    const [ann] = w.clients;
    const counter = w.client("cid");
    counter.join("r", { watch: "count", present: false });
    w.clock.advance(60);
    counter.news();
    ann!.say({ type: "update", room: "r", meta: { a: 1 } });
    w.clock.advance(60);
    expect(counter.news()).toEqual([]);
    w.client("ann").join("r");
    w.clock.advance(60);
    expect(counter.states()).toMatchObject([{ type: "count", users: 1, connections: 2 }]);
  });

  it("[P6] from the acknowledgement on, every state is of the mode that was asked for", () => {
    const w = inRoom("ann", "bob");
    const [ann, bob] = w.clients;
    const switched = (watch: "users" | "count" | "none"): string[] => {
      const re = ann!.join("r", { watch });
      bob!.say({ type: "update", room: "r", meta: { watch } });
      w.clock.advance(60);
      const heard = ann!.news();
      expect(heard[0]).toMatchObject({ type: "joined", re });
      return types(heard.slice(1));
    };
    expect(switched("count")).toEqual(["count"]);
    expect(switched("users")).toEqual(["snapshot", "delta"]);
    expect(switched("none")).toEqual([]);
    w.clock.advance(EVERY);
    expect(ann!.news()).toEqual([]);
    expect(switched("users")).toEqual(["snapshot", "delta"]);
    expect(w.registry.userCount("r")).toBe(2);
    expect(w.changes().filter((change) => !change.startsWith("updated"))).toEqual(["joined ann", "joined bob"]);
  });

  it("[P6] a room that is too large is counted instead, says so, and is listed once it fits", () => {
    const w = world({ maxWatched: 2, grace: 0 });
    const others = ["bob", "cid", "dan"].map((user) => {
      const client = w.client(user);
      client.join("r", { watch: "none" });
      return client;
    });
    const ann = w.client("ann");
    ann.join("r", { present: false });
    w.clock.advance(60);
    expect(ann.states()).toMatchObject([{ type: "count", users: 3, limited: true }]);
    w.clock.advance(EVERY);
    expect(ann.states()).toMatchObject([{ type: "count", users: 3, limited: true }]);
    const counter = w.client("x");
    counter.join("r", { watch: "count", present: false });
    w.clock.advance(60);
    expect(counter.last("count")).not.toHaveProperty("limited");
    for (const other of others.slice(0, 2)) other.say({ type: "leave", room: "r" });
    w.clock.advance(60);
    expect(types(ann.news())).toEqual(["snapshot"]);
    expect(agrees(w, ann, "r")).toBe(true);
  });

  /** A room that may have 10 users listed, and 10 in it; `grow` to so many. */
  function growing(): World & { ann: FakeClient; grow: (users: number) => readonly ServerMessage[] } {
    const w = world({ maxWatched: 10, grace: 0 });
    const ann = w.client("ann");
    const others = Array.from({ length: 20 }, (_, i) => w.client(`u${i}`));
    ann.join("r");
    let there = 1;
    const grow = (users: number): readonly ServerMessage[] => {
      for (; there < users; there++) others[there]!.join("r", { watch: "none" });
      for (; there > users; there--) others[there - 1]!.say({ type: "leave", room: "r" });
      w.clock.advance(60);
      return ann.news();
    };
    grow(10);
    return { ...w, ann, grow };
  }

  it("[P6] [pain P14] a room that grows too large is counted for those who have its list, and listed again when it is well below", () => {
    const w = growing();
    const [bob, badge] = [w.client("bob"), w.client("badge")];
    bob.join("r", { present: false });
    badge.join("r", { watch: "count", present: false });
    w.clock.advance(60);
    for (const client of [bob, badge]) client.news();
    expect([types(w.grow(9)), types(bob.news())]).toEqual([["delta"], ["delta"]]);
    for (const users of [11, 12, 10]) {
      // One state in place of the delta, the same for all.
      const told = w.grow(users);
      expect([told, bob.news()]).toMatchObject([[{ type: "count", users, connections: users, limited: true }], told]);
    }
    // At its edge it does not go to and fro, and who asks is told what the others are.
    for (const users of [11, 10, 11]) expect(types(w.grow(users))).toEqual(["count"]);
    bob.news();
    const re = bob.say({ type: "sync", room: "r" });
    w.grow(10);
    expect(bob.news()).toMatchObject([{ type: "synced", re }, { type: "count", users: 11, limited: true }, { type: "count", users: 10, limited: true }]);
    expect(types(w.grow(9))).toEqual(["snapshot"]);
    expect([agrees(w, w.ann, "r"), agrees(w, bob, "r")]).toEqual([true, true]);
    expect(types(w.grow(10))).toEqual(["delta"]);
    // Numbers that it was told before, but not since it has the list.
    w.grow(11);
    w.grow(8);
    expect(w.grow(11)).toMatchObject([{ type: "count", users: 11, limited: true }]);
    expect(badge.all().some((message) => message.type === "count" && message.limited)).toBe(false);
    expect(agrees(w, bob, "r")).toBe(false);
    w.clock.advance(EVERY);
    expect(types(w.ann.news())).toEqual(["count"]);
  });

  it("[P6] [P5] a slow link that had the list is owed the count, and one that was counted the list", () => {
    const w = growing();
    w.wire.slow.add(w.ann.peer);
    w.grow(10 + 1);
    w.grow(12);
    w.wire.slow.delete(w.ann.peer);
    w.ann.link.ready();
    expect(w.ann.news()).toMatchObject([{ type: "count", users: 12, limited: true }]);
    w.wire.slow.add(w.ann.peer);
    w.grow(9);
    w.grow(8);
    w.wire.slow.delete(w.ann.peer);
    w.ann.link.ready();
    expect(types(w.ann.news())).toEqual(["snapshot"]);
    expect(agrees(w, w.ann, "r")).toBe(true);
    // It was too large in between, and is not any more: a delta will do.
    w.wire.slow.add(w.ann.peer);
    w.grow(7);
    w.grow(11);
    w.grow(9);
    w.wire.slow.delete(w.ann.peer);
    w.ann.link.ready();
    expect(agrees(w, w.ann, "r")).toBe(true);
  });

  it("[P6] [L6] who is settling is told nothing of a room that grows and shrinks, and hears of it once the log has settled", () => {
    const w = growing();
    const late = w.client("late");
    late.join("r", { present: false, pos: [5, 9, 77] });
    w.clock.advance(60);
    expect(types(late.news())).toEqual(["welcome", "joined", "error"]);
    w.grow(12);
    w.grow(8);
    expect(late.news()).toEqual([]);
    w.clock.advance(EVERY + 12_000);
    expect(new Set(types(late.news()))).toEqual(new Set(["heartbeat"]));
  });
});

describe("pages", () => {
  const large = (): World & { watcher: FakeClient } => {
    const w = world({ page: 2_000, rate: 10_000 });
    for (let i = 0; i < 60; i++) void w.open(`p${i}`, { user: `u${i}`, hello: false }).link.join("r", { meta: { text: "x".repeat(80) } });
    w.clock.advance(60);
    return { ...w, watcher: w.client("ann") };
  };

  it("[P7] a large snapshot goes in pages at one position, each within the bound", () => {
    const w = large();
    w.watcher.join("r", { present: false });
    const pages = w.watcher.states();
    expect(pages.length).toBeGreaterThan(3);
    expect(pages.map((page) => (page.type === "snapshot" ? page.page : undefined))).toEqual(pages.map((_, i) => [i, pages.length]));
    expect(new Set(pages.map(({ pos }) => pos.join())).size).toBe(1);
    for (const page of pages) expect(JSON.stringify(page).length).toBeLessThanOrEqual(2_000);
    expect(agrees(w, w.watcher, "r")).toBe(true);
  });

  it("[P7] [P5] a link that gets slow amid pages is owed the rest of the same snapshot, then a delta", () => {
    const w = large();
    w.wire.room.set(w.watcher.peer, 3);
    w.watcher.join("r", { present: false });
    const first = w.watcher.states();
    expect(first).toHaveLength(2);
    void w.open("late", { user: "late", hello: false }).link.join("r");
    w.clock.advance(60);
    expect(w.watcher.states()).toEqual([]);
    w.wire.room.clear();
    w.watcher.link.ready();
    const rest = w.watcher.states();
    expect(rest.map(({ pos }) => pos)).toEqual(rest.map(() => first[0]!.pos));
    expect(rest[0]).toMatchObject({ type: "snapshot", page: [2, first.length + rest.length] });
    w.clock.advance(60);
    expect(types(w.watcher.news())).toEqual(["delta"]);
    expect(agrees(w, w.watcher, "r")).toBe(true);
  });

  it("[P7] whoever asks anew amid pages is answered anew", () => {
    const w = large();
    w.wire.room.set(w.watcher.peer, 3);
    w.watcher.join("r", { present: false });
    w.wire.room.clear();
    w.watcher.say({ type: "sync", room: "r" });
    w.watcher.link.ready();
    w.clock.advance(60);
    expect(w.watcher.states().map((page) => (page.type === "snapshot" ? page.page?.[0] : undefined)).slice(2, 5)).toEqual([0, 1, 2]);
    expect(agrees(w, w.watcher, "r")).toBe(true);
  });
});

describe("settling", () => {
  it("[L6] who names another epoch is told to wait, nothing else, and hears heartbeats once the log has settled", () => {
    const w = world({ grace: 10_000, heartbeat: 5_000 });
    const ann = w.client("ann");
    const n = ann.join("r", { pos: [5, 9, 77] });
    w.clock.advance(50);
    expect(ann.news()).toMatchObject([{ type: "welcome" }, { type: "joined", re: n, user: "ann" }, { type: "error", code: "settling", re: n, room: "r", retryAfter: 12_000 }]);
    w.client("bob").join("r");
    w.clock.advance(11_800);
    expect(ann.news()).toEqual([]);
    w.clock.advance(5_000);
    expect(types(ann.news())).toEqual(["heartbeat"]);
    // Which tells it only that it has to ask.
    w.client("cid").join("r");
    w.clock.advance(60);
    expect(ann.news()).toEqual([]);
    ann.say({ type: "sync", room: "r", pos: [5, 9, 77], full: true });
    expect(types(ann.news())).toEqual(["synced", "snapshot"]);
  });

  // Found by the simulation: the server crashed, ann was back and logged in as eve, and saw everybody leave who was not back yet.
  it("[L6] [H9] who becomes another user meanwhile goes on waiting", async () => {
    const w = world({ grace: 10_000 });
    const ann = w.client("ann");
    ann.join("r", { pos: [5, 9, 77] });
    w.clock.advance(50);
    ann.news();
    await ann.link.identify({ user: "eve" });
    w.clock.advance(50);
    expect(types(ann.news())).toEqual(["joined", "error"]);
    w.clock.advance(12_000);
    ann.say({ type: "sync", room: "r", pos: [5, 9, 77] });
    expect(types(ann.news())).toEqual(["synced", "snapshot"]);
  });

  it("[L6] [P6] who counted people before a restart is told no smaller number before the log has settled", () => {
    const w = world({ grace: 10_000, heartbeat: 5_000 });
    const badge = w.client("badge");
    const re = badge.join("r", { watch: "count", present: false, pos: [5, 9, 77] });
    w.client("ann").join("r");
    w.clock.advance(11_800);
    expect(badge.news()).toMatchObject([{ type: "welcome" }, { type: "joined", re }, { type: "error", code: "settling", re, room: "r", retryAfter: 12_000 }]);
    w.client("bob").join("r");
    w.clock.advance(5_000);
    expect(badge.last("count")).toMatchObject({ users: 2 });
    // A badge that had counted nothing yet is told at once.
    const fresh = w.client("fresh");
    fresh.join("r", { watch: "count", present: false });
    expect(fresh.last("count")).toMatchObject({ users: 2 });
    // Of a position in the log's own epoch nothing has to be waited for.
    const known = w.registry.snapshot("r");
    fresh.join("r", { watch: "count", present: false, pos: [known.epoch, known.seq, known.digest] });
    w.clock.advance(60);
    expect(types(fresh.news()).at(-1)).toBe("count");
  });

  it("[L6] [H11] a room that starts again in a young process, or was empty for a while, makes nobody wait", () => {
    const clock = fakeClock();
    const log = memoryLog<Meta>({ clock });
    log.begin();
    const w = world({ clock, log });
    const ann = w.client("ann");
    ann.join("r");
    w.clock.advance(60);
    const { epoch, seq, digest } = ann.room("r");
    ann.say({ type: "leave", room: "r" });
    expect(w.registry.health().rooms).toBe(0);
    ann.news();
    ann.join("r", { pos: [epoch, seq, digest] });
    w.clock.advance(60);
    expect(types(ann.news())).toEqual(["joined", "snapshot"]);
    expect([agrees(w, ann, "r"), ann.room("r").epoch > epoch]).toEqual([true, true]);
    log.restart("r");
    w.clock.advance(60);
    expect(types(ann.news())).toEqual(["joined", "snapshot"]);
    expect(agrees(w, ann, "r")).toBe(true);
  });

  it("[L6] a clock that is put back by hours keeps nobody waiting for hours", () => {
    const w = world({ grace: 10_000, heartbeat: 5_000 });
    const ann = w.client("ann");
    ann.join("r", { pos: [5, 9, 77] });
    w.clock.advance(50);
    ann.news();
    w.clock.jump(-3_600_000);
    w.clock.advance(6_000);
    expect(types(ann.news())).toEqual(["heartbeat"]);
  });

  it("[L6] who names no position is answered at once, and so is everybody once the log has settled", () => {
    const w = world();
    const ann = w.client("ann");
    ann.join("r");
    w.clock.advance(50);
    expect(types(ann.news())).toEqual(["welcome", "joined", "snapshot"]);
    w.clock.advance(12_000);
    const bob = w.client("bob");
    bob.join("r", { pos: [5, 9, 77], present: false });
    expect(types(bob.news())).toEqual(["welcome", "joined", "snapshot"]);
  });

  it("[L6] the age counts from the first link, and a room that is made again inherits it", () => {
    const w = world();
    w.clock.advance(100_000);
    const ann = w.client("ann");
    ann.join("r", { pos: [5, 9, 77], present: false });
    expect(types(ann.news())).toEqual(["welcome", "joined", "error"]);
    w.clock.advance(12_000);
    ann.join("s", { pos: [5, 9, 77], present: false });
    expect(types(ann.news())).toEqual(["joined", "snapshot"]);
  });
});
