import { ROUGH_MOST } from "./rough-way.js";
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
  /** Until when the server surely takes it for here, if nothing is heard of it any more. */
  readonly hereUntil: number;
  /** It was never in the room so far. */
  readonly fresh: boolean;
  /** From when on it is surely back; undefined: something is the matter with it. */
  readonly settles: number | undefined;
  readonly beliefs: Readonly<Record<Counter, Belief>>;
};

/** Everything that is open, and which lines are rough: undefined where none was, else until when it counts as such. */
export type Scene = { readonly tabs: ReadonlyMap<number, TabState>; readonly sleeping: ReadonlyMap<string, number>; readonly rough: ReadonlyMap<string, number>; /** By user, until when the server may take a dead socket of theirs for open. */ readonly ghosts: ReadonlyMap<string, number>; /** When the server went down last. */ readonly restarted: number | undefined };

export const emptyScene: Scene = { tabs: new Map(), sleeping: new Map(), rough: new Map(), ghosts: new Map(), restarted: undefined };

/** The least that is left of a lease when a line falls silent: the last word may have been said a ping ago, and a way there and back. */
export const QUIET: number = TIMES.lease - TIMES.ping - 500;
/** What was sent while a line was rough arrives within this. */
const ROUGH_ENDS = 5_000;

/** The scene after what happened. */
export function after(scene: Scene, happening: Happening): Scene {
  const { at } = happening;
  /** That tab's socket is another from now on, or none; if nothing passed the old one, the server does not know. */
  const haunted = (tab: number, until?: number): ReadonlyMap<string, number> => {
    const { user, silent } = scene.tabs.get(tab) ?? {};
    const end = until ?? (silent === undefined ? undefined : silent + TIMES.lease + 2 * TIMES.tick);
    return user === undefined || end === undefined ? scene.ghosts : new Map(scene.ghosts).set(user, Math.max(end, scene.ghosts.get(user) ?? 0));
  };
  const change = (tab: number, part: Partial<TabState>): Scene => {
    const was = scene.tabs.get(tab);
    return was ? { ...scene, tabs: new Map(scene.tabs).set(tab, { ...was, ...part }) } : scene;
  };
  /** From now on nothing is heard of a tab, which is forgiven for so long: from when it was last surely there. */
  const lost = ({ settles, hereUntil }: TabState, patience: number): Partial<TabState> => (
    { settles: undefined, hereUntil: settles !== undefined && at >= settles ? at + patience : Math.min(hereUntil, at + patience), ...(settles !== undefined && at >= settles && { fresh: false }) }
  );
  const back = ({ user }: TabState): Partial<TabState> => ({ settles: at + CROSSINGS * wayOf(scene, user, at) });
  const own = "tab" in happening ? scene.tabs.get(happening.tab) : undefined;
  const { grace } = TIMES;
  switch (happening.type) {
    case "opened": {
      const { tab, device } = happening;
      const user = DEVICES.find(({ id }) => id === device)?.user ?? "";
      const opened: TabState = { tab, device, user, down: at, silent: undefined, asleep: scene.sleeping.get(device), loaded: at, woke: undefined, hereUntil: at + grace, fresh: true, settles: undefined, beliefs: nothing };
      return { ...scene, tabs: new Map(scene.tabs).set(tab, opened) };
    }
    case "closed": return { ...scene, ghosts: haunted(happening.tab), tabs: new Map([...scene.tabs].filter(([tab]) => tab !== happening.tab)) };
    case "line": return { ...change(happening.tab, { down: happening.up ? undefined : own?.down ?? at, silent: undefined, ...(own && (happening.up ? back(own) : lost(own, grace))) }), ghosts: haunted(happening.tab) };
    case "late": return { ...scene, ghosts: haunted(happening.tab, happening.until + TIMES.grace + 2 * TIMES.tick) };
    case "silent": return change(happening.tab, { silent: at, ...(own && lost(own, QUIET)) });
    case "sleep": {
      const { device, asleep } = happening;
      const part = (tab: TabState): Partial<TabState> => (asleep ? { asleep: at, ...lost(tab, QUIET) }
        : { asleep: undefined, woke: at, ...(tab.down === undefined && tab.silent === undefined && back(tab)) });
      const sleeping = new Map(scene.sleeping);
      if (asleep) sleeping.set(device, at);
      else sleeping.delete(device);
      return { ...scene, sleeping, tabs: new Map([...scene.tabs].map(([tab, state]) => [tab, state.device === device ? { ...state, ...part(state) } : state])) };
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
export function truthOf(scene: Scene, user: string, at: number): { readonly truth: Truth; /** The server can't know of it yet. */ readonly fresh: boolean } {
  const own = [...scene.tabs.values()].filter((tab) => tab.user === user);
  const here = own.filter((tab) => truthOfTab(tab, at) === "here");
  if (here.length > 0) return { truth: "here", fresh: here.every(({ fresh, settles }) => fresh && !(settles !== undefined && at >= settles)) };
  return { truth: own.some((tab) => truthOfTab(tab, at) === "either") ? "either" : "away", fresh: false };
}

function truthOfTab({ asleep, hereUntil, settles }: TabState, at: number): Truth {
  const { lease, tick } = TIMES;
  if (asleep !== undefined && at >= asleep + lease + 2 * tick) return "away";
  return at < hereUntil || (settles !== undefined && at >= settles) ? "here" : "either";
}

/** The most that a line takes one way where nothing is rough, and how often a tab that is back crosses it until it is in the room: `hello`, `welcome`, `join`. */
const WAY = 200;
const CROSSINGS = 3;

/** The most that a user's line takes one way. */
export function wayOf(scene: Scene, user: string, at: number): number {
  return at < (scene.rough.get(user) ?? 0) ? ROUGH_MOST + WAY : WAY;
}
