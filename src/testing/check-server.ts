import { checkNumbers, without, type CheckNumbers, type CheckOptions } from "./check-server/check-options.js";
import { plan, type Limits, type Step } from "./check-server/history.js";
import { play, type Outcome, type ServerToCheck, type Started } from "./check-server/play.js";
import { count, emptyTally, failureOf, tellFound, tellHeld, type CheckReport, type Found, type Tally } from "./check-server/report.js";
import { sample } from "./check-server/sample.js";
import { ServerCheckError } from "./check-server/server-check-error.js";
import { shortest } from "./check-server/shortest.js";
import type { Wrong } from "./check-server/words.js";

export type { CheckOptions } from "./check-server/check-options.js";
export type { CheckedTab, ServerToCheck, Started } from "./check-server/play.js";
export type { CheckFailure, CheckReport } from "./check-server/report.js";
export { ServerCheckError, type CheckCode } from "./check-server/server-check-error.js";

/** How often a story that was shortened is lived again, to tell a certain bug from a race. */
const AGAIN = 3;

/**
 * Drives a server of any kind through histories of tabs that open, close, leave, refresh and lose their lines, over its real sockets, and compares what
 * each tab shows with who is there: whoever has a tab open that has not left. It knows nothing of the server but what the three functions do.
 * Resolves with a report when all held, or when the signal or Ctrl-C came before anything was wrong.
 * @throws ServerCheckError with code `wrong`, the shortest failing story as its message and all of it as its `report`; with another code when one of your functions fails.
 * @throws TypeError before anything runs, for a function that is missing or an option that makes no sense.
 */
export async function checkServer<S extends Started>(server: ServerToCheck<S>, options: CheckOptions = {}): Promise<CheckReport> {
  const numbers = checkNumbers(server, options);
  const interrupt = new AbortController();
  // For good manners toward other listeners the signal is raised again, once it is said what was found.
  const onInterrupt = (): void => { interrupt.abort(); };
  process.once("SIGINT", onInterrupt);
  const signal = AbortSignal.any([interrupt.signal, ...(options.signal ? [options.signal] : [])]);
  try {
    const report = await check(server, options, numbers, signal);
    if (interrupt.signal.aborted) console.error(String(report));
    if (report.ok) return report;
    throw new ServerCheckError("wrong", String(report), { report });
  } finally {
    process.off("SIGINT", onInterrupt);
    if (interrupt.signal.aborted) process.kill(process.pid, "SIGINT");
  }
}

async function check<S extends Started>(server: ServerToCheck<S>, options: CheckOptions, numbers: CheckNumbers, signal: AbortSignal): Promise<CheckReport> {
  const { runs, seed, users, tabs, steps, parallel, shorten } = numbers;
  const started = performance.now();
  const tally = emptyTally();
  let slowest = 0;
  const live = async (story: readonly Step[], settle = numbers.settle, until = signal): Promise<Outcome> => {
    const outcome = await play(server, story, { ...numbers, settle }, until);
    if (outcome.type === "held") slowest = Math.max(slowest, outcome.slowest);
    return outcome;
  };

  // One tab alone: whether the functions work, and whether there is a `leave`.
  const alone: Limits = { users: 1, tabs: 1, steps: 1, without: new Set() };
  const first = await live(plan([{ what: "open", pick: 0, quick: false }], alone));
  const not = without(options, first.type !== "held" || first.canLeave);
  const limits: Limits = { users, tabs, steps, without: not };
  const report = (found?: Found): CheckReport => reportOf(found, tally, seed, signal, () => tellHeld(tally, seed, performance.now() - started, not, signal.aborted));
  if (first.type === "stopped") return report();
  if (first.type === "wrong") return report({ wrong: first.wrong, path: undefined, again: { times: 0, wrong: 0 }, from: 1, tries: 0, cutShort: false });

  const all = options.path === undefined ? sample(limits, { seed, numRuns: runs }) : sample(limits, { seed, numRuns: 1, path: options.path }).flatMap((one) => Array.from({ length: AGAIN }, () => one));
  const failed = await firstWrong(all, parallel, async (commands, moot) => {
    const story = plan(commands, limits);
    const outcome = await live(story, numbers.settle, AbortSignal.any([signal, moot]));
    if (outcome.type === "held") count(tally, story, outcome);
    return outcome;
  });
  if (!failed) return report();
  const { wrong } = failed;
  const path = options.path ?? String(failed.at);
  const from = { path, seed, limits, story: plan(all[failed.at] ?? [], limits), wrong, ms: shorten, signal };
  const again = async (steps: readonly Step[]): Promise<Found["again"]> => {
    const outcomes = await Promise.all(Array.from({ length: signal.aborted ? 0 : AGAIN }, () => live(steps)));
    const lived = outcomes.filter(({ type }) => type !== "stopped");
    return { times: lived.length, wrong: lived.filter(({ type }) => type === "wrong").length };
  };
  if (options.path !== undefined) return report({ wrong, path, from: wrong.steps.length, tries: 0, cutShort: false, again: await again(wrong.steps) });

  // Each try that ends wrong waits to the end. Waiting for a few times as long as this server ever needed is mostly enough, and is checked.
  const settle = Math.min(numbers.settle, 100 + 5 * slowest);
  const short = await shortest(from, (story) => live(story, settle));
  const confirmed = await again(short.wrong.steps);
  if (confirmed.wrong > 0 || settle === numbers.settle || short.wrong === wrong || signal.aborted) return report({ ...short, from: wrong.steps.length, again: confirmed });
  const patient = await shortest(from, live);
  return report({ ...patient, from: wrong.steps.length, again: await again(patient.wrong.steps) });
}

type Failed = { readonly at: number; readonly wrong: Wrong };

/** Several at once; of those that fail the first by number, so that a seed leads to one story. */
async function firstWrong<T>(all: readonly T[], parallel: number, live: (one: T, moot: AbortSignal) => Promise<Outcome>): Promise<Failed | undefined> {
  const todo = all.entries();
  const under = new Map<number, AbortController>();
  let failed: Failed | undefined;
  let over = false;
  const workers = await Promise.allSettled(Array.from({ length: parallel }, async () => {
    for (const [at, one] of todo) {
      const moot = new AbortController();
      under.set(at, moot);
      try {
        const outcome = await live(one, moot.signal);
        over ||= outcome.type !== "held";
        if (outcome.type === "wrong" && (!failed || at < failed.at)) {
          failed = { at, wrong: outcome.wrong };
          for (const [later, other] of under) if (later > at) other.abort();
        }
      } catch (error) {
        over = true;
        throw error;
      }
      if (over) return;
    }
  }));
  // Only now, for each of them had a server to stop.
  for (const worker of workers) if (worker.status === "rejected") throw worker.reason;
  return failed;
}

function reportOf(found: Found | undefined, tally: Tally, seed: number, signal: AbortSignal, held: () => string): CheckReport {
  const text = `checkServer: ${found ? tellFound(found, seed) : held()}`;
  return { ok: !found, stopped: signal.aborted, seed, runs: tally.runs, did: tally.did, failure: found && failureOf(found), toString: () => text };
}
