import { describe, expect, it } from "vitest";
import { join, liveTab, proxyTo, ROOM, serve, type Tab } from "../support/sockets.js";
import { stacks } from "../support/stacks.js";
import { until } from "../support/until.js";

const LONG = 60_000;
const live = (...tabs: readonly Tab[]): Promise<void> => until(() => {
  for (const one of tabs) expect(one.view().status).toBe("live");
});

describe.each(stacks)("a client that comes back, over $name", (stack) => {
  it("[H5, V4] [pain P06] within the grace was never absent for others", async () => {
    const server = await stack.serve({ grace: LONG });
    const proxy = await proxyTo(server);
    const ann = await stack.liveTab(server, "ann");
    const bob = await stack.liveTab(proxy, "bob");
    for (const times of [1, 2, 3]) {
      proxy.cut();
      await until(() => expect([bob.sockets.length, bob.view().status, bob.people()]).toEqual([times + 1, "live", ["ann", "bob"]]));
      // The connection of the line that was cut goes once the log shows the new one.
      await until(() => expect(server.registry.connectionCount(ROOM)).toBe(2));
    }
    await until(() => expect(ann.view().connectionCount).toBe(2));
    expect(ann.changes).toEqual(["joined bob"]);
    expect(server.told).toEqual(["joined ann", "joined bob"]);
    expect(bob.changes).toEqual([]);
  });

  it("[H5] [pain P06] a refresh: the old tab's socket is closed as browsers do, the new tab opens, nobody sees a thing", async () => {
    const server = await stack.serve({ grace: LONG });
    const ann = await stack.liveTab(server, "ann");
    const before = await stack.liveTab(server, "bob", { meta: { page: 1 } });
    before.vanish(1001);
    const after = await stack.liveTab(server, "bob", { meta: { page: 2 } });
    await until(() => expect(server.registry.connectionCount(ROOM)).toBe(2));
    await until(() => expect(ann.view().users?.at(-1)?.meta).toEqual({ page: 2 }));
    expect(ann.changes).toEqual(["joined bob", "updated bob"]);
    expect(after.people()).toEqual(["ann", "bob"]);
  });

  it("[H5, L2] too late has left, once, and comes anew: `since` starts over", async () => {
    const server = await stack.serve({ grace: 250 });
    const ann = await stack.liveTab(server, "ann");
    const bob = await stack.liveTab(server, "bob");
    const since = server.registry.users(ROOM).find(({ id }) => id === "bob")!.since;
    bob.vanish(1000);
    await until(() => expect(ann.changes).toEqual(["joined bob", "left bob vanished"]));
    await stack.liveTab(server, "bob");
    await until(() => expect(ann.changes).toEqual(["joined bob", "left bob vanished", "joined bob"]));
    expect(server.told).toEqual(["joined ann", "joined bob", "left bob vanished", "joined bob"]);
    expect(server.registry.users(ROOM).find(({ id }) => id === "bob")!.since).toBeGreaterThan(since);
  });

  it("[H5] a leave by word is seen at once, whatever the grace", async () => {
    const server = await stack.serve({ grace: LONG });
    const ann = await stack.liveTab(server, "ann");
    const bob = await stack.liveTab(server, "bob");
    bob.room.leave();
    await until(() => expect(ann.changes).toEqual(["joined bob", "left bob leave"]));
    await until(() => expect(bob.people()).toEqual(["ann"]));
    expect(bob.view().status).toBe("live");
  });
});

describe.each(stacks)("a line that is cut, over $name", (stack) => {
  it("[V3, R14, H5] [pain P08] [pain P20] [pain P23] people stay and the view says since when it is stale; then it says what changed, as learned late", async () => {
    const server = await stack.serve({ grace: LONG, window: 4 });
    const proxy = await proxyTo(server);
    const cem = await stack.liveTab(server, "cem");
    const dia = await stack.liveTab(server, "dia");
    const ann = await stack.liveTab(proxy, "ann", { meta: { mood: "fine" } });
    proxy.refuse(true);
    proxy.cut();
    await until(() => expect(ann.view().status).toBe("stale"));
    expect(ann.view().staleSince).toEqual(expect.any(Number));
    expect([ann.people(), ann.view().userCount]).toEqual([["ann", "cem", "dia"], 3]);
    dia.room.leave();
    const eli = await stack.liveTab(server, "eli");
    eli.room.leave();
    const fay = await stack.liveTab(server, "fay");
    await until(() => expect(cem.people()).toEqual(["ann", "cem", "fay"]));
    expect([ann.people(), ann.changes]).toEqual([["ann", "cem", "dia"], []]);
    proxy.refuse(false);
    await live(ann);
    expect(ann.people()).toEqual(["ann", "cem", "fay"]);
    // Whoever came and went meanwhile is not spoken of, nor is who stayed.
    expect([...ann.changes].sort()).toEqual(["joined fay (resync)", "left dia (resync)"]);
    expect(ann.view().staleSince).toBeUndefined();
    expect(ann.statuses).toEqual(["syncing", "live", "stale", "live"]);
    expect(cem.changes.filter((change) => change.includes("ann"))).toEqual(["joined ann"]);
    expect(fay.people()).toEqual(["ann", "cem", "fay"]);
  });

  it("[R14, L3] where the log still knows what was missed, the reasons are known too", async () => {
    const server = await stack.serve({ grace: LONG });
    const proxy = await proxyTo(server);
    const dia = await stack.liveTab(server, "dia");
    const ann = await stack.liveTab(proxy, "ann", { present: false });
    proxy.refuse(true);
    proxy.cut();
    await until(() => expect(ann.view().status).toBe("stale"));
    dia.room.leave();
    await until(() => expect(server.told.at(-1)).toBe("left dia leave"));
    proxy.refuse(false);
    await live(ann);
    expect(ann.changes).toEqual(["left dia leave (resync)"]);
  });
});

describe("a line that is cut, over ws", () => {
  it("[V7] [pain P11] a machine that wakes on a dead line doubts it, though it is OPEN, and is back in a moment", async () => {
    const server = await serve({ grace: LONG, lease: 2 * LONG, ping: LONG, heartbeat: LONG });
    const proxy = await proxyTo(server);
    let wake: () => void = () => undefined;
    const bob = await liveTab(proxy, "bob", { client: { timeouts: { ping: 500 }, wake: (listener) => { wake = listener; return () => undefined; } } });
    const ann = await liveTab(server, "ann");
    await until(() => expect(bob.people()).toEqual(["ann", "bob"]));
    // On a line that works, waking up costs a ping.
    wake();
    await new Promise((resolve) => { setTimeout(resolve, 700); });
    expect(bob.sockets.length).toBe(1);
    proxy.halfOpen();
    ann.room.leave();
    await until(() => expect(server.told.at(-1)).toBe("left ann leave"));
    expect([bob.view().status, bob.sockets[0]!.readyState]).toEqual(["live", 1]);
    wake();
    await until(() => expect([bob.sockets.length, bob.view().status, bob.people()]).toEqual([2, "live", ["bob"]]));
    expect(bob.statuses).toEqual(["syncing", "live", "stale", "live"]);
  });
});

describe.each(stacks)("a server that starts again, over $name", (stack) => {
  it("[L6, V4, V5] [pain P06] [pain P09] [pain P20] on the same port, with nothing in memory: nobody's view says left or joined, all are in its list again", async () => {
    const first = await stack.serve();
    const tabs = [await stack.liveTab(first, "ann"), await stack.liveTab(first, "bob"), await stack.liveTab(first, "bob"), await stack.liveTab(first, "cem"), await stack.liveTab(first, "eve", { present: false })];
    const ann = tabs[0]!;
    await until(() => expect(tabs.map((one) => one.view().connectionCount)).toEqual([4, 4, 4, 4, 4]));
    for (const one of tabs) (one.changes as string[]).length = 0;
    await first.die();
    await until(() => expect(tabs.map((one) => one.view().status)).toEqual(tabs.map(() => "stale")));
    expect(ann.people()).toEqual(["ann", "bob", "cem"]);
    const second = await stack.serve({ port: first.port, settle: 1_200 });
    await until(() => expect(second.registry.connectionCount(ROOM)).toBe(4));
    await live(...tabs);
    await until(() => {
      for (const one of tabs) expect([one.view().connectionCount, one.people()]).toEqual([4, ["ann", "bob", "cem"]]);
    });
    for (const one of tabs) {
      expect(one.changes).toEqual([]);
      expect(one.statuses).toEqual(["syncing", "live", "stale", "live"]);
    }
    expect(tabs.map((one) => one.view().self?.user)).toEqual(["ann", "bob", "bob", "cem", undefined]);
    expect(second.told).toEqual(expect.arrayContaining(["joined ann", "joined bob", "joined cem"]));
    expect(second.told.length).toBe(3);
  });

  it("[L6] who did not come back has left once the new log has settled, and not before", async () => {
    const first = await stack.serve();
    const ann = await stack.liveTab(first, "ann");
    const bob = await stack.liveTab(first, "bob");
    await until(() => expect(ann.changes).toEqual(["joined bob"]));
    await first.die();
    bob.vanish();
    const second = await stack.serve({ port: first.port, settle: 600 });
    await until(() => expect(second.registry.userCount(ROOM)).toBe(1));
    await live(ann);
    expect(ann.changes).toEqual(["joined bob", "left bob (resync)"]);
    expect(ann.people()).toEqual(["ann"]);
  });
});

describe.each(stacks)("a server that is drained, over $name", (stack) => {
  it("[H5, L6, S7] [pain P13] all are told bye and reach another server behind the same address; nobody is seen to leave or to join", async () => {
    const first = await stack.serve({ grace: LONG });
    const second = await stack.serve({ settle: 1_500 });
    const proxy = await proxyTo(first);
    const tabs = await Promise.all(["ann", "bob", "cem", "dia", "eli", "fay"].map((user) => stack.liveTab(proxy, user)));
    const raw = await stack.hand(proxy, "gus");
    raw.say(join(1));
    await until(() => expect(tabs.map((one) => one.view().userCount)).toEqual(tabs.map(() => 7)));
    for (const one of tabs) (one.changes as string[]).length = 0;

    proxy.retarget(second.port);
    const gus = stack.tab(proxy, "gus", { present: true });
    await first.registry.drain({ reconnectWithin: 400 });
    // A client that answers its close slowly is not waited for.
    await until(() => expect(first.registry.health()).toMatchObject({ links: 0, draining: true }));
    expect(first.told.filter((what) => what.startsWith("left"))).toEqual([]);
    first.registry.close();
    await until(() => expect(second.registry.userCount(ROOM)).toBe(7));
    await live(...tabs, gus);
    await until(() => expect(raw.closed()).toBe(stack.name === "ws" ? 1012 : 1006));
    expect(raw.all("bye")).toEqual([{ type: "bye", reason: "drain", reconnectWithin: 400 }]);
    for (const one of tabs) {
      expect([one.changes, one.view().userCount, one.sockets.length]).toEqual([[], 7, 2]);
      expect(one.statuses.slice(-2)).toEqual(["stale", "live"]);
    }
  });

  it("[H5] who does not come back in time has left, after the drain's time and the grace", async () => {
    const server = await stack.serve({ grace: 100 });
    const proxy = await proxyTo(server);
    const ann = await stack.liveTab(proxy, "ann");
    const eve = await stack.liveTab(server, "eve", { present: false });
    proxy.refuse(true);
    await server.registry.drain({ reconnectWithin: 200 });
    await until(() => expect(server.told).toEqual(["joined ann", "left ann vanished"]));
    await until(() => expect([eve.view().status, eve.people()]).toEqual(["live", []]));
    expect(ann.view().status).toBe("stale");
  });
});
