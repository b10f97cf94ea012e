import * as fc from "fast-check";

/** What can happen to a tab. */
export type What = "open" | "close" | "refresh" | "refresh late" | "cut" | "leave" | "back" | "silence";

/** A wish for something to happen; where that makes no sense, a tab is opened instead. `pick` chooses a user or a tab among those there are. */
export type Command = { readonly what: What; readonly pick: number; readonly quick: boolean };

/** A tab of a user: of those that are `here`, the user is in the room. */
export type TabState = { readonly user: string; readonly label: number; readonly state: "here" | "closed" | "cut" | "left" | "silent" };

/** Something that happens to a tab, as it is told. */
export type Move = {
  readonly what: What;
  readonly user: string;
  /** What the user calls the tab. */
  readonly label: number;
  /** Nobody looked after the move before. */
  readonly quick: boolean;
};

/** A move in its place, and all tabs after it. A tab is known by its place in the list; it never loses it. */
export type Step = Move & { readonly tab: number; readonly tabs: readonly TabState[] };

export type Limits = {
  readonly users: number;
  readonly tabs: number;
  readonly steps: number;
  /** What is not done: the tabs or the options do not offer it. */
  readonly without: ReadonlySet<What>;
};

/** Users, in the order in which they are taken. */
export const NAMES: readonly string[] = ["ann", "bob", "cid", "dan", "eve", "fay", "gus", "hal"];
export const MOST_USERS: number = NAMES.length;
const LABELS = [1, 2, 3, 4, 5, 6, 7, 8];
export const MOST_TABS: number = LABELS.length;

// The simplest first, for a story gets shorter in that direction too; what is twice in it comes twice as often.
const ALL: readonly What[] = ["open", "open", "open", "close", "close", "cut", "leave", "refresh", "refresh late", "back", "silence"];

/** Wishes for one history. */
export function histories({ steps, without }: Limits): fc.Arbitrary<readonly Command[]> {
  const command = fc.record({ what: fc.constantFrom(...ALL.filter((what) => !without.has(what))), pick: fc.nat(23), quick: fc.boolean() });
  return fc.array(command, { minLength: 1, maxLength: steps, size: "max" });
}

/** What happens of these wishes, in order. */
export function plan(commands: readonly Command[], { users, tabs: most, without }: Limits): readonly Step[] {
  const steps: Step[] = [];
  for (const { what: wanted, pick, quick } of commands) {
    const tabs = tabsAfter(steps);
    const fitting = (what: What): Pick<Move, "user" | "label"> | undefined => {
      if (what === "open") {
        const user = NAMES[pick % users] ?? "";
        const taken = tabs.filter((tab) => tab.user === user && tab.state !== "closed").map(({ label }) => label);
        return taken.length >= most ? undefined : { user, label: LABELS.find((n) => !taken.includes(n)) ?? 0 };
      }
      const fit = tabs.filter(({ state }) => canHappen(what, state));
      return fit[pick % fit.length];
    };
    const fit = without.has(wanted) ? undefined : fitting(wanted);
    const what = fit ? wanted : "open";
    const target = fit ?? fitting(what);
    const step = target && stepOf({ what, user: target.user, label: target.label, quick }, tabs);
    if (step) steps.push(steps.length === 0 ? { ...step, quick: false } : step);
  }
  return steps;
}

/** The steps that these moves are. A move that can't happen, for there is no such tab, is left out. */
export function stepsOf(moves: readonly Move[]): readonly Step[] {
  const steps: Step[] = [];
  for (const { what, user, label, quick } of moves) {
    const step = stepOf({ what, user, label, quick: quick && steps.length > 0 }, tabsAfter(steps));
    if (step) steps.push(step);
  }
  return steps;
}

function tabsAfter(steps: readonly Step[]): readonly TabState[] {
  return steps.at(-1)?.tabs ?? [];
}

function stepOf(move: Move, tabs: readonly TabState[]): Step | undefined {
  const { what, user, label } = move;
  const open = tabs.findIndex((tab) => tab.user === user && tab.label === label && tab.state !== "closed");
  const state = tabs[open]?.state;
  if (what === "open" ? state !== undefined : state === undefined || !canHappen(what, state)) return undefined;
  const after = tabs.map((tab, i) => (i === open ? { ...tab, state: stateAfter(what) } : tab));
  const opens = what === "open" || what === "refresh" || what === "refresh late";
  return { ...move, tab: what === "open" ? tabs.length : open, tabs: opens ? [...after, { user, label, state: "here" }] : after };
}

/** Who is in the room: whoever has a tab in it. */
export function whoIsHere(tabs: readonly TabState[]): readonly string[] {
  return [...new Set(tabs.filter(({ state }) => state === "here").map(({ user }) => user))].sort();
}

function canHappen(what: What, state: TabState["state"]): boolean {
  if (what === "close") return state !== "closed";
  if (what === "refresh" || what === "refresh late") return state === "here" || state === "left";
  return state === (what === "back" ? "cut" : "here");
}

function stateAfter(what: What): TabState["state"] {
  switch (what) {
    case "open":
    case "back": return "here";
    case "close":
    case "refresh":
    case "refresh late": return "closed";
    case "cut": return "cut";
    case "leave": return "left";
    case "silence": return "silent";
  }
}
