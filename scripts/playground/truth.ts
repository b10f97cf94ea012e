import { DEVICES, TIMES } from "./script.js";
import type { Belief, Counter, Happening } from "./world.js";
import { nothing } from "./world.js";

/** A drawn tab, as all that happened left it. Times are ms of the world. */
export type TabState = {
  readonly tab: number;
  readonly device: string;
  readonly user: string;
  /** Since when the server has no socket of it; undefined: it has. */
  readonly down: number | undefined;
  /** Since when nothing passes its line. */
  readonly silent: number | undefined;
  /** Since when its device sleeps. */
  readonly asleep: number | undefined;
  /** When its page was loaded. */
  readonly loaded: number;
  /** When its device woke up last. */
  readonly woke: number | undefined;
  readonly beliefs: Readonly<Record<Counter, Belief>>;
};

/** Everything that is open, and which lines are rough: undefined where none was, else until when it counts as such. */
export type Scene = { readonly tabs: ReadonlyMap<number, TabState>; readonly sleeping: ReadonlyMap<string, number>; readonly rough: ReadonlyMap<string, number>; /** When the server went down last. */ readonly restarted: number | undefined };

export const emptyScene: Scene = { tabs: new Map(), sleeping: new Map(), rough: new Map(), restarted: undefined };

/** What was sent while a line was rough arrives within this. */
const ROUGH_ENDS = 5_000;

/** The scene after what happened. */
export function after(scene: Scene, happening: Happening): Scene {
  const { at } = happening;
  const change = (tab: number, part: Partial<TabState>): Scene => {
    const was = scene.tabs.get(tab);
    return was ? { ...scene, tabs: new Map(scene.tabs).set(tab, { ...was, ...part }) } : scene;
  };
  switch (happening.type) {
    case "opened": {
      const { tab, device } = happening;
      const user = DEVICES.find(({ id }) => id === device)?.user ?? "";
      const opened: TabState = { tab, device, user, down: at, silent: undefined, asleep: scene.sleeping.get(device), loaded: at, woke: undefined, beliefs: nothing };
      return { ...scene, tabs: new Map(scene.tabs).set(tab, opened) };
    }
    case "closed": return { ...scene, tabs: new Map([...scene.tabs].filter(([tab]) => tab !== happening.tab)) };
    case "line": return change(happening.tab, { down: happening.up ? undefined : scene.tabs.get(happening.tab)?.down ?? at, silent: undefined });
    case "silent": return change(happening.tab, { silent: at });
    case "sleep": {
      const { device, asleep } = happening;
      const part = asleep ? { asleep: at } : { asleep: undefined, woke: at };
      const sleeping = new Map(scene.sleeping);
      if (asleep) sleeping.set(device, at);
      else sleeping.delete(device);
      return { ...scene, sleeping, tabs: new Map([...scene.tabs].map(([tab, state]) => [tab, state.device === device ? { ...state, ...part } : state])) };
    }
    case "rough": return { ...scene, rough: new Map(scene.rough).set(happening.user, happening.rough ? Infinity : at + ROUGH_ENDS) };
    case "server": return happening.up ? scene : { ...scene, restarted: at };
    case "belief": {
      const was = scene.tabs.get(happening.tab);
      // A page that shows nothing yet is one that was loaded just now.
      return change(happening.tab, { ...(happening.belief.says === "unknown" && { loaded: at }), ...(was && { beliefs: { ...was.beliefs, [happening.counter]: happening.belief } }) });
    }
    case "deed": return scene;
  }
}

/** `either`: nobody can know, and both answers count as right. */
export type Truth = "here" | "away" | "either";

/**
 * Whether a user is here: who has an open tab. A tab that is refreshed, or whose line broke, is open.
 * One that the server can't have heard of for so long that its time may be over (the lease where nothing passes, the grace where the end was seen) is either;
 * on a device that sleeps for longer than the lease it is not open any more, until the device wakes.
 */
export function truthOf(scene: Scene, user: string, at: number): Truth {
  let truth: Truth = "away";
  for (const tab of scene.tabs.values()) {
    if (tab.user !== user) continue;
    const one = truthOfTab(tab, at);
    if (one === "here") return one;
    if (one === "either") truth = one;
  }
  return truth;
}

function truthOfTab({ asleep, silent, down }: TabState, at: number): Truth {
  const { lease, ping, tick, grace } = TIMES;
  if (asleep !== undefined) {
    // Its last word may have been said a ping before it fell asleep.
    if (at < asleep + lease - ping) return "here";
    return at < asleep + lease + 2 * tick ? "either" : "away";
  }
  if (silent !== undefined && at >= silent + lease - ping) return "either";
  return down !== undefined && at >= down + grace ? "either" : "here";
}
