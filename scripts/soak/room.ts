import type { Chance } from "../bots/chance.js";
import { truthText } from "./lists.js";
import type { Opener } from "./opener.js";
import { createTab, type Tab } from "./tab.js";
import type { Act, Tally } from "./tally.js";
import type { Times } from "./times.js";
import { createWatcher } from "./watcher.js";

export type RoomPlan = { readonly name: string; readonly part: number; readonly tabs: number; readonly watched: boolean };

export type RoomNeeds = {
  readonly port: number;
  readonly addresses: readonly string[];
  readonly times: Times;
  readonly chance: Chance;
  readonly opener: Opener;
  readonly tally: Tally;
};

/** Somebody who shows something else than is so, and both in words. */
export type Finding = { readonly room: string; readonly who: string; readonly shows: string; readonly truth: string };

/** A room and all who are in it or look at it. It knows what is so, since all that happens in it is its doing. */
export type SoakRoom = {
  readonly name: string;
  readonly part: number;
  /** All of its tabs, as soon as the opener lets them. */
  readonly begin: () => void;
  /** Whether all of them are in. */
  readonly isFull: () => boolean;
  /** Those who are on their way in, or wait for an answer. */
  readonly unanswered: () => readonly string[];
  /** Something to some tab; false if nothing could be done now. */
  readonly act: (act: Act) => boolean;
  readonly cutWatcher: () => void;
  /** Nothing happens any more, and who is away stays away. */
  readonly freeze: () => void;
  readonly thaw: () => void;
  /** By when everybody must have been told of all that happened, by `performance.now()`. */
  readonly settled: () => number;
  readonly truth: () => string;
  readonly views: () => number;
  readonly findings: () => readonly Finding[];
  readonly close: () => void;
};

/** Of five users of a room one has a second tab. */
const USERS = 0.8;
/** One tab in so many only counts. */
const COUNTING = 10;
/** What a machine may take beside the times that are promised; who needs longer counts as late. */
const MARGIN = 300;
/** A client of ours that was cut opens its next socket within this. */
const RECONNECT = 1_500;

export function createRoom({ name, part, tabs: size, watched }: RoomPlan, { port, addresses, times, chance, opener, tally }: RoomNeeds): SoakRoom {
  const users = Math.max(1, Math.ceil(size * USERS));
  const flushed = times.flush + MARGIN;
  let settled = 0;
  let frozen = false;
  let closed = false;
  let waiting: (() => void)[] = [];
  const address = (): string | undefined => chance.pick(addresses);
  const tabs = Array.from({ length: size }, (_, i): Tab => {
    const tab = createTab({
      port, address: address(), user: `${name.replace("room-", "u")}-${i % users}`, room: name, tab: i, mode: i % COUNTING === COUNTING - 1 ? "count" : "users", tally, random: chance.next,
      onChange: () => { due(flushed); },
      onLost: () => {
        due(times.grace + 2 * times.tick + flushed);
        comeBack(tab, 200);
      },
    });
    return tab;
  });
  const watcher = watched ? createWatcher(name, port, address(), tally) : undefined;

  function due(ms: number): void {
    settled = Math.max(settled, performance.now() + ms);
  }

  /** What was to happen while the room is quiet happens afterwards. */
  function unlessQuiet(run: () => void): void {
    if (closed) return;
    if (frozen) waiting.push(run);
    else run();
  }

  function comeBack(tab: Tab, ms: number): void {
    setTimeout(() => {
      unlessQuiet(() => { opener.add(() => { unlessQuiet(() => { tab.open(); }); }); });
    }, ms);
  }

  /** Its connection ends once its grace is over, unless its user comes back before. */
  function gone(tab: Tab, how: Parameters<Tab["end"]>[0], after: number): void {
    tab.end(how);
    due(times.grace + 2 * times.tick + flushed);
    comeBack(tab, after);
  }

  return {
    name, part,
    begin() { for (const tab of tabs) opener.add(() => { unlessQuiet(() => { tab.open(); }); }); },
    isFull: () => tabs.every((tab) => tab.isIn()),
    unanswered: () => tabs.filter((tab) => tab.wishes() && !tab.isIn()).map(({ who }) => who),
    act(act) {
      const tab = chance.pick(tabs);
      if (frozen || closed || !tab?.isIn()) return false;
      switch (act) {
        case "refresh":
          gone(tab, "page", chance.between(20, 500));
          break;
        case "cut":
          gone(tab, "line", chance.between(20, 1_000));
          break;
        case "away":
          gone(tab, chance.next() < 0.5 ? "page" : "line", times.grace * (0.5 + 2.5 * chance.next()));
          break;
        case "silent": {
          const lease = times.lease + 3 * times.tick;
          tab.end({ silent: lease });
          due(lease + flushed);
          comeBack(tab, lease * chance.next());
          break;
        }
        case "update":
          tab.update();
          break;
        case "leave":
          tab.leave();
          due(flushed);
          setTimeout(() => { unlessQuiet(() => { tab.join(); }); }, times.grace * (0.1 + 2 * chance.next()));
      }
      return true;
    },
    cutWatcher() {
      if (frozen || closed || !watcher) return;
      watcher.cut();
      due(RECONNECT + flushed);
    },
    freeze() { frozen = true; },
    thaw() {
      frozen = false;
      for (const run of waiting.splice(0)) run();
    },
    settled: () => settled,
    truth: () => truthText(tabs.filter((tab) => tab.wishes()).map((tab) => tab.self())),
    views: () => tabs.filter((tab) => tab.wishes()).length + (watcher ? 1 : 0),
    findings() {
      const truth = this.truth();
      const counts = truth.slice(0, truth.indexOf(":"));
      return [...tabs.filter((tab) => tab.wishes()), ...(watcher ? [watcher] : [])].flatMap(({ who, shows }) => {
        const shown = shows();
        // Who only counts shows the numbers and no list.
        return shown === truth || shown === counts ? [] : [{ room: name, who, shows: shown, truth }];
      });
    },
    close() {
      closed = true;
      waiting = [];
      for (const tab of tabs) tab.end(chance.next() < 0.5 ? "page" : "line");
      watcher?.close();
    },
  };
}
