import { describe, expect, it } from "vitest";
import { memoryLog } from "../../src/server/memory-log.js";
import { createRegistry } from "../../src/server/registry.js";
import { heldLog, settled, world, type Meta, type World } from "../support/server.js";

const text = (w: World, user: string, room = "board"): string[] => w.registry.explain(room, user).text.split("\n");

describe("registry.explain", () => {
  it("[H14] says by which connections somebody is shown, since when, last heard when, and what will end them when", () => {
    const w = world();
    const ann = w.client("ann");
    ann.join("board");
    const other = w.client("ann", { lease: 30_000 });
    void other.link.join("board");
    const [first, second] = w.registry.users("board")[0]!.connections;
    const born = w.clock.now();
    // The first tick starts the leases.
    w.clock.advance(1_000);
    ann.link.heard();
    w.clock.advance(9_500);
    other.link.closed("vanished");
    w.clock.advance(4_000);
    const told = w.registry.explain("board", "ann");
    const now = w.clock.now();
    expect(told).toMatchObject({ room: "board", user: "ann", shown: true, since: born, links: [], left: undefined, refused: undefined });
    expect(told.connections).toEqual([
      { conn: first!.conn, state: "open", link: "link-1", claims: ["client"], lastHeard: born + 1_000, ends: { by: "lease", in: 62_500, at: now + 62_500, of: 75_000 } },
      { conn: second!.conn, state: "grace", link: undefined, claims: ["server"], lastHeard: born, ends: { by: "grace", in: 6_500, at: now + 6_500, of: 10_000 } },
    ]);
    expect(told.text.split("\n")).toEqual([
      'ann is shown in "board", for 15 s now, by 2 connections:',
      `- ${first!.conn} of link-1: its client wants it there, last heard 14 s ago; its lease of 75 s ends in 63 s, unless it is heard.`,
      `- ${second!.conn}: its line is gone without a word, last heard 15 s ago; it is kept for a grace of 10 s, which ends in 7 s, or at once when ann is back.`,
    ]);
    // What it says comes true, at the first tick after.
    w.clock.advance(6_499 + 1_000);
    expect(w.registry.explain("board", "ann").connections.map(({ conn }) => conn)).toEqual([first!.conn]);
    w.clock.advance(54_000);
    expect(w.registry.explain("board", "ann")).toMatchObject({ shown: true, connections: [{ ends: { in: 1_001 } }] });
    w.clock.advance(2_001);
    expect(w.registry.explain("board", "ann")).toMatchObject({ shown: false, connections: [], left: { reason: "timeout", lastHeard: born + 1_000 } });
  });

  it("[H14] a link that was heard has its whole lease before it, and one that was sent away has the time to reconnect and its grace", async () => {
    const w = world();
    const ann = w.client("ann");
    ann.join("board");
    w.clock.advance(50_500);
    expect(w.registry.explain("board", "ann").connections[0]!.ends!.in).toBeLessThan(26_000);
    ann.link.heard();
    expect(w.registry.explain("board", "ann").connections[0]!.ends).toMatchObject({ by: "lease", in: 75_000 });
    const drained = w.registry.drain({ reconnectWithin: 5_000 });
    ann.link.closed("drain");
    expect(w.registry.explain("board", "ann").connections).toMatchObject([{ state: "drained", ends: { by: "grace", in: 15_000, of: 15_000 } }]);
    expect(text(w, "ann")[1]).toMatch(/it was sent elsewhere, last heard 0 s ago; it is kept for 15 s/);
    w.clock.advance(5_000);
    await drained;
  });

  it("[H14] says why somebody is not shown: left, kicked, refused, only watching, still waiting, never there", async () => {
    const w = world({ maxUsers: 2, grace: 0 });
    expect(text(w, "nobody")).toEqual(['nobody is not shown in "board":', "- No link of this process is nobody's."]);
    const ann = w.client("ann");
    ann.join("board");
    w.clock.advance(2_000);
    ann.say({ type: "leave", room: "board" });
    w.clock.advance(3_000);
    expect(w.registry.explain("board", "ann")).toMatchObject({ shown: false, left: { reason: "leave" }, links: [{ link: "link-1", asks: false, watches: undefined }] });
    expect(text(w, "ann")).toEqual(['ann is not shown in "board":', "- link-1, last heard 3 s ago: it is not in, and does not ask to be.", "- Left 3 s ago: by word, last heard 3 s ago."]);

    const bob = w.client("bob", { authorize: () => ({ code: "unpaid", message: "Pay first." }) });
    bob.join("board");
    expect(text(w, "bob").at(-1)).toBe("- Told 0 s ago: unpaid: Pay first.");

    let answer: ((yes: boolean) => void) | undefined;
    w.client("cid", { authorize: () => new Promise<boolean>((resolve) => { answer = resolve; }) }).join("board");
    expect(text(w, "cid")[1]).toMatch(/it asks to be in, and the answer is still to come/);
    answer!(true);
    await settled();
    expect(w.registry.explain("board", "cid").shown).toBe(true);

    w.client("dan").join("board", { present: false });
    expect(text(w, "dan")[1]).toMatch(/it only watches/);

    const eve = w.client("eve");
    eve.join("board");
    w.client("fay").join("board");
    expect(w.registry.explain("board", "fay").refused).toMatchObject({ code: "room_full" });
    w.registry.kick("eve", "board");
    expect(w.registry.explain("board", "eve")).toMatchObject({ shown: false, left: { reason: "kicked" }, refused: { code: "kicked" } });
    // The server's own joins are refused as well.
    expect(await w.client("gil").link.join("board")).toBe(true);
    expect(await w.client("hal").link.join("board")).toBe(false);
    expect(w.registry.explain("board", "hal").refused?.code).toBe("room_full");
    w.registry.kick("gil", "board");
    // Once they are back, old news is none.
    eve.join("board");
    expect(text(w, "eve")).toHaveLength(2);
  });

  it("[H14] with a log that is elsewhere it says what is known here, and what is on its way", async () => {
    const inner = memoryLog<Meta>();
    const log = heldLog<Meta>(inner);
    const w = world({ log });
    expect(w.registry.explain("board", "ann")).toMatchObject({ shown: undefined, connections: [] });
    expect(text(w, "ann")[0]).toBe('This process does not follow "board": whether ann is there is not known here.');
    w.client("ann").join("board");
    expect(w.registry.explain("board", "ann")).toMatchObject({ shown: false, connections: [{ state: "announcing", link: "link-1" }] });
    await log.answer();
    expect(w.registry.explain("board", "ann")).toMatchObject({ shown: true, connections: [{ state: "open" }] });
    inner.append("board", [{ type: "connect", conn: "far", user: "ann", tag: 7, meta: {} }]);
    expect(w.registry.explain("board", "ann").connections[1]).toEqual({ conn: "far", state: "elsewhere", link: undefined, claims: [], lastHeard: undefined, ends: undefined });
  });

  it("[H14] never throws, changes nothing, and remembers a bounded number of the departed", () => {
    const w = world({ grace: 0 });
    for (const [room, user] of [[undefined, undefined], [Symbol("r"), Symbol("u")], ["r", Object.create(null)], [null, 5], ["__proto__", "constructor"]] as never[][]) {
      expect(w.registry.explain(room!, user!).text).toMatch(/./);
    }
    const broken = createRegistry({ log: { ...memoryLog(), room: () => { throw new Error("away"); } } });
    expect(broken.explain("r", "ann").text).toBe("This could not be explained: away.");
    const before = JSON.stringify(w.registry.health());
    for (let i = 0; i < 600; i++) {
      // Who comes again and again is remembered as of the last time.
      const client = w.client(i % 100 === 0 ? "often" : `u${i}`);
      client.join("r", { watch: "none" });
      client.link.closed("leave");
    }
    expect(w.registry.explain("r", "often").left).toBeDefined();
    expect([w.registry.explain("r", "u1").left, w.registry.explain("r", "u599").left?.reason]).toEqual([undefined, "leave"]);
    expect(w.registry.explain("r", 599).user).toBe("599");
    expect(JSON.stringify({ ...w.registry.health() })).toBe(before);
    w.registry.close();
    expect(w.registry.explain("r", "u599").shown).toBe(false);
  });
});
