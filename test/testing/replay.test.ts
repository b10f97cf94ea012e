import { describe, expect, it } from "vitest";
import { memoryLog } from "../../src/server/memory-log.js";
import type { RecordLine } from "../../src/server/index.js";
import { replay } from "../../src/testing/replay.js";
import { fakeClock } from "../support/fake-clock.js";
import { seeded, settled, world, heldLog, type FakeClient, type Meta, type World } from "../support/server.js";

/** A recording, and what it came to. */
function recorded(w: World, options?: Parameters<World["registry"]["record"]>[1]): { lines: string[]; stop: () => void } {
  const lines: string[] = [];
  return { lines, stop: w.registry.record((line) => lines.push(line), options) };
}

const parsed = (lines: readonly string[]): RecordLine<Meta>[] => lines.map((line) => JSON.parse(line) as RecordLine<Meta>);

/** Whatever can happen on one server, by chance. */
function bustle(w: World, seed: number, turns: number, clients: FakeClient[] = []): void {
  const random = seeded(seed);
  const any = (n: number): number => Math.floor(random() * n);
  const ends = ["leave", "vanished", "vanished", "timeout"] as const;
  for (let i = 0; i < turns; i++) {
    const client = clients[any(clients.length)];
    const room = ["r", "s", "__proto__"][any(3)]!;
    const what = any(13);
    if (!client || what === 0) clients.push(w.client(["ann", "bob", "cid", "__proto__"][any(4)]!, { lease: 20_000 + any(50_000) }));
    else if (what < 5) client.join(room, { meta: { i: any(3) }, present: any(5) > 0 });
    else if (what === 5) client.say({ type: "update", room, meta: { i: any(3) } });
    else if (what === 6) client.say({ type: "leave", room });
    else if (what === 7) client.link.closed(ends[any(4)]!);
    else if (what === 8) void client.link.join(room, { meta: { by: "server" } });
    else if (what === 9) void client.link.identify(any(3) === 0 ? undefined : { user: ["ann", "bob"][any(2)]! });
    else if (what === 10 && any(3) === 0) w.registry.kick("bob", room, any(2) === 0 ? {} : { block: 5_000 });
    else if (what === 11 && any(4) === 0) w.clock.jump(any(200_000) - 100_000);
    else w.clock.advance(any(4_000));
  }
}

describe("record and replay", () => {
  it("[H13] a recorded run ends at the same digests and with the same host, whenever the recording began", () => {
    for (let seed = 1; seed <= 25; seed++) {
      const w = world();
      const clients: FakeClient[] = [];
      bustle(w, seed, seed % 4 === 0 ? 0 : 60, clients);
      const { lines, stop } = recorded(w);
      bustle(w, seed * 1_000, 150, clients);
      stop();
      w.clock.advance(60_000);
      const done = replay<Meta>(lines);
      expect(done.differences, `seed ${seed}`).toEqual([]);
      expect(done.complete).toBe(true);
      const end = parsed(lines).at(-1)!;
      expect(end.type).toBe("end");
      if (end.type === "end") {
        expect(new Map([...done.rooms].map(([name, { epoch, seq, digest }]) => [name, [epoch, seq, digest]]))).toEqual(new Map(end.rooms));
        expect(end.rooms.length + end.host.links.length, `seed ${seed}`).toBeGreaterThan(0);
      }
      expect(replay(lines.join(""))).toEqual(done);
    }
  });

  it("[H13] it differs, and says where, when a line was lost or changed", () => {
    const w = world();
    const { lines, stop } = recorded(w);
    const ann = w.client("ann");
    ann.join("r");
    w.client("bob").join("r");
    ann.say({ type: "leave", room: "r" });
    stop();
    expect(replay(lines).differences).toEqual([]);
    let found = 0;
    for (const [i, line] of parsed(lines).entries()) {
      const matters = line.type === "append" || (line.type === "step" && ["join", "leave", "identify", "log"].includes(line.input.type));
      if (!matters) continue;
      found++;
      expect(replay(lines.filter((_, k) => k !== i)).differences, `without line ${i + 1}: ${lines[i]!}`).not.toEqual([]);
    }
    expect(found).toBeGreaterThan(8);
    const other = lines.map((line) => line.replaceAll(/"tag":\d+/g, '"tag":5'));
    expect(replay(other).differences[0]).toMatch(/^line \d+: /);
  });

  it("[H13] tells the story in plain words", () => {
    const w = world({ grace: 2_000 });
    const { lines, stop } = recorded(w);
    const ann = w.client("ann", { lease: 3_000 });
    ann.join("board");
    const bob = w.client("bob \u001b[2J");
    bob.join("board");
    const again = w.client("ann");
    again.join("board");
    bob.link.closed("vanished");
    w.clock.advance(5_000);
    w.registry.kick("ann", "board", { block: 1_000 });
    again.join("board");
    stop();
    const story = replay(lines).story.map((line) => line.replace(/^\+\S+ s {2}/, ""));
    expect(story).toEqual([
      "the recording begins: 0 links",
      "link-1 opens, with a lease of 3 s", "link-1 is ann", 'ann (link-1) joins "board"', 'ann joined "board": 1 person',
      "link-2 opens, with a lease of 75 s", 'link-2 is "bob \\u001b[2J"', '"bob \\u001b[2J" (link-2) joins "board"', '"bob \\u001b[2J" joined "board": 2 people',
      "link-3 opens, with a lease of 75 s", "link-3 is ann", 'ann (link-3) joins "board"', 'ann has another connection in "board", 2 now',
      '"bob \\u001b[2J" (link-2) is gone without a word, and is kept for a grace of 2 s',
      'the grace of "bob \\u001b[2J" in "board" is over', '"bob \\u001b[2J" left "board" (vanished): 1 person',
      "ann (link-1) was silent for its lease, and is ended", 'ann has a connection less in "board", 1 now',
      'ann left "board" (kicked): 0 people', 'ann is kept out of "board"',
      'ann (link-3) joins "board"', 'the log of "board" refused the connect of ann: blocked',
      "the recording ends",
    ]);
    expect(replay(lines).story.at(-1)).toMatch(/^\+5 s {2}/);
  });

  it("[H13] [S5] has no token, context or address in it, and no meta where it is replaced", () => {
    const w = world();
    const secrets = { token: "s3cret-token", address: "10.9.8.7" };
    const { lines, stop } = recorded(w, { meta: () => undefined });
    const plain = recorded(w, { meta: (meta) => ({ name: meta.name, meta: "nested" }) });
    const ann = w.open("peer-of-ann", { user: "ann", context: secrets, meta: { name: "Ann" }, authorize: () => true });
    ann.join("r", { meta: { mood: "private-mood" } });
    ann.say({ type: "update", room: "r", meta: { mood: "other-mood" } });
    w.clock.advance(1_000);
    stop();
    plain.stop();
    for (const text of [lines.join(""), plain.lines.join("")]) for (const secret of ["s3cret", "10.9.8.7", "mood", "peer-of-ann"]) expect(text).not.toContain(secret);
    expect(lines.join("")).not.toContain("Ann");
    expect(plain.lines.join("")).toContain('"meta":{"name":"Ann","meta":"nested"}');
    expect([replay(lines), replay(plain.lines)].map(({ differences, rooms }) => [differences, rooms.get("r")?.digest])).toEqual(Array(2).fill([[], w.registry.snapshot("r").digest]));
  });

  it("[H13] costs nothing while nobody records: not even a look at the clock", () => {
    const w = world();
    const ann = w.client("ann");
    ann.join("r");
    let looks = 0;
    const still = fakeClock();
    w.clock.now = () => { looks++; return still.now(); };
    const cost = (): number => {
      const before = looks;
      ann.say({ type: "update", room: "r", meta: { i: looks } });
      return looks - before;
    };
    const idle = cost();
    const { lines, stop } = recorded(w);
    expect(cost()).toBeGreaterThan(idle);
    stop();
    const written = lines.length;
    expect([cost(), lines.length]).toEqual([idle, written]);
  });

  it("[H13] a sink that throws ends its own recording, and nothing else", () => {
    const w = world();
    let taken = 0;
    w.registry.record(() => { if (++taken > 2) throw new Error("disk full"); });
    const { lines } = recorded(w);
    w.client("ann").join("r");
    expect([w.registry.userCount("r"), w.codes(), taken]).toEqual([1, ["record_failed"], 3]);
    w.registry.close();
    expect(parsed(lines).at(-1)?.type).toBe("end");
    expect(replay(lines)).toMatchObject({ differences: [], complete: true });
    expect(() => w.registry.record(() => undefined)).toThrow(/closed/);
    expect(() => world().registry.record("out.txt" as never)).toThrow(/registry\.record\(sink\)/);
    // Spelled wrong, it would write down what was to be kept out.
    expect(() => world().registry.record(() => undefined, { metas: () => null } as never)).toThrow(/there is no option "metas", only meta/);
    expect(() => world().registry.record(() => undefined, { meta: 5 } as never)).toThrow(/option "meta" must be a function/);
    expect(replay(`\uFEFF${lines.join("")}`).complete).toBe(true);
    expect(() => replay(undefined as never)).toThrow("replay: what is to be replayed must be a text, or its lines.");
  });

  it("[H13] a log that is elsewhere replays too: what it said counts", async () => {
    const log = heldLog<Meta>(memoryLog<Meta>());
    const w = world({ log });
    const { lines, stop } = recorded(w);
    w.client("ann").join("r");
    w.client("bob").join("r");
    await log.answer(false);
    w.clock.advance(1_000);
    await log.answer();
    await log.answer();
    w.registry.kick("bob", "r");
    await log.answer();
    await settled();
    stop();
    const done = replay<Meta>(lines);
    expect([done.differences, [...done.rooms.get("r")!.users.keys()], done.rooms.get("r")?.digest]).toEqual([[], ["ann"], w.registry.snapshot("r").digest]);
  });

  it("[H13] tells of a recording that breaks off, begins anew in one file, or is none", () => {
    const w = world();
    const { lines } = recorded(w);
    w.client("ann").join("r");
    const text = lines.join("");
    expect(replay(text)).toMatchObject({ complete: false, differences: [] });
    expect(replay(text.slice(0, -20)).story.at(-1)).toMatch(/breaks off amid a line$/);
    expect(replay(`${text}\n${text}`).story.filter((line) => line.endsWith("the recording begins: 0 links"))).toHaveLength(2);
    expect(() => replay("")).toThrow(/no line/);
    expect(() => replay("{}\n")).toThrow(/line 1 is no line of a recording/);
    expect(() => replay([lines[1]!])).toThrow(/begins with a line of type "start", not "step"/);
    expect(() => replay([lines[0]!, "nonsense", lines[1]!])).toThrow(/line 2 is no line/);
    expect(() => replay(lines[0]!.replace('"version":1', '"version":2'))).toThrow(/line 1: a recording of version 2/);
    expect(() => replay('{"type":"start","t":0,"version":1}')).toThrow(/line 1: a line of type "start" that no headcount wrote/);
    expect(() => replay([lines[0]!, '{"type":"step","t":0}'])).toThrow(/line 2: a line of type "step" that no headcount wrote/);
  });
});
