import { describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { chanceOf } from "../../scripts/bots/chance.js";
import { toSnapshot } from "../../src/core/snapshot.js";
import { flickers, HELLO, join, proxyTo, ROOM, type Hand } from "../support/sockets.js";
import { stacks } from "../support/stacks.js";
import { until } from "../support/until.js";

describe.each(stacks)("a crowd, over $name", (stack) => {
  it("[R9, H5, H7] [pain P02] [pain P03] [pain P04] [pain P17] 500 rapid connects and disconnects of 20 users end with the right list, each visible change said once", async () => {
    const server = await stack.serve({ grace: 60, tick: 20 });
    const proxy = await proxyTo(server);
    const calm = await stack.liveTab(server, "eve", { present: false });
    const shaken = await stack.liveTab(proxy, "eva", { present: false });
    const { pick, between } = chanceOf(20);
    const tabs: { readonly user: string; readonly hand: Hand }[] = [];
    const alive = (): typeof tabs => tabs.filter(({ hand: { socket } }) => socket.readyState <= WebSocket.OPEN);

    /** As tabs end: closed, crashed, cut on the way, left by word. */
    const ends = [
      ({ socket }: Hand) => { socket.close(1001); },
      ({ socket }: Hand) => { socket.terminate(); },
      () => { proxy.cutOne(); },
      ({ socket, say }: Hand) => {
        if (socket.readyState === WebSocket.OPEN) say({ type: "leave", n: 2, room: ROOM });
        socket.close();
      },
    ];
    let disconnects = 0;
    for (let connects = 0; connects < 500 || disconnects < 500; ) {
      const open = alive();
      if (connects < 500 && (open.length < 8 || (open.length < 30 && between(0, 1) === 0))) {
        connects++;
        const user = `user-${between(0, 19)}`;
        const opened = stack.dial(proxy, user, { polling: connects % 4 === 0 });
        opened.socket.on("open", () => { opened.say(HELLO, join(1)); });
        tabs.push({ user, hand: opened });
      } else {
        disconnects++;
        // Now and then one that is only about to open.
        const one = pick(between(0, 3) === 0 ? open : open.filter(({ hand: { socket } }) => socket.readyState === WebSocket.OPEN));
        if (one) pick(ends)!(one.hand);
      }
      await new Promise((resolve) => { setTimeout(resolve, between(0, 2)); });
    }
    // Some are gone for good, some are there for certain.
    for (const { user, hand: { socket } } of tabs) if (Number(user.slice(5)) >= 12) socket.terminate();
    for (let i = 0; i < 12; i++) {
      const opened = await stack.hand(proxy, `user-${i}`);
      opened.say(join(1));
      tabs.push({ user: `user-${i}`, hand: opened });
    }

    await until(() => {
      const open = alive();
      const people = [...new Set(open.map(({ user }) => user))].sort();
      expect(server.registry.connectionCount(ROOM)).toBe(open.length);
      expect(server.registry.users(ROOM).map(({ id }) => id).sort()).toEqual(people);
      for (const watcher of [calm, shaken]) {
        expect(watcher.view().status).toBe("live");
        expect(watcher.people()).toEqual(people);
        expect(toSnapshot(watcher.view().room!).connections).toEqual(server.registry.snapshot(ROOM).connections);
      }
    });
    for (const changes of [server.told, calm.changes, shaken.changes]) {
      expect(flickers(changes)).toEqual([]);
      for (const user of server.registry.users(ROOM)) {
        const last = changes.findLast((change) => change.split(" ")[1] === user.id && !change.startsWith("updated"));
        expect(last).toMatch(/^joined /);
      }
    }
    // People went while others stayed, by every way that there is.
    for (const reason of ["leave", "vanished"]) expect(server.told.filter((what) => what.endsWith(` ${reason}`)).length).toBeGreaterThan(5);
    expect([calm.sockets.length, server.errors]).toEqual([1, []]);
    expect(shaken.sockets.length).toBeGreaterThan(1);
    expect(server.registry.audit()).toBe(0);
  });
});
