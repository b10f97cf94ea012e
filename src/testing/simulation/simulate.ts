import { hash } from "./chance.js";
import { FAULTS, type Fault } from "./faults.js";
import { historyOf } from "./generate.js";
import { play, type Outcome } from "./play.js";
import { shrink } from "./shrink.js";

/** In how many runs each fault struck, and each pair of faults together; by the faults' numbers in `FAULTS`. */
export type Tally = { readonly faults: number[]; readonly pairs: number[] };

/** A run that went wrong, its shrunk history as a story, and how many commands are left of it. */
export type Divergence = { readonly run: number; readonly what: string; readonly story: readonly string[]; readonly commands: number };

/** What so many runs came to. */
export type Report = {
  readonly runs: number;
  /** Of all runs, in any order: the same for the same runs, to the byte. */
  readonly hash: number;
  readonly tally: Tally;
  readonly divergences: readonly Divergence[];
  /** Virtual ms. */
  readonly took: number;
};

export function emptyReport(): Report {
  return { runs: 0, hash: 0, tally: { faults: FAULTS.map(() => 0), pairs: FAULTS.flatMap(() => FAULTS.map(() => 0)) }, divergences: [], took: 0 };
}

/** Plays the runs of a seed from one number on. The first that goes wrong is shrunk, and is the last. */
export async function simulate(seed: number, from: number, runs: number): Promise<Report> {
  let report = emptyReport();
  for (let run = from; run < from + runs && report.divergences.length === 0; run++) {
    const history = historyOf(seed, run);
    const outcome = await play(history);
    report = merge(report, reportOf(run, outcome, outcome.complaints.length > 0 ? await divergence(seed, run) : undefined));
  }
  return report;
}

/** Tells a run: as it went, and, when it went wrong, what is left of it. */
export async function divergence(seed: number, run: number): Promise<Divergence | undefined> {
  const history = historyOf(seed, run);
  const played = await play(history);
  if (played.complaints.length === 0) return undefined;
  const { outcome, history: { commands } } = await shrink(history, played);
  return { run, what: outcome.complaints[0]?.what ?? "", story: outcome.story, commands: commands.length };
}

function reportOf(run: number, { hash: trace, faults, took }: Outcome, wrong: Divergence | undefined): Report {
  const struck = FAULTS.map((fault: Fault) => (faults.has(fault) ? 1 : 0));
  return {
    runs: 1,
    hash: hash(`${run} ${trace}`),
    tally: { faults: struck, pairs: struck.flatMap((a) => struck.map((b) => a * b)) },
    divergences: wrong ? [wrong] : [],
    took,
  };
}

/** Two reports as one. */
export function merge(a: Report, b: Report): Report {
  return {
    runs: a.runs + b.runs,
    // A sum, for runs are played by several workers.
    hash: (a.hash + b.hash) % 2 ** 48,
    tally: { faults: a.tally.faults.map((n, i) => n + (b.tally.faults[i] ?? 0)), pairs: a.tally.pairs.map((n, i) => n + (b.tally.pairs[i] ?? 0)) },
    divergences: [...a.divergences, ...b.divergences],
    took: a.took + b.took,
  };
}

/** The faults as a table: in how many of the runs each struck, and with which other it struck least often. */
export function table({ runs, tally }: Report): string {
  const rows = FAULTS.map((fault, i) => {
    const others = FAULTS.map((other, j) => ({ other, count: tally.pairs[i * FAULTS.length + j] ?? 0 })).filter(({ other }) => other !== fault);
    const least = others.reduce((a, b) => (b.count < a.count ? b : a));
    const count = tally.faults[i] ?? 0;
    return `${fault.padEnd(16)}${String(count).padStart(9)}${((100 * count) / Math.max(1, runs)).toFixed(1).padStart(8)} %   least with ${least.other}: ${least.count}`;
  });
  return [`${"fault".padEnd(16)}${"runs".padStart(9)}${"share".padStart(8)}     rarest pair`, ...rows].join("\n");
}
