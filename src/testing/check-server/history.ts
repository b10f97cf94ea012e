import * as fc from "fast-check";

/** What can happen to a tab. */
export type What = "open" | "close" | "refresh" | "refresh late" | "cut" | "leave" | "back" | "silence";

/** A wish for something to happen; where that makes no sense, a tab is opened instead. `pick` chooses a user or a tab among those there are. */
export type Command = { readonly what: What; readonly pick: number; readonly quick: boolean };

/** A tab of a user: of those that are `here`, the user is in the room. */
export type TabState = { readonly user: string; readonly label: number; readonly state: "here" | "closed" | "cut" | "left" | "silent" };

/** Something that happens, and all tabs after it. A tab is known by its place in the list; it never loses it. */
export type Step = {
  readonly what: What;
  readonly tab: number;
  readonly user: string;
  /** What the user calls the tab. */
  readonly label: number;
  /** Nobody looked after the step before. */
  readonly quick: boolean;
  readonly tabs: readonly TabState[];
};

export type Limits = {
  readonly users: number;
  readonly tabs: number;
  readonly steps: number;
  /** What is not done: the tabs or the options do not offer it. */
  readonly without: ReadonlySet<What>;
};

const NAMES: readonly string[] = ["ann", "bob", "cid", "dan", "eve", "fay", "gus", "hal"];
export const MOST_USERS: number = NAMES.length;
const LABELS = [1, 2, 3, 4, 5, 6, 7, 8];
export const MOST_TABS: number = LABELS.length;

type Target = Pick<Step, "tab" | "user" | "label">;

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
  let tabs: readonly TabState[] = [];
  const fitting = (what: What, pick: number): Target | undefined => {
    if (what === "open") {
      const user = NAMES[pick % users] ?? "";
      const taken = tabs.filter((tab) => tab.user === user && tab.state !== "closed").map(({ label }) => label);
      return taken.length >= most ? undefined : { tab: tabs.length, user, label: LABELS.find((n) => !taken.includes(n)) ?? 0 };
    }
    const fit = tabs.flatMap(({ user, label, state }, tab) => (canHappen(what, state) ? [{ tab, user, label }] : []));
    return fit[pick % fit.length];
  };
  for (const { what: wanted, pick, quick } of commands) {
    const fit = without.has(wanted) ? undefined : fitting(wanted, pick);
    const what = fit ? wanted : "open";
    const target = fit ?? fitting(what, pick);
    if (!target) continue;
    const { tab: at, user, label } = target;
    tabs = tabs.map((tab, i) => (i === at ? { ...tab, state: stateAfter(what) } : tab));
    if (what === "open" || what === "refresh" || what === "refresh late") tabs = [...tabs, { user, label, state: "here" }];
    steps.push({ what, tab: at, user, label, quick: quick && steps.length > 0, tabs });
  }
  return steps;
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
