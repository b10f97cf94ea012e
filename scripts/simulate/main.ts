import { parentPort, Worker, workerData } from "node:worker_threads";
import { divergence, emptyReport, historyOf, merge, play, simulate, table, type Report } from "../../src/testing/simulation/index.js";

/** Runs that a worker plays at a time. */
const PORTION = 50;

type Options = { readonly runs: number; readonly seed: number; readonly workers: number; readonly forever: boolean; readonly story: number | undefined; readonly command: string };
type Portion = { readonly seed: number; readonly from: number; readonly runs: number };

/** The options; a string says what is wrong with them. `fault`: the one that is built in. */
export function optionsOf(args: readonly string[], fault?: string): Options | string {
  const numbers = new Map([["--runs", 1_000], ["--seed", 1], ["--workers", 2]]);
  let forever = false;
  let story: number | undefined;
  for (let i = 0; i < args.length; i++) {
    const name = args[i] ?? "";
    if (name === "--forever") {
      forever = true;
      continue;
    }
    const given = args[++i];
    if (!numbers.has(name) && name !== "--story") return `There is no option ${name}; there are --runs N, --seed S, --workers W, --forever, --story K and --break FAULT.`;
    const value = Number(given);
    if (given === undefined || !Number.isSafeInteger(value) || value < (name === "--workers" || name === "--runs" ? 1 : 0)) return `${name} takes a whole number, not ${String(given)}.`;
    if (name === "--workers" && value > 64) return "--workers takes at most 64.";
    if (name === "--story") story = value;
    else numbers.set(name, value);
  }
  const [runs, seed, workers] = [...numbers.values()] as [number, number, number];
  return { runs, seed, workers, forever, story, command: `npm run simulate --${fault === undefined ? "" : ` --break ${fault}`} --seed ${seed} --story` };
}

/** Ends with 0 when all went well, with 1 when something went wrong, with 2 when the options make no sense. */
export async function main(bundle: URL, args: readonly string[], fault?: string): Promise<number> {
  const options = optionsOf(args, fault);
  if (typeof options === "string") {
    console.error(options);
    return 2;
  }
  return options.story === undefined ? simulateAll(bundle, options) : tellStory(options, options.story);
}

async function tellStory({ seed, command }: Options, run: number): Promise<number> {
  const outcome = await play(historyOf(seed, run));
  console.log(`Run ${run} of seed ${seed}:\n\n${outcome.story.join("\n")}\n\ntrace ${outcome.hash}; struck: ${[...outcome.faults].join(", ")}`);
  const wrong = await divergence(seed, run);
  if (!wrong) {
    console.log("\nIn the end everybody knew what was so.");
    return 0;
  }
  console.log(`\nWithout what it can do without, ${wrong.commands} steps:\n\n${wrong.story.join("\n")}\n\n${command} ${run}`);
  return 1;
}

async function simulateAll(bundle: URL, { runs, seed, workers, forever, command }: Options): Promise<number> {
  const last = forever ? Infinity : runs;
  const began = performance.now();
  let report = emptyReport();
  let next = 0;
  let stopped = false;
  let said = began;
  const rate = (): string => `${(report.runs / ((performance.now() - began) / 1_000)).toFixed(0)} histories a second`;
  process.once("SIGINT", () => { stopped = true; });

  const take = (): Portion | undefined => {
    // One is enough to look at.
    if (stopped || next >= last || report.divergences.length > 0) return undefined;
    const portion = { seed, from: next, runs: Math.min(PORTION, last - next) };
    next += portion.runs;
    return portion;
  };
  await Promise.all(Array.from({ length: workers }, () => new Promise<void>((resolve, reject) => {
    const worker = new Worker(bundle, { workerData: "simulate" });
    const give = (): void => {
      const portion = take();
      if (portion) worker.postMessage(portion);
      else void worker.terminate().then(() => { resolve(); });
    };
    worker.on("message", (played: Report) => {
      report = merge(report, played);
      for (const { run, commands, story } of played.divergences) console.log(`\nRun ${run} goes wrong; ${commands} steps are left of it:\n\n${story.join("\n")}\n\nTo replay it: ${command} ${run}\n`);
      if (performance.now() - said > 10_000) {
        said = performance.now();
        console.log(`${report.runs} histories, ${rate()}, ${report.divergences.length} divergences`);
      }
      give();
    });
    worker.on("error", reject);
    give();
  })));
  console.log(`\n${table(report)}\n`);
  const pairs = report.tally.pairs;
  console.log(`${report.runs} histories of seed ${seed}, ${(report.took / 3_600_000).toFixed(0)} virtual hours, ${rate()}; rarest pair of faults: ${Math.min(...pairs)} runs`);
  console.log(`trace ${report.hash.toString(16).padStart(12, "0")}`);
  console.log(`${report.divergences.length} divergences`);
  return report.divergences.length > 0 ? 1 : 0;
}

if (workerData === "simulate") {
  parentPort?.on("message", ({ seed, from, runs }: Portion) => {
    void simulate(seed, from, runs).then((report) => parentPort?.postMessage(report));
  });
}
