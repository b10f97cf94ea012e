import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Quiet } from "./crowd.js";
import { BadOption, PARTS, soakOptions, type SoakOptions } from "./options.js";
import { svgPlot, textPlot } from "./plot.js";
import { startProcesses, type Processes } from "./processes.js";
import { createRecord, type Record } from "./record.js";
import { timesOf } from "./times.js";
import { verdict } from "./verdict.js";

/** Ms without anybody new in after which the start has failed. */
const STUCK = 30_000;

/** Ends with 0 when all was right, with 1 when something was wrong, with 2 when the options make no sense. */
export async function main(folder: string, args: readonly string[]): Promise<number> {
  try {
    return await soak(folder, soakOptions(args));
  } catch (error) {
    if (!(error instanceof BadOption)) throw error;
    console.error(`soak: ${error.message}`);
    return 2;
  }
}

async function soak(folder: string, options: SoakOptions): Promise<number> {
  const { minutes, connections, rate, grace, fault, out } = options;
  const stop = stopped();
  const processes = await startProcesses(folder, options);
  console.log(`headcount: ${connections} connections in ${processes.rooms} rooms, ${minutes} min of up to ${rate.toFixed(0)} reconnects a second, grace ${grace} s, ${processes.watchers} watchers with createClient, ${options.crowds + 1} processes beside this one${fault === undefined ? "" : `, with a fault built in: ${fault}`}\n`);
  const record = createRecord(processes, options.sample * 1_000, stop);
  let broken: string | undefined;
  try {
    await live(processes, record, options, stop);
  } catch (error) {
    broken = error instanceof Error ? error.message : String(error);
  }
  record.end();
  processes.close();

  const { right, text, judged } = verdict(record, { broken, cut: stop.aborted });
  console.log(`\n${textPlot(record.rows, judged)}\n`);
  writeFileSync(join(out, "soak.svg"), svgPlot(record.rows, `${connections} connections in ${processes.rooms} rooms, ${rate.toFixed(0)} reconnects a second`));
  writeFileSync(join(out, "soak.json"), JSON.stringify({ options, rows: record.rows, tally: record.tally() }, null, 1));
  console.log(`${join(out, "soak.svg")} has it as a picture, soak.json beside it every number.\n`);
  console.log(text);
  return right ? 0 : 1;
}

/** All come in, come and go, fall quiet, and go for good. Ends early when stopped. */
async function live(processes: Processes, record: Record, { minutes, check, grace }: SoakOptions, stop: AbortSignal): Promise<void> {
  record.phase("start");
  await record.sample();
  record.phase("ramp");
  await arrive(processes, stop);
  if (stop.aborted) return;
  record.phase("churn");
  await processes.churn(true);
  const cut = new Promise<undefined>((resolve) => { stop.addEventListener("abort", () => { resolve(undefined); }); });
  /** Whoever stops it does not wait for the quiet moment that is under way. */
  const quiet = (part: number | undefined): Promise<Quiet | undefined> => {
    const work = processes.quiet(part);
    work.catch(() => undefined);
    return Promise.race([work, cut]);
  };
  const end = performance.now() + minutes * 60_000;
  for (let turn = 0; performance.now() < end && !stop.aborted; turn++) {
    const next = performance.now() + check * 1_000;
    record.found(await quiet(turn % PARTS));
    await pause(Math.min(next, end) - performance.now(), stop);
  }
  if (stop.aborted) return;
  record.phase("quiet");
  await processes.churn(false);
  record.found(await quiet(undefined));
  await record.sample();
  if (stop.aborted) return;
  record.phase("end");
  await processes.end();
  const { grace: ms, tick } = timesOf(grace);
  await pause(ms + 3 * tick + 500, stop);
  // A socket that was closed while it opened may take some more.
  for (let tries = 0; tries < 20 && !stop.aborted; tries++) {
    const { links, connections, rooms } = await processes.server("health");
    if (links + connections + rooms === 0) break;
    await pause(500, stop);
  }
  await record.sample();
}

async function arrive(processes: Processes, stop: AbortSignal): Promise<void> {
  let best = -1;
  for (let since = performance.now(); !stop.aborted; await pause(250, stop)) {
    const { tally, full } = await processes.state();
    if (full) return;
    if (tally.opened > best) {
      best = tally.opened;
      since = performance.now();
    } else if (performance.now() - since > STUCK) throw new Error(`Not all tabs could come in: ${tally.opened} sockets opened, ${tally.failed} attempts failed, and nothing more for ${STUCK / 1_000} s.`);
  }
}

/** Waits, but not when stopped. */
function pause(ms: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (stop.aborted || ms <= 0) { resolve(); return; }
    const done = (): void => {
      clearTimeout(timer);
      stop.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    stop.addEventListener("abort", done);
  });
}

/** By the first Ctrl-C; the second ends the process as usual. */
function stopped(): AbortSignal {
  const stop = new AbortController();
  process.once("SIGINT", () => {
    console.log("\nStopped; what was found until now:");
    stop.abort();
  });
  return stop.signal;
}
