import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import type { ServerState } from "../../src/protocol/message.js";
import { aMoment, afterwards, hand, join, proxyTo, ROOM, serve, tab, type AppServer, type Hand, type Tab } from "../support/sockets.js";
import { stacks } from "../support/stacks.js";
import { until } from "../support/until.js";

describe.each(stacks)("a link that nobody hears any more, over $name", (stack) => {
  it("[H1, H2] [pain P01] a half-open line is reaped after its lease, once, without grace, and its socket closed, however much is sent to it", async () => {
    const server = await stack.serve({ grace: 60_000, lease: 600, ping: 100 });
    const proxy = await proxyTo(server);
    const ann = await stack.liveTab(server, "ann");
    const bob = await stack.hand(proxy, "bob");
    bob.say(join(1));
    await until(() => expect(ann.changes).toEqual(["joined bob"]));
    const socket = server.socketOf("bob");
    const news = setInterval(() => { socket.send("news"); }, 20);
    afterwards(() => { clearInterval(news); });
    proxy.halfOpen();
    await until(() => expect(server.told).toEqual(["joined ann", "joined bob", "left bob timeout"]));
    await until(() => expect(ann.changes).toEqual(["joined bob", "left bob timeout"]));
    expect(socket.readyState).toBe(3);
    expect(server.registry.health().links).toBe(1);
    // What the dead line's other end does later is nothing to anybody.
    bob.socket.terminate();
    proxy.cut();
    await aMoment();
    expect([server.told.length, server.registry.audit(), ann.people()]).toEqual([3, 0, ["ann"]]);
  });

  it("[H2] a client whose line went dead finds out by itself, and returns", async () => {
    const server = await stack.serve({ grace: 60_000, lease: 3_000, ping: 500 });
    const proxy = await proxyTo(server);
    // It pings every 1,000 ms: a third of the lease.
    const bob = await stack.liveTab(proxy, "bob", { client: { timeouts: { ping: 500 } } });
    proxy.halfOpen();
    await until(() => expect([bob.sockets.length, bob.view().status]).toEqual([2, "live"]));
    expect(bob.statuses).toEqual(["syncing", "live", "stale", "live"]);
    // Both ends of socket.io give up a silent line at the same time, whoever is the first; nobody is asked to be sooner.
    expect(server.told).toEqual(stack.name === "ws" || server.told.length === 1 ? ["joined bob"] : ["joined bob", "left bob timeout", "joined bob"]);
  });
});

describe("a link of ws that nobody hears any more", () => {
  it("[H1] the app's own messages prove life as well as any: a client that answers no ping lives as long as it talks", async () => {
    const server = await serve({ grace: 0, lease: 500, ping: 100 });
    const silent = { autoPong: false };
    const chatty = await hand(server, "ann", silent);
    chatty.say(join(1));
    const talk = setInterval(() => { chatty.socket.send("hello?"); }, 40);
    afterwards(() => { clearInterval(talk); });
    await until(() => expect(server.registry.userCount(ROOM)).toBe(1));
    // Two leases run out, one after the other, while the chatty one's does not.
    for (const user of ["bob", "cem"]) {
      const mute = await hand(server, user, silent);
      mute.say(join(1));
      await until(() => expect(server.told).toContain(`left ${user} timeout`));
      await until(() => expect(mute.closed()).toBe(1006));
    }
    expect(server.registry.users(ROOM).map(({ id }) => id)).toEqual(["ann"]);
    clearInterval(talk);
    await until(() => expect(server.told.at(-1)).toBe("left ann timeout"));
  });
});

describe.each(stacks)("a link that can take no more, over $name", (stack) => {
  const PEOPLE = 60;

  /** Ann watches over a line that works, bob over one that doesn't; 60 others, who show 4 KB each, are put into the room by the server. */
  async function crowded(): Promise<{ server: AppServer; bob: Hand; ann: Tab; stall: () => void; resume: () => void; change: (from: number, to: number) => Promise<void>; round: () => number }> {
    const server = await stack.serve({ flush: 5, lease: 60_000, ping: 20_000, heartbeat: 60_000, maxMeta: 5_000 });
    const proxy = await proxyTo(server);
    const crowd = Array.from({ length: PEOPLE }, (_, i) => server.registry.open({ wire: nowhere, peer: i, user: `user-${i}` }));
    for (const link of crowd) await link.join(ROOM);
    const ann = await stack.liveTab(server, "ann");
    const bob = await stack.hand(proxy, "bob");
    bob.say(join(1));
    await until(() => expect(bob.all("snapshot").length).toBe(1));
    let rounds = 0;
    return {
      server, ann, bob,
      stall: () => { proxy.stall(); },
      resume: () => { proxy.resume(); },
      round: () => rounds,
      async change(from, to) {
        const round = ++rounds;
        for (const link of crowd.slice(from, to)) await link.update(ROOM, { round, filler: "x".repeat(4_000) });
        await until(() => expect(ann.view().users!.find(({ id }) => id === `user-${from}`)!.meta.round).toBe(round));
      },
    };
  }
  const nowhere = { send: () => [], close: () => undefined, open: () => true };

  it.each([
    ["all that is there, where too much was missed", PEOPLE, "snapshot"],
    ["one delta, where little was missed", 2, "delta"],
  ] as const)("[P5, P4] [pain P14] megabytes of changes later it is owed one state: %s; what waits for it does not grow, and others notice nothing", async (_, touched, kind) => {
    const { server, ann, bob, stall, resume, change, round } = await crowded();
    const socket = server.socketOf("bob");
    stall();
    // The system's own buffers grow for a while; then nothing moves any more.
    for (let stuck = 0, before = 0; stuck < 3; before = socket.bufferedAmount) {
      await change(0, PEOPLE);
      stuck = server.registry.health().slow === 1 && socket.bufferedAmount === before ? stuck + 1 : 0;
    }
    const told = bob.heard.length;
    const waiting = socket.bufferedAmount;
    const slowFrom = round();
    for (let i = 0; i < (touched === PEOPLE ? 25 : 8); i++) await change(0, touched);
    // Above the bound it may have been by one message, and a ping.
    expect(waiting).toBeLessThan(65_536 + PEOPLE * 5_000);
    expect(socket.bufferedAmount).toBe(waiting);
    expect([ann.view().status, ann.sockets.length, ann.statuses]).toEqual(["live", 1, ["syncing", "live"]]);

    resume();
    const wanted = server.registry.snapshot(ROOM);
    // What lay on its way since before it got slow comes first; for all of the rounds since it is a single state, in pages where it is large.
    const late = (): ServerState[] => (bob.heard.slice(told) as ServerState[]).filter(({ pos: [, seq] }) => seq > wanted.seq - (round() - slowFrom) * touched);
    await until(() => {
      const [first] = late();
      expect(late().length).toBe(first?.type === "snapshot" ? first.page?.[1] : 1);
    });
    expect(new Set(late().map(({ type, pos }) => `${type} ${pos.join(" ")}`))).toEqual(new Set([`${kind} ${wanted.epoch} ${wanted.seq} ${wanted.digest}`]));
    expect(server.registry.health().slow).toBe(0);
    expect([bob.closed(), server.errors]).toEqual([undefined, []]);
  });

  it("[P5, S7] a socket that the app filled is owed too, one whose client reads nothing as well", async () => {
    const { server, ann, bob, change } = await crowded();
    const socket = server.socketOf("bob");
    bob.socket.pause();
    let filler = 0;
    for (let stuck = 0, before = 0; stuck < 3; before = socket.bufferedAmount) {
      if (socket.bufferedAmount <= 1 << 20) socket.send(String(filler++).padEnd(1 << 20));
      await new Promise((resolve) => { setTimeout(resolve, 10); });
      stuck = socket.bufferedAmount > 1 << 20 && socket.bufferedAmount === before ? stuck + 1 : 0;
    }
    const heard = bob.heard.length;
    for (let i = 0; i < 5; i++) await change(i, i + 1);
    expect(ann.view().status).toBe("live");
    expect(bob.heard.length).toBe(heard);
    bob.socket.resume();
    await until(() => expect(bob.all("delta").at(-1)?.pos[1]).toBe(server.registry.snapshot(ROOM).seq));
    expect(bob.heard.length).toBe(heard + 1);
    expect(bob.all("delta").slice(-1).flatMap(({ on }) => on.map(([, , user]) => user))).toEqual(["user-0", "user-1", "user-2", "user-3", "user-4"]);
    expect(bob.texts.map((text) => parseInt(text.toString()))).toEqual(Array.from({ length: filler }, (__, i) => i));
  });
});

describe("a server that can't be reached", () => {
  it("[V6] is unanswered: the port is closed, the upgrade refused, the address not to be had", async () => {
    const http = createServer().on("upgrade", (_, socket) => { socket.end("HTTP/1.1 401 Unauthorized\r\n\r\n"); }).listen(0);
    afterwards(() => http.close());
    await once(http, "listening");
    const { port } = http.address() as AddressInfo;
    const soon = { client: { timeouts: { ping: 100 } } };
    const tabs = [
      tab({ port: 1 }, "ann", soon),
      tab({ port }, "ann", soon),
      tab({ port }, "ann", { ...soon, address: () => Promise.reject(new Error("no token")) }),
    ];
    await until(() => {
      for (const one of tabs) expect(one.view()).toMatchObject({ status: "syncing", error: { code: "unanswered" }, users: undefined, userCount: undefined });
    });
  });
});
