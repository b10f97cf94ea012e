import type { Quiet } from "./crowd.js";
import type { Processes } from "./processes.js";
import type { Finding } from "./room.js";
import { headText, rowText, type Row } from "./table.js";
import { emptyTally, type Tally } from "./tally.js";

/** What a run showed so far; it is printed as it comes. */
export type Record = {
  readonly rows: readonly Row[];
  readonly tally: () => Tally;
  /** Over all quiet moments. */
  readonly sums: () => { readonly checks: number; readonly views: number; readonly late: number; readonly lateBy: number; readonly wrong: number; readonly stuck: number };
  readonly phase: (phase: Row["phase"]) => void;
  /** Measures now, beside what is measured by itself. */
  readonly sample: () => Promise<void>;
  /** undefined: the quiet moment was not waited for. */
  readonly found: (quiet: Quiet | undefined) => void;
  readonly end: () => void;
};

/** Findings that are printed, at most. */
const PRINTED = 6;

/** Measures every so many ms from now on, until it ends. */
export function createRecord(processes: Processes, every: number, stop: AbortSignal): Record {
  const began = performance.now();
  const rows: Row[] = [];
  const sums = { checks: 0, views: 0, late: 0, lateBy: 0, wrong: 0, stuck: 0 };
  let seen = { views: 0, late: 0, wrong: 0 };
  let tally = emptyTally();
  let last = began;
  let phase: Row["phase"] = "start";
  let printed = 0;
  let busy = Promise.resolve();
  let ended = false;

  async function measure(): Promise<void> {
    if (ended || stop.aborted) return;
    const of = phase;
    const [sample, state] = await Promise.all([processes.server("sample"), processes.state()]);
    const now = performance.now();
    const seconds = (now - last) / 1_000;
    last = now;
    const row: Row = {
      ...sample, at: (now - began) / 1_000, phase: of, crowdLag: state.lag,
      frames: (state.tally.heard + state.tally.said - tally.heard - tally.said) / seconds,
      opens: (state.tally.opened - tally.opened) / seconds,
      views: sums.views - seen.views, late: sums.late - seen.late, wrong: sums.wrong - seen.wrong,
    };
    tally = state.tally;
    seen = { ...sums };
    if (rows.length === 0) console.log(headText());
    rows.push(row);
    console.log(rowText(row));
  }

  /** One at a time, also of those that were asked for. */
  function sample(): Promise<void> {
    busy = busy.catch(() => undefined).then(measure);
    return busy;
  }

  // A process that has gone is found out by whoever drives it.
  const timer = setInterval(() => { if (phase === "ramp" || phase === "churn") sample().catch(() => undefined); }, every);

  function print({ room, who, shows, truth }: Finding): void {
    if (++printed > PRINTED) return;
    console.log(`  WRONG in ${room}: ${who}\n    shows  ${shows}\n    but    ${truth}`);
  }

  return {
    rows, sample,
    tally: () => tally,
    sums: () => sums,
    phase(next) { phase = next; },
    found(quiet) {
      if (!quiet) return;
      sums.checks++;
      sums.lateBy = Math.max(sums.lateBy, quiet.lateBy);
      for (const name of ["views", "late", "wrong"] as const) sums[name] += quiet[name];
      for (const finding of quiet.findings) print(finding);
      if (quiet.stuck.length > 0 && sums.stuck === 0) console.log(`  NOT ANSWERED in time, in ${quiet.stuck.length} rooms; ${quiet.stuck[0] ?? ""}`);
      sums.stuck += quiet.stuck.length;
    },
    end() {
      ended = true;
      clearInterval(timer);
      if (sums.wrong > PRINTED) console.log(`  … ${sums.wrong} views were wrong in all`);
    },
  };
}
