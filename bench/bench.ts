import { deepStrictEqual } from "node:assert";
import { cpus } from "node:os";
import { headcount, immer, mutable, type Candidate } from "./candidates.js";
import { Traffic } from "./traffic.js";

type Workload = {
  readonly title: string;
  readonly rooms: number;
  readonly size: number;
  /** Facts in each delta; 0 = facts one by one. */
  readonly delta: number;
};

const workloads: readonly Workload[] = [
  { title: "a join and a leave, 1 room of 10", rooms: 1, size: 10, delta: 0 },
  { title: "a join and a leave, 1,000 rooms of 10", rooms: 1000, size: 10, delta: 0 },
  { title: "a join and a leave, 1 room of 1,000", rooms: 1, size: 1000, delta: 0 },
  { title: "a join and a leave, 1 room of 100,000", rooms: 1, size: 100_000, delta: 0 },
  { title: "a delta of 100 facts, 1 room of 1,000", rooms: 1, size: 1000, delta: 100 },
  { title: "a delta of 100 facts, 1 room of 100,000", rooms: 1, size: 100_000, delta: 100 },
];

const REPETITIONS = 9;
const MAX_CHUNK_MS = 150;
/** More facts than these would make preparing them the longest part. */
const MAX_CHUNK_FACTS = 60_000;

/** A candidate with traffic of its own: all get the same, each at its own pace. */
type Run = { readonly candidate: Candidate; readonly traffic: Traffic; chunk: number; readonly costs: number[] };

const candidates = [mutable, headcount, immer];

for (const workload of workloads) check(workload);
console.log(`Node ${process.version}, ${process.arch}, ${String(cpus().length)} × ${cpus()[0]?.model.trim() ?? "unknown processor"}\n`);
console.log(`| µs of CPU: median (least) of ${String(REPETITIONS)} | mutable Map | headcount | × mutable | immer | × mutable |`);
console.log("|---|--:|--:|--:|--:|--:|");
for (const workload of workloads) console.log(measure(workload));
console.log(`
- "A join and a leave" is both together, "a delta" all of its 100 facts. CPU is of the whole process, the garbage collector's threads with it.
- mutable: Map room → Map user → Map connection → metadata, edited in place. It keeps no order, position, digest, age or older version,
  and doesn't notice what it missed: it is what the same list costs without what headcount adds. immer: the same reducer, with
  \`produce\` over a plain Map that it copies, not frozen.
- × is the median of the repetitions' own ratios. The three take turns in one process, on the same traffic; before that all are given
  the same events, and must then hold the same users, metadata and counts.
- Trust the ratios, not the times: other work on the machine moves them, the more the further median and least lie apart.
  A difference of less than a half is noise.`);

/** Gives all of them the same events, and stops everything unless they then hold the same. */
function check({ title, rooms, size, delta }: Workload): void {
  const traffic = new Traffic(rooms, 1);
  const all = candidates.map((create) => create());
  const small = Math.min(size, 2000);
  const facts = [...traffic.fill(small), ...traffic.facts(rooms === 1 ? 1000 : 4000)];
  const deltas = delta > 0 ? traffic.deltas(10, delta) : [];
  for (const candidate of all) {
    for (const [room, fact] of facts) candidate.fact(room, fact);
    for (const [room, one] of deltas) candidate.delta(room, one);
  }
  for (let i = 0; i < rooms; i++) {
    const [first, ...others] = all.map((candidate) => candidate.content(`room-${String(i)}`));
    for (const other of others) deepStrictEqual(other, first, `they differ after "${title}"`);
  }
}

function measure(workload: Workload): string {
  const { title, rooms, size } = workload;
  const runs = candidates.map((create): Run => {
    const traffic = new Traffic(rooms, 2);
    const candidate = create();
    // One by one, immer would take many minutes to fill a large room; a delta does the same.
    const filling = traffic.fill(size);
    if (rooms > 1) for (const [room, fact] of filling) candidate.fact(room, fact);
    else candidate.delta("room-0", { type: "delta", epoch: 1, from: 0, to: size, at: 0, digest: undefined, facts: filling.map(([, fact]) => fact) });
    return { candidate, traffic, chunk: 2, costs: [] };
  });
  for (const run of runs) calibrate(run, workload);
  for (let i = 0; i < REPETITIONS; i++) for (const run of runs) run.costs.push(cost(run, workload));
  for (const { candidate } of runs) {
    if (candidate.total() !== rooms * size) throw new Error(`${candidate.name} lost count in "${title}"`);
  }
  const [base, ...others] = runs.map(({ costs }) => costs);
  const cell = (costs: readonly number[]) => `${short(median(costs))} (${short(Math.min(...costs))})`;
  const cells = others.flatMap((costs) => [cell(costs), `**${short(median(costs.map((c, i) => c / base![i]!)))}**`]);
  return `| ${[title, cell(base!), ...cells].join(" | ")} |`;
}

/** Warms a candidate up, and finds how much of the work fits into a chunk. */
function calibrate(run: Run, workload: Workload): void {
  const most = MAX_CHUNK_FACTS / (workload.delta || 2);
  for (;;) {
    const ms = (cost(run, workload) * run.chunk) / 1000;
    if (ms > MAX_CHUNK_MS / 2 || run.chunk >= most) return;
    run.chunk = Math.min(most, Math.ceil(run.chunk * Math.max(2, Math.min(20, MAX_CHUNK_MS / 2 / Math.max(ms, 0.1)))));
  }
}

/** Microseconds of CPU that one piece of work takes, over a chunk of them. */
function cost({ candidate, traffic, chunk }: Run, { delta }: Workload): number {
  const facts = delta === 0 ? traffic.facts(2 * chunk) : [];
  const deltas = delta > 0 ? traffic.deltas(chunk, delta) : [];
  // What preparing left behind is not the candidate's.
  globalThis.gc?.();
  const start = process.cpuUsage();
  for (const [room, fact] of facts) candidate.fact(room, fact);
  for (const [room, one] of deltas) candidate.delta(room, one);
  const { user, system } = process.cpuUsage(start);
  return (user + system) / chunk;
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1]!;
}

function short(n: number): string {
  return n >= 100 ? Math.round(n).toLocaleString("en") : n.toPrecision(2);
}
