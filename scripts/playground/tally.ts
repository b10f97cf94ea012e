import { DOWN, TIMES, USERS } from "./script.js";
import { after, emptyScene, truthOf, wayOf, type Scene, type TabState, type Truth } from "./truth.js";
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
/** How often an arrival crosses its line before the server has it: the dial there and back, `hello`, `welcome`, `join`. */
const CROSSINGS = 5;

export type Promised = { readonly coming: number; readonly leaving: number; readonly noticing: number };

/** Within what headcount promises that a view is right again: after somebody came, after somebody went without a word, and after its own line died unnoticed. */
export function promised(scene: Scene, at: number, viewer: string, user: string): Promised {
  const way = (who: string): number => wayOf(scene, who, at);
  const { grace, tick, flush, lease } = TIMES;
  return {
    coming: REDIAL + CROSSINGS * way(user) + flush + way(viewer),
    leaving: grace + 2 * tick + flush + way(user) + way(viewer),
    noticing: lease / 3 + ANSWER + way(viewer),
  };
}

type Standing = { readonly truth: Truth; readonly fresh: boolean; readonly since: number; readonly wasEither: boolean };
const NEVER_HERE: Standing = { truth: "away", fresh: false, since: 0, wasEither: false };

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
  /** What is true of each user, since when, and whether both answers were right just before. */
  const truths = new Map<string, Standing>(USERS.map((user) => [user, NEVER_HERE]));
  const by = { naive: zero(), headcount: zero() };
  const mistakes: Mistake[] = [];
  /** By view and user: whether it was right since that moment, and whether it was before. */
  const knew = new Map<string, { readonly since: number; readonly before: boolean; right: boolean }>();
  const worst: Record<Counter, Verdict> = { naive: "right", headcount: "right" };

  function learn(): void {
    for (const user of USERS) {
      const { truth, fresh } = truthOf(scene, user, at);
      const known = truths.get(user) ?? NEVER_HERE;
      // `either` starts no new wait: what was right stays right. Who is here by another tab than before, of which the server knows nothing yet, may be missed for a moment.
      if (known.truth !== truth) truths.set(user, { truth, fresh, since: truth === "either" ? known.since : at, wasEither: known.truth === "either" });
      else if (known.fresh !== fresh) truths.set(user, { ...known, fresh, ...(fresh && { since: at, wasEither: true }) });
    }
  }

  function judge(state: TabState, counter: Counter, ms: number): Verdict {
    const { users, says } = state.beliefs[counter];
    let verdict: Verdict = "right";
    for (const user of USERS) {
      const { truth, since, wasEither } = truths.get(user) ?? NEVER_HERE;
      const shown = users?.includes(user) ? "here" : "away";
      const view = `${counter} ${state.tab} ${user}`;
      const was = knew.get(view);
      const known = was?.since === since ? was : { since, before: was?.right ?? false, right: false };
      knew.set(view, known);
      known.right ||= users !== undefined && shown === truth;
      if (users && (truth === "either" || shown === truth)) continue;
      // Who was shown rightly has flickered, and that nobody promised; unless it was by luck, as the news of what was before were still on their way.
      const late = (wasEither || !known.before || !known.right) && at < promisedTo(state, user, shown, since);
      const one = users === undefined || says === "old" ? "says" : late || excused(state, user) ? "promised" : "wrong";
      if (VERDICTS.indexOf(one) > VERDICTS.indexOf(verdict)) verdict = one;
      if (one === "wrong" && ms > 0) note(counter, state.tab, user, shown, ms);
    }
    return verdict;
  }

  /** By when a tab shows what became of a user at some moment. */
  function promisedTo({ user: viewer }: TabState, user: string, shown: "here" | "away", since: number): number {
    const { coming, leaving } = promised(scene, at, viewer, user);
    // The promise counts from when the server can know that a socket has gone.
    return shown === "away" ? since + coming : Math.max(since + leaving, (scene.ghosts.get(user) ?? 0) + coming);
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
