import { describe, expect, it, vi } from "vitest";
import { drop } from "../../src/core/map.js";
import type { Host } from "../../src/server/host.js";
import type { HostInput } from "../../src/server/host-input.js";
import type { MemoryLog } from "../../src/server/memory-log.js";
import { agrees, settled, world, type FakeClient, type Meta, type World } from "../support/server.js";
import type * as HostModule from "../../src/server/host.js";
import type * as MemoryLogModule from "../../src/server/memory-log.js";

/** Changes the host behind everybody's back, before its next step. */
const meddle = vi.hoisted(() => ({ with: undefined as ((host: never) => unknown) | undefined, deaf: false }));
const made = vi.hoisted<{ log: unknown }>(() => ({ log: undefined }));

vi.mock("../../src/server/host.js", async (original) => {
  const module = await original<typeof HostModule>();
  return { ...module, step(host: never, input: never) {
    const edit = meddle.with;
    meddle.with = undefined;
    if (meddle.deaf && (input as HostInput<Meta>).type === "log") return { host, ops: [], expired: [], lost: [] };
    return module.step(edit ? (edit(host) as never) : host, input);
  } };
});
vi.mock("../../src/server/memory-log.js", async (original) => {
  const module = await original<typeof MemoryLogModule>();
  return { ...module, memoryLog: (options: never) => (made.log = module.memoryLog(options)) };
});

function inRoom(): World & { ann: FakeClient; bob: FakeClient; log: MemoryLog<Meta>; edit: (change: (host: Host<Meta>) => Host<Meta>) => void } {
  const w = world();
  const log = made.log as MemoryLog<Meta>;
  const ann = w.client("ann", { autoJoin: () => "lobby" });
  const bob = w.client("bob");
  ann.join("r", { meta: { i: 1 } });
  ann.join("w", { watch: "count", present: false });
  bob.join("r");
  w.clock.advance(20_000);
  ann.news();
  bob.news();
  w.changes();
  return { ...w, ann, bob, log, edit(change) {
    meddle.with = change;
    w.clock.advance(1_000);
  } };
}

const { step } = await vi.importActual<typeof HostModule>("../../src/server/host.js");
const fed = (host: Host<Meta>, ...inputs: readonly HostInput<Meta>[]): Host<Meta> => inputs.reduce((before, input) => step(before, input).host, host);

describe("audit", () => {
  it("[H11] finds nothing where nothing is wrong, not even in what is in grace", () => {
    const w = inRoom();
    w.bob.link.closed("vanished");
    expect([w.registry.audit(), w.codes()]).toEqual([0, []]);
  });

  it("[H11] runs every 60 s by itself: a link whose socket is gone vanishes, with its grace", () => {
    const w = inRoom();
    w.wire.gone.add(w.ann.peer);
    w.clock.advance(39_000);
    expect(w.codes()).toEqual([]);
    w.bob.link.heard();
    w.clock.advance(2_000);
    expect(w.errors).toMatchObject([{ code: "audit_repaired", link: w.ann.link.id }]);
    expect([w.registry.userCount("r"), w.registry.health().links]).toEqual([2, 1]);
    w.clock.advance(12_000);
    expect([w.changes(), w.codes()]).toEqual([["left ann", "left ann"], ["audit_repaired"]]);
  });

  it("[H11] a wire that throws when it is asked is reported, and its socket taken for open", () => {
    const w = inRoom();
    w.wire.broken = 1;
    expect([w.registry.audit(), w.codes(), w.registry.health().links]).toEqual([0, ["wire_failed"], 2]);
  });

  it("[H11] [H12] a join that waits to be allowed while its link is announced again counts, and is acknowledged", async () => {
    const w = inRoom();
    let allow!: (allowed: boolean) => void;
    const cid = w.client("cid", { authorize: ({ watch }) => watch === "users" || new Promise((resolve) => { allow = resolve; }) });
    cid.join("r");
    const re = cid.join("r", { watch: "count" });
    w.edit((host) => ({ ...host, links: drop(host.links, cid.link.id) }));
    expect(w.registry.audit()).toBeGreaterThan(0);
    cid.news();
    allow(true);
    await settled();
    w.clock.advance(60);
    expect(cid.news()).toMatchObject([{ type: "joined", re, user: "cid" }, { type: "count", users: 3 }]);
  });

  it("[H11] an open socket that the host does not know is announced again, with all that it wants and was given", async () => {
    const w = inRoom();
    w.edit((host) => ({ ...host, links: drop(host.links, w.ann.link.id) }));
    // Its connections are nobody's: they end, and new ones take their place.
    expect(w.registry.audit()).toBeGreaterThan(0);
    await settled();
    w.clock.advance(60);
    expect(new Set(w.codes())).toEqual(new Set(["audit_repaired"]));
    expect([w.registry.userCount("lobby"), w.registry.connectionCount("lobby"), w.registry.connectionCount("r")]).toEqual([1, 1, 2]);
    expect(w.registry.users("r").find(({ id }) => id === "ann")?.meta).toEqual({ i: 1 });
    expect([agrees(w, w.ann, "r"), agrees(w, w.bob, "r"), w.changes()]).toEqual([true, true, []]);
    expect(w.registry.audit()).toBe(0);
    // It works: a close ends them.
    w.ann.link.closed("leave");
    expect(w.changes()).toEqual(["left ann", "left ann"]);
  });

  it("[H11] a link that the host knows and nobody else vanishes", () => {
    const w = inRoom();
    const ghost = "link-99";
    w.edit((host) => fed(host, { type: "open", link: ghost, lease: 75_000 }));
    expect([w.registry.audit(), w.errors]).toMatchObject([1, [{ code: "audit_repaired", link: ghost }]]);
    expect(w.registry.audit()).toBe(0);
  });

  it("[H11] a connection of the log that no link has is ended", () => {
    const w = inRoom();
    w.log.append("r", [{ type: "connect", conn: "ghost", user: "eve", tag: 7, meta: {} }]);
    expect(w.registry.userCount("r")).toBe(3);
    expect([w.registry.audit(), w.errors]).toMatchObject([1, [{ code: "audit_repaired", room: "r" }]]);
    w.clock.advance(60);
    expect([w.registry.userCount("r"), w.changes(), agrees(w, w.bob, "r")]).toEqual([2, ["joined eve", "left eve"], true]);
  });

  it("[H11] a connection that the log lost is announced again, since when and all", () => {
    const w = inRoom();
    const conn = w.registry.users("r").find(({ id }) => id === "ann")?.connections[0]?.conn ?? "";
    const { since } = w.registry.users("r").find(({ id }) => id === "ann")!;
    meddle.deaf = true;
    w.log.append("r", [{ type: "disconnect", conn, reason: "vanished" }]);
    meddle.deaf = false;
    w.clock.advance(60);
    expect([w.registry.userCount("r"), w.registry.audit(), w.registry.audit()]).toEqual([1, 1, 0]);
    w.clock.advance(60);
    expect(w.registry.users("r").find(({ id }) => id === "ann")).toMatchObject({ since, meta: { i: 1 } });
    expect(w.ann.last("joined")).toMatchObject({ room: "r", user: "ann" });
    expect([agrees(w, w.bob, "r"), agrees(w, w.ann, "r")]).toEqual([true, true]);
  });

  it("[H11] so is one that the log never had", () => {
    const w = inRoom();
    w.bob.join("lobby", { watch: "none" });
    w.bob.say({ type: "leave", room: "lobby" });
    // Two connections that never reached the log: one of an open link, one in grace.
    w.edit((host) => fed(host,
      { type: "join", link: w.bob.link.id, room: "lobby", by: "client", conn: "never-1", tag: 8, meta: {} },
      { type: "open", link: "gone", lease: 75_000 },
      { type: "identify", link: "gone", user: "eve" },
      { type: "join", link: "gone", room: "lobby", by: "client", conn: "never-2", tag: 9, meta: {} },
      { type: "close", link: "gone", how: "vanished" },
    ));
    w.changes();
    expect(w.registry.audit()).toBe(2);
    w.clock.advance(20_000);
    expect([w.registry.audit(), w.registry.users("lobby").map(({ id }) => id), w.changes()]).toEqual([0, ["ann"], []]);
  });

  it("[H11] what is on its way is no fault, and a closed registry has none", () => {
    const w = inRoom();
    w.registry.close();
    expect(w.registry.audit()).toBe(0);
  });
});
