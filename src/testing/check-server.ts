import { checkNumbers, without, type CheckNumbers, type CheckOptions } from "./check-server/check-options.js";
import { firstWrong } from "./check-server/first-wrong.js";
import { stepsOf, type Step } from "./check-server/history.js";
import { play, type Outcome, type ServerToCheck, type Started } from "./check-server/play.js";
import { count, emptyTally, failureOf, tellFound, tellHeld, type CheckReport, type Found, type Tally } from "./check-server/report.js";
import { sample } from "./check-server/sample.js";
import { ServerCheckError } from "./check-server/server-check-error.js";
import { shortest } from "./check-server/shortest.js";
import { storyOf } from "./check-server/story-of.js";
import type { Wrong } from "./check-server/words.js";

export type { CheckOptions } from "./check-server/check-options.js";
export type { CheckedTab, ServerToCheck, Started } from "./check-server/play.js";
export type { CheckFailure, CheckReport } from "./check-server/report.js";
export { ServerCheckError, type CheckCode } from "./check-server/server-check-error.js";

/** How often a story that was shortened is lived again, to tell a certain bug from a race. */
const AGAIN = 3;

/** How many times as long as `settle` it is once waited, but no more than so many ms longer, to see whether it only takes longer. */
const LONGER = { times: 6, most: 4_000 };

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
  const given = options.story === undefined ? undefined : storyOf(options.story, without(options, true));
  const started = performance.now();
  const tally = emptyTally();
  let slowest = 0;
  const live = async (story: readonly Step[], settle = numbers.settle, until = signal): Promise<Outcome> => {
    const outcome = await play(server, story, { ...numbers, settle }, until);
    if (outcome.type === "held") slowest = Math.max(slowest, outcome.slowest);
    return outcome;
  };

  // One tab alone: whether the functions work, and whether there is a `leave`.
  const first = await live(stepsOf([{ what: "open", user: "ann", label: 1, quick: false }]));
  const not = without(options, first.type !== "held" || first.canLeave);
  const report = (found?: Found): CheckReport => reportOf(found, tally, seed, signal, () => tellHeld(tally, seed, performance.now() - started, given ? new Set() : not, signal.aborted));
  if (first.type === "stopped") return report();
  if (first.type === "wrong") return report({ wrong: first.wrong, again: { times: 0, wrong: 0 }, from: 1, tries: 0, cutShort: false });

  const all = given ? Array.from({ length: AGAIN }, () => given) : sample({ users, tabs, steps, without: not }, { seed, numRuns: runs });
  const failed = await firstWrong(all, parallel, async (story, moot) => {
    const outcome = await live(story, numbers.settle, AbortSignal.any([signal, moot]));
    if (outcome.type === "held") count(tally, story, outcome);
    return outcome;
  });
  if (!failed) return report();

  const { wrong, at, one } = failed;
  const from = wrong.steps.length;
  // A server that is only later than was said is told from one that is wrong.
  const confirm = async ({ steps: story }: Wrong): Promise<Pick<Found, "again" | "rightAfter">> => {
    const [patient, ...outcomes] = signal.aborted ? [] : await Promise.all([live(story, Math.min(numbers.settle * LONGER.times, numbers.settle + LONGER.most)), ...Array.from({ length: AGAIN }, () => live(story))]);
    const lived = outcomes.filter(({ type }) => type !== "stopped");
    const times = lived.filter(({ type }) => type === "wrong").length;
    const late = times > 0 && patient?.type === "held" && patient.slowest > numbers.settle;
    return { again: { times: lived.length, wrong: times }, rightAfter: late ? patient.slowest : undefined };
  };
  if (given) return report({ wrong, from, tries: 0, cutShort: false, ...await confirm(wrong) });
  if (shorten > 0 && process.stderr.isTTY) console.error(`checkServer: history ${at + 1} ends wrong; its story is made shorter, for ${shorten / 1_000} s at most …`);

  // Each try that ends wrong waits to the end. Waiting for a few times as long as this server ever needed is mostly enough, and is checked.
  const long = { story: one, wrong, ms: shorten, parallel, signal };
  const settle = Math.min(numbers.settle, 100 + 5 * slowest);
  const short = await shortest(long, (story, until) => live(story, settle, until));
  const confirmed = await confirm(short.wrong);
  if (confirmed.again.wrong > 0 || settle === numbers.settle || short.wrong === wrong || signal.aborted) return report({ ...short, at, from, ...confirmed });
  const patient = await shortest(long, (story, until) => live(story, numbers.settle, until));
  return report({ ...patient, at, from, ...await confirm(patient.wrong) });
}

function reportOf(found: Found | undefined, tally: Tally, seed: number, signal: AbortSignal, held: () => string): CheckReport {
  const text = `checkServer: ${found ? tellFound(found, seed) : held()}`;
  return { ok: !found, stopped: signal.aborted, seed, runs: tally.runs, did: tally.did, failure: found && failureOf(found), toString: () => text };
}
