import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createTurns } from "../../src/server/turns.js";
import { settled, world } from "../support/server.js";

type Said = { readonly room: string; readonly what: string };

describe("createTurns", () => {
  function start(): { turns: ReturnType<typeof createTurns<Said>>; done: string[]; defects: unknown[]; end: (cause?: Error) => Promise<void> } {
    const done: string[] = [];
    const defects: unknown[] = [];
    const waiting: ((cause?: Error) => void)[] = [];
    const turns = createTurns<Said>({
      act({ room, what }, over) {
        done.push(`${room} ${what}`);
        if (what === "throw") throw new Error("at once");
        if (what.startsWith("slow")) return new Promise<void>((resolve, reject) => { waiting.push((cause) => { if (cause) reject(cause); else resolve(); }); }).then(() => { done.push(`${room} ${what}${over() ? " over" : " done"}`); });
      },
      instead: (first, next) => (first.what === next.what ? next : undefined),
      onDefect: (room, cause) => { defects.push(`${room} ${(cause as Error).message}`); },
    });
    return { turns, done, defects, end: async (cause) => { waiting.shift()!(cause); await settled(); } };
  }

  it("[H12] what comes for a room while it is awaited is done after that, in order; other rooms wait for nothing", async () => {
    const { turns, done, end } = start();
    for (const what of ["slow", "a", "b", "b", "a", "slow 2", "c"]) turns.take({ room: "r", what });
    turns.take({ room: "s", what: "a" });
    expect(done).toEqual(["r slow", "s a"]);
    await end();
    expect(done.slice(2)).toEqual(["r slow done", "r a", "r b", "r a", "r slow 2"]);
    await end();
    turns.take({ room: "r", what: "d" });
    expect(done.slice(7)).toEqual(["r slow 2 done", "r c", "r d"]);
  });

  it("[H12] a room that is dropped is free at once, and what was awaited there is over", async () => {
    const { turns, done, end } = start();
    turns.take({ room: "r", what: "slow" });
    turns.take({ room: "r", what: "a" });
    turns.drop("r");
    turns.take({ room: "r", what: "slow 2" });
    turns.take({ room: "r", what: "b" });
    turns.drop("nowhere");
    await end();
    expect(done).toEqual(["r slow", "r slow 2", "r slow over"]);
    await end();
    expect(done.slice(3)).toEqual(["r slow 2 done", "r b"]);
  });

  it("[H11] what throws or rejects is a defect of its room, and what comes after it is done", async () => {
    const { turns, done, defects, end } = start();
    turns.take({ room: "r", what: "throw" });
    turns.take({ room: "r", what: "slow" });
    turns.take({ room: "r", what: "a" });
    await end(new Error("late"));
    expect([done, defects]).toEqual([["r throw", "r slow", "r a"], ["r at once", "r late"]]);
  });
});

const ROOMS = ["r", "s"];
const step = fc.record({
  what: fc.constantFrom("join", "join", "watch", "leave", "leave", "update", "answer", "answer", "identify"),
  room: fc.constantFrom(...ROOMS),
  user: fc.constantFrom("ann", "bob"),
  pick: fc.nat(7),
});

describe("any history of wishes that are allowed late, and in any order", () => {
  it("[H12] [H9] [V4] a link is where its client wanted to be last, and hears nothing of what it left", async () => {
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 30, size: "max" }), async (steps) => {
      const w = world({ rate: 10_000, burst: 10_000 });
      const asked: (() => void)[] = [];
      const ann = w.client("ann", { authorize: () => new Promise((resolve) => { asked.push(() => { resolve(true); }); }) });
      const wishes = new Map<string, { readonly n: number; readonly present: boolean; readonly user: string }>();
      const left = new Map<string, number>();
      let user = "ann";
      const heard = (): void => {
        for (const message of ann.news()) {
          if (message.type === "ended") throw new Error(message.code);
          if (message.type === "joined" && message.re !== undefined) expect([message.room, message.re > (left.get(message.room) ?? 0)]).toEqual([message.room, true]);
        }
      };
      for (const { what, room, user: next, pick } of steps) {
        switch (what) {
          case "join": case "watch": {
            const present = what === "join";
            wishes.set(room, { n: ann.join(room, { present, watch: pick % 2 ? "users" : "count" }), present, user });
            break;
          }
          case "leave": heard(); left.set(room, ann.say({ type: "leave", room })); wishes.delete(room); break;
          case "update": ann.say({ type: "update", room, meta: { pick } }); break;
          case "answer": asked.splice(pick % Math.max(1, asked.length), 1)[0]?.(); await settled(); break;
          case "identify": user = next; void ann.link.identify({ user }); break;
        }
        heard();
        for (const gone of ROOMS) if (!wishes.has(gone)) expect([gone, w.registry.userCount(gone)]).toEqual([gone, 0]);
      }
      while (asked.length > 0) {
        asked.shift()!();
        await settled();
      }
      w.clock.advance(60);
      heard();
      for (const room of ROOMS) {
        const wish = wishes.get(room);
        expect([room, w.registry.users(room).map(({ id }) => id)]).toEqual([room, wish?.present ? [user] : []]);
        const last = ann.all().findLast((message) => message.type === "joined" && message.room === room && message.re !== undefined);
        if (wish && !steps.some((each) => each.what === "identify" || each.what === "update")) expect(last).toMatchObject({ re: wish.n });
      }
      expect([w.registry.audit(), w.errors]).toEqual([0, []]);
      w.registry.close();
    }), { numRuns: 150 });
  });
});
