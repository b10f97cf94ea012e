import { whoIsHere, type Move, type Step, type What } from "./history.js";

/** What a tab shows: users, or how many they are, or nothing yet. */
export type Shown = readonly string[] | number | undefined;

/** A tab that does not show who is here. */
export type Wrong = { readonly steps: readonly Step[]; readonly user: string; readonly label: number; readonly shown: Shown; readonly here: readonly string[] };

const WORDS: Readonly<Record<What, string>> = {
  "open": "{user} opens tab {tab}",
  "close": "{user} closes tab {tab}",
  "refresh": "{user} refreshes tab {tab}",
  "refresh late": "{user} refreshes tab {tab}, and its old socket ends only after the new one is there",
  "leave": "{user} leaves, in tab {tab}, which stays open",
  "cut": "the line of {user}'s tab {tab} breaks",
  "back": "the line of {user}'s tab {tab} is back",
  "silence": "the line of {user}'s tab {tab} goes dead, and neither end is told",
};
const QUICK = "at once, ";

const FORMS = (Object.entries(WORDS) as [What, string][]).map(([what, words]) => ({ what, form: new RegExp(`^${words.replace("{user}", "(?<user>\\S+)").replace("{tab}", "(?<tab>\\d+)")}$`) }));

/** One step in plain words. */
export function tellStep({ what, user, label, quick }: Move): string {
  return (quick ? QUICK : "") + WORDS[what].replace(/\{(\w+)\}/g, (_, name) => (name === "user" ? user : String(label)));
}

/** The move that these words say, as `tellStep` says it, with or without a number before them; undefined: none. */
export function readStep(words: string): Move | undefined {
  const line = words.trim().replace(/^\d+\.\s*/, "");
  const quick = line.startsWith(QUICK);
  for (const { what, form } of FORMS) {
    const { user, tab } = form.exec(quick ? line.slice(QUICK.length) : line)?.groups ?? {};
    if (user !== undefined) return { what, user, label: Number(tab), quick };
  }
}

/** The story, numbered, and what is wrong in the end. */
export function tellWrong({ steps, user, label, shown, here }: Wrong): string {
  const should = typeof shown === "number" ? String(here.length) : list(here);
  const lines = [...tellStory(steps), "", `  ${user}'s tab ${label} shows ${show(shown)}, and should show ${should}.`];
  const doubtful = typeof shown === "object" ? [...new Set([...here, ...shown])].filter((id) => here.filter((one) => one === id).length !== shown.filter((one) => one === id).length) : [];
  for (const id of doubtful.slice(0, 4)) lines.push(`  ${whyOf(id, steps)}`);
  return lines.join("\n");
}

export function tellStory(steps: readonly Step[]): readonly string[] {
  return steps.map((step, i) => `  ${i + 1}. ${tellStep(step)}`);
}

function show(shown: Shown): string {
  if (shown === undefined) return "nothing yet";
  return typeof shown === "number" ? String(shown) : list(shown);
}

function list(ids: readonly string[]): string {
  return ids.length === 0 ? "nobody" : ids.join(", ");
}

/** Why somebody is here, or is not. */
function whyOf(id: string, steps: readonly Step[]): string {
  const theirs = (steps.at(-1)?.tabs ?? []).filter(({ user }) => user === id);
  const open = theirs.filter(({ state }) => state === "here").map(({ label }) => `tab ${label}`);
  if (open.length > 0) return `${id} is here, once: ${open.join(" and ")} ${open.length > 1 ? "are" : "is"} open.`;
  if (theirs.length === 0) return `${id} was never here.`;
  const last = steps.findLastIndex(({ tabs }, i) => !whoIsHere(tabs).includes(id) && whoIsHere(steps[i - 1]?.tabs ?? []).includes(id));
  return `${id} is not here: the last of their tabs went in step ${last + 1}.`;
}
