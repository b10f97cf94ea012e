import type { Step, What } from "./history.js";
import { tellStep, tellWrong, type Shown, type Wrong } from "./words.js";

/** What a check found. Made a string, it is for people. */
export type CheckReport = {
  /** Nothing was wrong. */
  readonly ok: boolean;
  /** It was ended early by the signal. */
  readonly stopped: boolean;
  readonly seed: number;
  /** Histories that were lived to their end. */
  readonly runs: number;
  /** How often each thing was done in them, in plain words. */
  readonly did: ReadonlyMap<What, number>;
  readonly failure: CheckFailure | undefined;
  readonly toString: () => string;
};

/** The shortest story that was found to end wrong. */
export type CheckFailure = {
  /** In which history it was found, from 1; undefined: the story was given, or every history begins so. */
  readonly history: number | undefined;
  /** Its steps in plain words, in order. Give them to `checkServer` as option `story` to live them again. */
  readonly story: readonly string[];
  /** Whose tab was wrong, and which of theirs. */
  readonly user: string;
  readonly tab: number;
  /** What it showed, and who was here. */
  readonly shown: Shown;
  readonly here: readonly string[];
  /** How often the story was lived again, and how often it ended wrong then. */
  readonly again: { readonly times: number; readonly wrong: number };
  /** With more time than `settle` it was right after so many ms; undefined: it was not, or nobody waited. */
  readonly rightAfter: number | undefined;
};

/** What is known while it runs. */
export type Tally = { runs: number; steps: number; looks: number; views: number; did: Map<What, number> };

export type Found = {
  readonly wrong: Wrong;
  /** The number of the history in which it was found, from 0; undefined: it was given, or every history begins so. */
  readonly at?: number;
  readonly again: { readonly times: number; readonly wrong: number };
  /** Steps before it was shortened, and stories that were tried to shorten it. */
  readonly from: number;
  readonly tries: number;
  readonly rightAfter?: number | undefined;
  /** It might get shorter still: the time was over. */
  readonly cutShort: boolean;
};

export function emptyTally(): Tally {
  return { runs: 0, steps: 0, looks: 0, views: 0, did: new Map() };
}

export function count(tally: Tally, steps: readonly Step[], { looks, views }: { readonly looks: number; readonly views: number }): void {
  tally.runs++;
  tally.steps += steps.length;
  tally.looks += looks;
  tally.views += views;
  for (const { what } of steps) tally.did.set(what, (tally.did.get(what) ?? 0) + 1);
}

export function failureOf({ wrong, at, again, rightAfter }: Found): CheckFailure {
  const { steps, user, label, shown, here } = wrong;
  return { history: at === undefined ? undefined : at + 1, story: steps.map(tellStep), user, tab: label, shown, here, again, rightAfter };
}

/** The story and how to live it again. */
export function tellFound({ wrong, at, again, rightAfter, from, tries, cutShort }: Found, seed: number): string {
  const { length } = wrong.steps;
  const lines = [`a tab shows the wrong ${typeof wrong.shown === "number" ? "number" : "people"} after ${length === 1 ? "one step" : `${length} steps`}.`, "", tellWrong(wrong), ""];
  if (length === 1 && at === undefined) lines.push("Every history begins so; nothing else was tried.");
  if (at !== undefined) lines.push(`Found in history ${at + 1} of seed ${seed}${from > length ? `, shortened from ${from} steps in ${tries} tries` : ""}${cutShort ? " (not to the end: the time was over, or it was stopped)" : ""}.`);
  if (again.times > 0) lines.push(`Lived again ${again.times} times, it ended wrong ${again.wrong === again.times ? "each time" : `${again.wrong} times: it is a matter of who is faster`}.`);
  if (rightAfter !== undefined) lines.push(`With more time it was right, after ${(rightAfter / 1_000).toFixed(1)} s. Does your server keep people for a while? Say \`grace\`. Is it slow? Give it a longer \`settle\`.`);
  lines.push(`Once more: checkServer(server, { ...options, story: [${wrong.steps.map((step) => JSON.stringify(tellStep(step))).join(", ")}] })`);
  return lines.join("\n");
}

const DID: readonly (readonly [What, string])[] = [
  ["open", "tabs opened"], ["close", "closed"], ["refresh", "refreshed"], ["refresh late", "refreshed with a late end of the old socket"],
  ["leave", "left by word"], ["cut", "lines broken"], ["back", "lines restored"], ["silence", "lines gone dead"],
];
const HOW: ReadonlyMap<What, string> = new Map([
  ["leave", "leaving (the tabs have no `leave`)"],
  ["back", "lines that come back (say `reconnects: true` if the tabs do)"],
  ["silence", "lines that go dead without a word (say after which `lease` the server notices)"],
]);

export function tellHeld({ runs, steps, looks, views, did }: Tally, seed: number, ms: number, not: ReadonlySet<What>, stopped: boolean): string {
  const lines = [
    `${stopped ? "stopped early; until then " : ""}${runs} ${runs === 1 ? "history" : "histories"} held, in ${(ms / 1_000).toFixed(1)} s (seed ${seed}).`,
    `  ${steps} steps; compared with what the tabs showed, ${looks} times (${views} tabs in all).`,
    `  ${DID.flatMap(([what, words]) => (did.has(what) ? [`${did.get(what) ?? 0} ${words}`] : [])).join(", ")}`,
  ];
  if (not.size > 0) lines.push(`  Not tried: ${[...not].map((what) => HOW.get(what) ?? what).join("; ")}.`);
  return lines.join("\n");
}
