import { ROUGH_MOST } from "./rough-way.js";
import { DOWN, TIMES, USERS } from "./script.js";
import { after, emptyScene, truthOf, type Scene, type TabState, type Truth } from "./truth.js";
import { COUNTERS, type Counter, type Happening } from "./world.js";

/**
 * How right a list is. `says`: it is wrong, and the page says itself that it is old, or shows "…".
 * `promised`: it is wrong within the delays that headcount promises; `wrong`: it is wrong, and nothing excuses it. Both counters are measured alike.
 */
export type Verdict = "right" | "says" | "promised" | "wrong";

/** From the best to the worst. */
export const VERDICTS: readonly Verdict[] = ["right", "says", "promised", "wrong"];

/** A mistake that nothing excuses: which tab showed whom wrongly, from when to when. */
export type Mistake = { readonly counter: Counter; readonly tab: number; readonly user: string; readonly shows: "here" | "away"; readonly from: number; to: number };

export type Totals = { readonly ms: number; readonly by: Readonly<Record<Counter, Readonly<Record<Verdict, number>>>>; readonly mistakes: readonly Mistake[] };

/** What a page's client is given by default, in ms: its ping's wait for an answer, and its first wait before it dials again, at most. */
const ANSWER = 5_000;
const REDIAL = 500;
/** After a restart, all have dialed again within this. */
const RETURN = 2_000;
/** The most that a line takes one way where nothing is rough, in the simulated network. */
const WAY = 200;
/** How often an arrival crosses its line before the server has it: the dial there and back, `hello`, `welcome`, `join`. */
const CROSSINGS = 5;

export type Promised = { readonly coming: number; readonly leaving: number; readonly noticing: number };

/** Within what headcount promises that a view is right again: after somebody came, after somebody went without a word, and after its own line died unnoticed. */
export function promised(scene: Scene, at: number, viewer: string, user: string): Promised {
  const way = (who: string): number => (at < (scene.rough.get(who) ?? 0) ? ROUGH_MOST + WAY : WAY);
  const { grace, tick, flush, lease } = TIMES;
  return {
    coming: REDIAL + CROSSINGS * way(user) + flush + way(viewer),
    leaving: grace + 2 * tick + flush + way(user) + way(viewer),
    noticing: lease / 3 + ANSWER + way(viewer),
  };
}

/** Finer than anybody sees. Between two happenings time goes by in such steps, so that what runs out meanwhile is noticed. */
const STEP = 25;

export type Tally = {
  readonly hear: (happening: Happening) => void;
  /** Time goes by. */
  readonly until: (at: number) => void;
  readonly scene: () => Scene;
  readonly truth: (user: string) => Truth;
  /** The worst of all tabs that somebody looks at now. */
  readonly now: (counter: Counter) => Verdict;
  readonly totals: () => Totals;
};

export function createTally(): Tally {
  let scene = emptyScene;
  let at = 0;
  /** What is true of each user, since when, and what was before. */
  const truths = new Map<string, { truth: Truth; since: number }>(USERS.map((user) => [user, { truth: "away", since: 0 }]));
  const by = { naive: zero(), headcount: zero() };
  const mistakes: Mistake[] = [];
  /** When a view was last right about a user. */
  const knew = new Map<string, number>();
  const worst: Record<Counter, Verdict> = { naive: "right", headcount: "right" };

  function learn(): void {
    for (const user of USERS) {
      const truth = truthOf(scene, user, at);
      const known = truths.get(user);
      // `either` starts no new wait: what was right stays right.
      if (known && known.truth !== truth) Object.assign(known, { truth, ...(truth !== "either" && { since: at }) });
    }
  }

  function judge(state: TabState, counter: Counter, ms: number): Verdict {
    const { users, says } = state.beliefs[counter];
    let verdict: Verdict = "right";
    for (const user of USERS) {
      const { truth, since } = truths.get(user) ?? { truth: "away", since: 0 };
      const shown = users?.includes(user) ? "here" : "away";
      const view = `${counter} ${state.tab} ${user}`;
      if (users && shown === truth) knew.set(view, at);
      if (users && (truth === "either" || shown === truth)) continue;
      // Who was shown rightly since then has flickered, and that nobody promised.
      const late = (knew.get(view) ?? -1) <= since && at - since < promisedTo(state, user, shown);
      const one = users === undefined || says === "old" ? "says" : late || excused(state, user) ? "promised" : "wrong";
      if (VERDICTS.indexOf(one) > VERDICTS.indexOf(verdict)) verdict = one;
      if (one === "wrong" && ms > 0) note(counter, state.tab, user, shown, ms);
    }
    return verdict;
  }

  /** How long it may take until a tab shows what has become of a user. */
  function promisedTo({ user: viewer }: TabState, user: string, shown: "here" | "away"): number {
    const { coming, leaving } = promised(scene, at, viewer, user);
    return shown === "here" ? leaving : coming;
  }

  /** By what has become of the tab itself. */
  function excused({ user: viewer, loaded, woke, silent }: TabState, user: string): boolean {
    const { coming, noticing } = promised(scene, at, viewer, user);
    if (woke !== undefined && at - woke < coming) return true;
    const { restarted } = scene;
    // A page that is loaded just after a restart is shown who is back; one that was there knows who was.
    if (restarted !== undefined && loaded >= restarted && at - restarted < DOWN + RETURN + coming) return true;
    return silent !== undefined && at - silent < noticing;
  }

  function note(counter: Counter, tab: number, user: string, shows: "here" | "away", ms: number): void {
    const last = mistakes.findLast((one) => one.counter === counter && one.tab === tab && one.user === user);
    if (last?.to === at && last.shows === shows) last.to = at + ms;
    else mistakes.push({ counter, tab, user, shows, from: at, to: at + ms });
  }

  function look(ms: number): void {
    learn();
    for (const counter of COUNTERS) {
      let verdict: Verdict = "right";
      for (const state of scene.tabs.values()) {
        // Nobody sees the screen of a device that sleeps.
        if (state.asleep !== undefined) continue;
        const one = judge(state, counter, ms);
        if (VERDICTS.indexOf(one) > VERDICTS.indexOf(verdict)) verdict = one;
      }
      worst[counter] = verdict;
      by[counter][verdict] += ms;
    }
  }

  function until(to: number): void {
    while (at < to) {
      const ms = Math.min(STEP, to - at);
      look(ms);
      at += ms;
    }
  }

  return {
    until,
    hear(happening) {
      until(happening.at);
      scene = after(scene, happening);
      look(0);
    },
    scene: () => scene,
    truth: (user) => truths.get(user)?.truth ?? "away",
    now: (counter) => worst[counter],
    totals: () => ({ ms: at, by: { naive: { ...by.naive }, headcount: { ...by.headcount } }, mistakes }),
  };
}

function zero(): Record<Verdict, number> {
  return { right: 0, says: 0, promised: 0, wrong: 0 };
}
