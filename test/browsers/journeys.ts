import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { EngineName } from "../support/engines/engine.js";
import { TIMES, within, type Link, type Seat, type Times, type World } from "./world.js";

/** What people do. `live` returns what was really seen: that a page was kept, how often a timer ran. */
export type Journey = {
  readonly name: string;
  readonly live: (world: World, engine: EngineName) => Promise<string>;
  readonly times?: Times;
  /** Engines that can't be brought to it, and why. */
  readonly not?: Partial<Record<EngineName, string>>;
};

/** Short, where somebody is to be seen leaving. */
const BRIEF = { grace: 1_000 };

async function couple(world: World, link?: Link | "patient"): Promise<readonly [ann: Seat, bob: Seat]> {
  const ann = await world.open("ann", link);
  await world.agree({ ann: 1 });
  const seats = [ann, await world.open("bob")] as const;
  await world.agree({ ann: 1, bob: 1 });
  await world.heard(["joined ann", "joined bob"], []);
  // Ann's page heard of bob, where it knew the room before he came.
  for (const seat of seats) await seat.value("void [diary.heard.plain, diary.heard.hook, diary.events, diary.statuses].forEach((list) => list.splice(0)); void diary.counts.splice(0, diary.counts.length - 1)");
  return seats;
}

/** Leaves the page and returns; whether it is the one that was left. */
async function awayAndBack(seat: Seat, ms: number): Promise<boolean> {
  await seat.value("void (globalThis.kept = true)");
  await seat.leave();
  await sleep(ms);
  await seat.back();
  await within(10_000, async () => { assert.ok(await seat.value("!!globalThis.shown && !!shown().hook")); });
  const kept = await seat.value<boolean>("globalThis.kept === true");
  const { events } = await seat.diary();
  assert.equal(events.includes("pageshow persisted"), kept, "`persisted` and what the page remembers tell the same");
  return kept;
}

const statuses = async (seat: Seat): Promise<string> => (await seat.diary()).statuses.join(", ") || "live throughout";
const restored = (kept: boolean, why: string): string => `restored from the page cache: ${kept ? "yes" : `no, ${why}`}`;
/** Firefox decides before `pagehide`, and no other event comes in time. */
const OPEN_SOCKET = "it keeps no page with an open socket; loaded anew";

const cut = (link: Link) => async (world: World): Promise<string> => {
  const [ann] = await couple(world, link);
  ann.line.refuse(true);
  ann.line.cut();
  await within(5_000, async () => {
    const { plain, people, hook } = await ann.shown();
    assert.deepEqual([plain.status, people.state, hook?.status], ["stale", "stale", "stale"]);
    assert.equal(people.names.length, 3, "nobody is missing while it is not known");
  });
  ann.line.refuse(false);
  await world.agree({ ann: 1, bob: 1 });
  await world.heard([]);
  return `status: ${await statuses(ann)}`;
};

const away = (link: Link) => async (world: World, engine: EngineName): Promise<string> => {
  const [ann, bob] = await couple(world, link);
  await ann.value("void (globalThis.kept = true)");
  await ann.leave();
  await world.agree({ bob: 1 }, [bob]);
  await ann.back();
  await world.agree({ ann: 1, bob: 1 });
  await world.heard(["left ann", "joined ann"], [bob]);
  const kept = await ann.value<boolean>("globalThis.kept === true");
  assert.equal(kept, engine !== "firefox", "whether the page was kept");
  return `${restored(kept, OPEN_SOCKET)}; bob heard her leave and join, once each`;
};

export const JOURNEYS: readonly Journey[] = [
  {
    name: "join",
    async live(world) {
      const ann = await world.open("ann");
      await world.agree({ ann: 1 });
      await world.heard(["joined ann"], []);
      await world.open("bob", "socket.io");
      await world.agree({ ann: 1, bob: 1 });
      await world.heard(["joined bob"], [ann]);
      return "ann over ws, bob over socket.io";
    },
  },
  {
    name: "second tab",
    async live(world) {
      const [ann] = await couple(world);
      await world.open("ann");
      await world.agree({ ann: 2, bob: 1 });
      await world.heard([]);
      return `the first one meanwhile: ${await ann.value<string>("document.visibilityState")}`;
    },
  },
  {
    name: "refresh",
    async live(world) {
      const [ann, bob] = await couple(world);
      for (let i = 0; i < 3; i++) await ann.reload();
      await world.agree({ ann: 1, bob: 1 });
      await world.heard([], [bob]);
      return "three times";
    },
  },
  {
    name: "tab close",
    times: BRIEF,
    async live(world) {
      const [ann, bob] = await couple(world);
      const second = await world.open("ann");
      await world.agree({ ann: 2, bob: 1 });
      await world.close(second);
      await world.agree({ ann: 1, bob: 1 });
      await world.heard([]);
      await world.close(ann);
      await world.agree({ bob: 1 });
      await world.heard(["left ann"], [bob]);
      return "the second, then the last";
    },
  },
  {
    name: "away and back",
    async live(world, engine) {
      const [ann, bob] = await couple(world);
      const kept = await awayAndBack(ann, 500);
      // Where the page is kept, so is what it heard.
      await world.agree({ ann: 1, bob: 1 });
      await world.heard([], kept ? [ann, bob] : [bob]);
      assert.equal(kept, engine !== "firefox", "whether the page was kept");
      return restored(kept, OPEN_SOCKET);
    },
  },
  {
    name: "away and back, line down",
    times: { grace: 10_000 },
    async live(world) {
      // No socket is open and none is tried, so that Firefox keeps the page as well.
      const [ann] = await couple(world, "patient");
      ann.line.cut();
      await within(5_000, async () => { assert.equal((await ann.shown()).plain.status, "stale"); });
      const kept = await awayAndBack(ann, 200);
      assert.ok(kept, "restored from the page cache");
      await world.agree({ ann: 1, bob: 1 });
      await world.heard([]);
      return `${restored(kept, "")}, and connected again by that alone; status: ${await statuses(ann)}`;
    },
  },
  { name: "away for long, and back, ws", times: BRIEF, live: away("ws") },
  { name: "away for long, and back, socket.io", times: BRIEF, live: away("socket.io") },
  { name: "cut line and return, ws", live: cut("ws") },
  { name: "cut line and return, socket.io", live: cut("socket.io") },
  {
    name: "hidden tab",
    async live(world) {
      const [ann, bob] = await couple(world);
      await ann.hide();
      await within(5_000, async () => { assert.equal(await ann.value("document.visibilityState"), "hidden"); });
      await ann.value("void (diary.ticks = 0)");
      const started = performance.now();
      const cem = await world.open("cem");
      await sleep(TIMES.lease + 1_500 - (performance.now() - started));
      const rate = await ann.value<number>("diary.ticks") / ((performance.now() - started) / 1_000);
      assert.ok(rate < 5, `timers are throttled: ${rate.toFixed(1)} calls a second`);
      assert.equal(await ann.value("document.visibilityState"), "hidden");
      await world.agree({ ann: 1, bob: 1, cem: 1 });
      await ann.show();
      await within(5_000, async () => { assert.equal(await ann.value("document.visibilityState"), "visible"); });
      await world.agree({ ann: 1, bob: 1, cem: 1 });
      await world.heard(["joined cem"], [ann, bob]);
      await world.close(cem);
      return `hidden for ${((TIMES.lease + 1_500) / 1_000).toFixed(0)} s, a lease is ${TIMES.lease / 1_000} s; its 100 ms timer ran ${rate.toFixed(1)} times a second`;
    },
  },
  {
    name: "freeze and thaw",
    not: { firefox: "Firefox can't freeze a page on demand", webkit: "WebKit can't freeze a page on demand" },
    async live(world) {
      const [ann, bob] = await couple(world);
      await ann.freeze!(true);
      const cem = await world.open("cem");
      await sleep(TIMES.lease);
      await world.agree({ ann: 1, bob: 1, cem: 1 }, [bob, cem]);
      await ann.freeze!(false);
      await ann.lived("resume");
      await world.agree({ ann: 1, bob: 1, cem: 1 });
      await world.heard(["joined cem"], [ann, bob]);
      const { events } = await ann.diary();
      assert.deepEqual(events.filter((event) => /freeze|resume/.test(event)), ["freeze", "resume"]);
      return `${events.filter((event) => /freeze|resume/.test(event)).join(", ")}; status: ${await statuses(ann)}`;
    },
  },
  {
    name: "offline and online",
    times: { grace: 10_000 },
    async live(world) {
      // Only the event brings its page back.
      const [ann] = await couple(world, "patient");
      const set = async (offline: boolean): Promise<void> => {
        ann.line.refuse(offline);
        if (offline) ann.line.cut();
        if (ann.offline) await ann.offline(offline);
        else await ann.value(`Object.defineProperty(navigator, "onLine", { configurable: true, value: ${!offline} }), dispatchEvent(new Event("${offline ? "offline" : "online"}"))`);
      };
      await set(true);
      assert.equal(await ann.value("navigator.onLine"), false);
      await within(5_000, async () => { assert.equal((await ann.shown()).people.state, "stale"); });
      await sleep(500);
      await set(false);
      await world.agree({ ann: 1, bob: 1 });
      await world.heard([]);
      await ann.lived("online");
      return `${ann.offline ? "by the engine's own switch" : "it has no switch: events by script"}, and a line that is cut`;
    },
  },
  {
    name: "server restart",
    async live(world) {
      const [ann] = await couple(world);
      await world.restart(500);
      await world.agree({ ann: 1, bob: 1 });
      await world.heard([]);
      return `status: ${await statuses(ann)}`;
    },
  },
];
