import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createElement, useSyncExternalStore } from "react";
import { renderToString } from "react-dom/server";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";
import type { Change, ClientRoom, View } from "../../src/client/index.js";
import { createTestRegistry, fakeRoom, handClock, type FakeView } from "../../src/testing/fakes/index.js";
import { root } from "../support/sources.js";

type Meta = { readonly name: string };
const ann = { id: "ann", meta: { name: "Ann" } };
const bob = { id: "bob", meta: { name: "Bob" } };

/** A component as users write them. */
function People({ room }: { readonly room: ClientRoom<Meta> }): ReturnType<typeof createElement> {
  const { status, users } = useSyncExternalStore(room.subscribe, room.getSnapshot, room.getServerSnapshot);
  return createElement("p", {}, users ? users.map(({ meta }) => meta.name).join(", ") : status);
}

describe("fakeRoom", () => {
  it("[V9] is a ClientRoom that shows what the test says, at once, and the same object until it shows something else", () => {
    const room = fakeRoom<Meta>({ status: "syncing" });
    const seen: View<Meta>[] = [];
    const stop = room.subscribe((view) => seen.push(view));
    room.show({ users: [bob, { ...ann, connections: 2 }], self: "ann" });
    expect(seen.map(({ status, userCount }) => [status, userCount])).toEqual([["syncing", undefined], ["live", 2]]);
    const view = room.getSnapshot();
    expect(view).toBe(seen[1]);
    expect(view).toMatchObject({ connectionCount: 3, limited: false, staleSince: undefined, error: undefined, self: { user: "ann" } });
    expect(view.users?.map(({ id }) => id)).toEqual(["bob", "ann"]);
    expect(view.room?.users.get("ann")?.connections.map(({ conn }) => conn)).toContain(view.self?.conn);
    expect([room.getServerSnapshot().status, room.listeners()]).toEqual(["syncing", 1]);
    stop();
    stop();
    room.show({});
    expect([seen.length, room.listeners(), room.getSnapshot().userCount]).toEqual([2, 0, 0]);
    expect(renderToString(createElement(People, { room: fakeRoom({ users: [ann, bob] }) }))).toBe("<p>Ann, Bob</p>");
  });

  it("[V1] [V2] [V3] has the views that a real room has, and no others", () => {
    const views: [FakeView<Meta>, Partial<View<Meta>>][] = [
      [{}, { status: "live", userCount: 0 }],
      [{ status: "idle" }, { status: "idle", users: undefined, userCount: undefined }],
      [{ status: "stale", users: [ann], staleSince: 5 }, { status: "stale", userCount: 1, staleSince: 5 }],
      [{ status: "ended" }, { status: "ended", users: undefined, error: { code: "kicked", message: "You were removed from this room." } }],
      [{ userCount: 3 }, { status: "live", users: undefined, userCount: 3, connectionCount: 3, room: undefined }],
      [{ userCount: 9_000, connectionCount: 9_500, limited: true }, { limited: true, connectionCount: 9_500 }],
    ];
    for (const [fake, view] of views) expect(fakeRoom(fake).getSnapshot()).toMatchObject(view);
    expect(() => fakeRoom({ users: [ann], self: "bob" })).toThrow(/self must be one of the users/);
    expect(() => fakeRoom({ users: [ann, ann] })).toThrow(/same id/);
    expect(() => fakeRoom({ users: [ann], userCount: 2 })).toThrow(/userCount follows from users/);
    expect(() => fakeRoom({ status: "xx" as "live" })).toThrow(/status must be one of idle, syncing, live, stale, ended, not xx/);
    for (const userCount of [-1, 1.5, Number.NaN, "3" as unknown as number]) expect(() => fakeRoom({ userCount })).toThrow(/userCount must be a whole number of at least 0/);
    expect(() => fakeRoom({ users: ["ann"] as never })).toThrow(/each of the users must be \{ id, meta \}/);
    expect(() => fakeRoom({ users: [{ ...ann, connections: 0 }] })).toThrow(/at least one connection, not 0/);
    expect(() => fakeRoom({ status: "idle", users: [ann] })).toThrow(/knows of nobody/);
  });

  it("[R14] tells onChange of who came, went and changed", () => {
    const room = fakeRoom<Meta>({ users: [ann, bob] });
    const heard: Change<Meta>[] = [];
    room.onChange((change) => heard.push(change));
    room.show({ users: [{ ...ann, meta: { name: "Anna" } }, { id: "cid", meta: { name: "Cid" } }] });
    expect(heard.map(({ type, user, cause }) => [type, user, cause])).toEqual([["left", "bob", "live"], ["updated", "ann", "live"], ["joined", "cid", "live"]]);
  });

  it("[V4] keeps what the component did, and answers as a room does", async () => {
    const room = fakeRoom<Meta>({ users: [ann] });
    await room.enter();
    room.update({ name: "Ann!" });
    room.leave();
    expect(room.calls).toEqual([{ call: "enter" }, { call: "update", meta: { name: "Ann!" } }, { call: "leave" }]);
    expect(() => { room.update({ name: () => undefined } as never); }).toThrow(/"meta" must be JSON/);
    room.show({ status: "ended", error: { code: "refused", message: "No." } });
    await expect(room.enter()).rejects.toMatchObject({ code: "refused", message: "No." });
  });
});

describe("createTestRegistry", () => {
  it("[H5] [V3] real clients and a real registry, at the test's own pace: grace is over when the test says so", () => {
    const { registry, tab, advance } = createTestRegistry<Meta>();
    const left: string[] = [];
    registry.on("left", ({ user, reason }) => left.push(`${user} ${String(reason)}`));
    const anns = tab("ann");
    const room = tab("bob").room("board", { meta: { name: "Bob" } });
    const views: View<Meta>[] = [];
    room.subscribe((view) => views.push(view));
    const mine = anns.room("board", { meta: { name: "Ann" } });
    mine.subscribe(() => undefined);
    advance(50);
    expect(room.getSnapshot()).toMatchObject({ status: "live", userCount: 2 });
    anns.cut();
    expect([mine.getSnapshot().status, mine.getSnapshot().userCount]).toEqual(["stale", 2]);
    advance(9_000);
    expect([room.getSnapshot().userCount, left]).toEqual([2, []]);
    advance(2_100);
    expect([room.getSnapshot().userCount, left]).toEqual([1, ["ann vanished"]]);
    anns.reconnect();
    advance(50);
    expect([room.getSnapshot().users?.map(({ meta }) => meta.name), mine.getSnapshot().status]).toEqual([["Bob", "Ann"], "live"]);
    anns.close();
    advance(50);
    expect([room.getSnapshot().userCount, left]).toEqual([1, ["ann vanished", "ann leave"]]);
    expect([anns.link, mine.getSnapshot().error?.code]).toEqual([undefined, "closed"]);
    anns.reconnect();
    expect(registry.health().links).toBe(1);
  });

  it("[H2] a line that is cut silently ends by its lease, and who is back before that has two links", () => {
    const { registry, tab, advance } = createTestRegistry<Meta>({ lease: 30_000, ping: 10_000 });
    const page = tab("ann");
    const room = page.room("board");
    room.subscribe(() => undefined);
    page.cut({ silently: true });
    const bob = tab("bob");
    bob.room("board").subscribe(() => undefined);
    advance(100);
    expect([registry.userCount("board"), room.getSnapshot().userCount]).toEqual([2, 1]);
    bob.close();
    advance(28_900);
    expect(registry.userCount("board")).toBe(1);
    page.reconnect();
    advance(100);
    expect([registry.userCount("board"), registry.connectionCount("board"), registry.health().links]).toEqual([1, 2, 2]);
    advance(120_000);
    expect([registry.connectionCount("board"), registry.health().links, room.getSnapshot().status]).toEqual([1, 1, "live"]);
    page.cut({ silently: true });
    advance(32_000);
    expect(registry.explain("board", "ann").left?.reason).toBe("timeout");
  });

  it("the server's own joins, what identify gives, and what authorize refuses", async () => {
    const { registry, tab } = createTestRegistry<Meta>();
    const page = tab("ann", { meta: { name: "Ann" }, context: { ip: "::1" }, autoJoin: () => "lobby", authorize: ({ room }) => room !== "secret" });
    const contexts: unknown[] = [];
    registry.on("connected", ({ context }) => contexts.push(context));
    await page.link?.join("board");
    expect([registry.users("lobby")[0]?.meta, registry.userCount("board"), contexts]).toEqual([{ name: "Ann" }, 1, [{ ip: "::1" }]]);
    await expect(page.room("secret").enter()).rejects.toMatchObject({ code: "refused" });
  });

  it("[R1] the same calls give the same run, to the byte of its recording", () => {
    const once = (): string => {
      const { registry, tab, advance } = createTestRegistry<Meta>();
      let text = "";
      registry.record((line) => { text += line; });
      for (const user of ["ann", "bob"]) tab(user).room("board").subscribe(() => undefined);
      advance(30_000);
      registry.close();
      return text;
    };
    expect(once()).toBe(once());
    expect(once().length).toBeGreaterThan(1_000);
  });

  it("a clock that is moved by hand runs what falls due at its time, and refuses to go back", () => {
    const clock = handClock(1_000);
    const ran: string[] = [];
    const say = (name: string) => () => { ran.push(`${name} ${clock.now()}`); };
    clock.after(20, say("b"));
    clock.after(10, () => { say("a")(); clock.after(5, say("c")); });
    clock.after(30, say("late"));
    clock.after(15, say("stopped"))();
    clock.advance(25);
    clock.jump(-500);
    clock.advance(5);
    expect(ran).toEqual(["a 1010", "c 1015", "b 1020", "late 530"]);
    expect(() => { clock.advance(-1); }).toThrow(/at least 0/);
  });
});

describe("headcount/testing/fakes", () => {
  it("loads neither fast-check nor immer, nor anything of Node's but its diagnostics", async () => {
    const { metafile } = await build({ entryPoints: [join(root, "src/testing/fakes/index.ts")], bundle: true, packages: "external", platform: "node", format: "esm", write: false, metafile: true, logLevel: "silent" });
    const foreign = Object.values(metafile.outputs).flatMap(({ imports }) => imports.map(({ path }) => path));
    expect([...new Set(foreign)]).toEqual(["node:diagnostics_channel"]);
    expect(readFileSync(join(root, "package.json"), "utf8")).toContain('"./testing/fakes"');
  });
});
