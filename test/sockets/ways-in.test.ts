import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, vi } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { attachWs } from "../../src/adapters/ws.js";
import { toSnapshot } from "../../src/core/snapshot.js";
import { createRegistry } from "../../src/server/registry.js";
import { afterwards, hand, join, liveTab, proxyTo, ROOM, serve, tab, userOf, type AppServer, type Meta } from "../support/sockets.js";
import { stacks } from "../support/stacks.js";
import { until } from "../support/until.js";

const nowhere = { send: () => [], close: () => undefined, open: () => true };

/** Puts people into a room without a socket of their own. */
async function fill({ registry }: AppServer, people: number, meta: Meta): Promise<void> {
  for (let i = 0; i < people; i++) await registry.open({ wire: nowhere, peer: i, user: `user-${i}`, lease: 600_000 }).join(ROOM, { meta: { ...meta, i } });
}

describe("how sockets of ws come in", () => {
  it("`noServer`: an upgrade that the app decides upon is accepted by hand, with what the app knows already", async () => {
    const http = createServer();
    http.listen(0, "127.0.0.1");
    await once(http, "listening");
    const { port } = http.address() as AddressInfo;
    const wss = new WebSocketServer({ noServer: true });
    const registry = createRegistry<Meta>({ grace: 0, flush: 5 });
    const presence = attachWs(wss, registry, { identify: (_socket, _request, session: { user: string }) => session, authorize: () => true });
    http.on("upgrade", (request, socket, head) => {
      const session = userOf(request.url);
      if (!session) { socket.destroy(); return; }
      wss.handleUpgrade(request, socket, head, (ws) => { presence.accept(ws, request, session); });
    });
    afterwards(() => {
      registry.close();
      for (const socket of wss.clients) socket.terminate();
      http.closeAllConnections();
      http.close();
    });
    const [ann, bob] = [await liveTab({ port }, "ann"), await liveTab({ port }, "bob")];
    await until(() => expect(ann.people()).toEqual(["ann", "bob"]));
    bob.vanish();
    await until(() => expect(ann.changes).toEqual(["joined bob", "left bob vanished"]));
    const stranger = tab({ port }, undefined);
    await until(() => expect(stranger.sockets.length).toBeGreaterThan(2));
    expect([stranger.view().status, registry.health().links]).toEqual(["syncing", 1]);
  });

  it("[S2, S7] from pages of other origins: ours alone is closed, a shared socket stays the app's, and carries no presence", async () => {
    const exclusive = await serve({ attach: { exclusive: true } });
    const shared = await serve({ attach: { origins: ["https://app.example"] } });
    const own = await hand(exclusive, "ann", { origin: `http://127.0.0.1:${exclusive.port}` });
    const listed = await hand(shared, "ann", { origin: "https://app.example" });
    const [closed, silent] = [await hand(exclusive, "eve", { origin: "https://evil.example" }), await hand(shared, "eve", { origin: "https://evil.example" })];
    for (const one of [own, listed]) {
      one.say(join(1));
      await until(() => expect(one.all("joined").length).toBe(1));
    }
    await until(() => expect(closed.closed()).toBe(1008));
    silent.say(join(1));
    silent.socket.send("hello?");
    await until(() => expect(silent.texts).toEqual(["hello?"]));
    expect([silent.heard, closed.heard, silent.closed()]).toEqual([[], [], undefined]);
    expect([exclusive, shared].map(({ registry }) => registry.users(ROOM).map(({ id }) => id))).toEqual([["ann"], ["ann"]]);
  });

  it("a function for the address is asked at every attempt, so that a token is always fresh; one that fails costs an attempt", async () => {
    let valid = 0;
    const refused: string[] = [];
    const server = await serve({
      grace: 60_000,
      attach: {
        identify: (_socket, request) => {
          const token = new URL(request.url ?? "", "ws://x").searchParams.get("token");
          if (token === String(valid)) return { user: "ann" };
          refused.push(String(token));
          return undefined;
        },
      },
    });
    const proxy = await proxyTo(server);
    let asked = 0;
    const ann = await liveTab(proxy, undefined, {
      address: () => {
        asked++;
        if (asked % 2 === 1) throw new Error("the session's server is away");
        return Promise.resolve(`ws://127.0.0.1:${proxy.port}/?token=${++valid}`);
      },
    });
    for (const times of [2, 3]) {
      proxy.cut();
      await until(() => expect([ann.sockets.length, ann.view().status]).toEqual([times, "live"]));
    }
    expect([asked, valid, refused, server.told]).toEqual([6, 3, [], ["joined ann"]]);
  });

  it("a class of one's own is used where there is none, with the protocols that were asked for", async () => {
    vi.stubGlobal("WebSocket", undefined);
    afterwards(() => { vi.unstubAllGlobals(); });
    const server = await serve();
    const ann = await liveTab(server, "ann", { socket: { protocols: ["headcount", "other"] } });
    expect(ann.sockets[0]).toBeInstanceOf(WebSocket);
    expect(ann.sockets[0]!.protocol).toBe("headcount");
  });
});

describe.each(stacks)("what a view may be told, over $name", (stack) => {
  it("[P6] only the counts, which hold without a list", async () => {
    const server = await stack.serve({ grace: 0 });
    const ann = await stack.liveTab(server, "ann", { watch: "count" });
    expect(ann.view()).toMatchObject({ userCount: 1, connectionCount: 1, users: undefined, limited: false });
    const bob = await stack.liveTab(server, "bob");
    await stack.liveTab(server, "bob");
    await until(() => expect(ann.view()).toMatchObject({ userCount: 2, connectionCount: 3 }));
    bob.room.leave();
    await until(() => expect(ann.view()).toMatchObject({ userCount: 2, connectionCount: 2 }));
    // One subscription that wants the list is enough to get it, and goes as it came.
    const stop = ann.room.subscribe(() => undefined, { watch: "users" });
    await until(() => expect([ann.view().status, ann.people()]).toEqual(["live", ["ann", "bob"]]));
    stop();
    await until(() => expect(ann.view()).toMatchObject({ status: "live", users: undefined, userCount: 2 }));
  });

  it("[P6, S4] [pain P14] of a room that is too large the counts, until it is small enough again", async () => {
    const server = await stack.serve({ grace: 0, maxWatched: 3 });
    const ann = await stack.liveTab(server, "ann");
    const others = [await stack.liveTab(server, "bob"), await stack.liveTab(server, "cem")];
    await until(() => expect(ann.view()).toMatchObject({ limited: false, userCount: 3 }));
    const dia = await stack.liveTab(server, "dia");
    const all = [ann, ...others, dia];
    // Those who had the list, too.
    const counted = (users: number): void => {
      for (const one of all) expect(one.view()).toMatchObject({ status: "live", limited: true, users: undefined, userCount: users, connectionCount: users });
    };
    await until(() => { counted(4); });
    dia.room.leave();
    await until(() => { counted(3); });
    others[1]!.room.leave();
    for (const one of all) await until(() => expect([one.view().status, one.view().limited, one.people()]).toEqual(["live", false, ["ann", "bob"]]));
    expect(all.flatMap(({ changes }) => changes).filter((change) => change.startsWith("left"))).toEqual([]);
  });

  it("[P7] a room of a megabyte comes in pages, and shows whole or not at all", async () => {
    const server = await stack.serve({ lease: 60_000, ping: 20_000 });
    await fill(server, 350, { filler: "x".repeat(3_000) });
    const raw = await stack.hand(server, "eve");
    raw.say(join(1, { present: false }));
    const ann = stack.tab(server, "ann");
    const sizes = new Set<number | undefined>();
    ann.room.subscribe(({ userCount }) => sizes.add(userCount));
    await until(() => expect(ann.view()).toMatchObject({ status: "live", userCount: 351 }));
    expect([...sizes].filter((size) => size !== undefined && size < 350)).toEqual([]);
    await until(() => expect(raw.all("snapshot").length).toBe(raw.all("snapshot")[0]!.page![1]));
    const pages = raw.all("snapshot").map(({ page }) => page!);
    expect(pages.length).toBeGreaterThan(15);
    expect(pages).toEqual(pages.map((_, i) => [i, pages.length]));
    for (const page of raw.all("snapshot")) expect(JSON.stringify(["hc", page]).length).toBeLessThanOrEqual(65_536 + 10);
    expect(toSnapshot(ann.view().room!).connections).toEqual(server.registry.snapshot(ROOM).connections);
  });

  it("[P7, P5] a line that gets slow amid pages is owed the rest of the same snapshot, and then what came since", async () => {
    const server = await stack.serve({ lease: 60_000, ping: 20_000, maxMeta: 20_000, heartbeat: 60_000 });
    await fill(server, 700, { filler: "x".repeat(18_000) });
    const proxy = await proxyTo(server);
    const raw = await stack.hand(proxy, "eve");
    proxy.stall();
    raw.say(join(1, { present: false }));
    await until(() => expect(server.registry.health().slow).toBe(1));
    const came = await stack.liveTab(server, "cem");
    proxy.resume();
    await until(() => expect(raw.all("delta").flatMap(({ on }) => on.map(([, , user]) => user))).toEqual(["cem"]));
    const pages = raw.all("snapshot");
    expect(pages.map(({ page }) => page)).toEqual(pages.map((_, i) => [i, pages.length]));
    expect(new Set(pages.map(({ pos }) => pos.join())).size).toBe(1);
    expect(raw.all("delta")[0]!.from).toBe(pages[0]!.pos[1]);
    expect(pages.flatMap(({ connections }) => connections).length).toBe(700);
    expect(came.view().userCount).toBe(701);
  });
});
