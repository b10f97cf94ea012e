import type { Record } from "./record.js";
import { mega, type Row } from "./table.js";
import { ACTS } from "./tally.js";
import { grows, LEAST_POINTS, MARK, percentOf, SURE, trendOf, type Trend } from "./trend.js";

export type Verdict = {
  readonly right: boolean;
  /** What happened, what is wrong, and a line that says which. */
  readonly text: string;
  /** The samples by which the heap was judged. */
  readonly judged: ReadonlySet<Row>;
};

/** `broken`: why the run ended before its time. `cut`: somebody stopped it. */
export function verdict(record: Pick<Record, "rows" | "tally" | "sums">, { broken, cut }: { readonly broken: string | undefined; readonly cut: boolean }): Verdict {
  const judged = steady(record.rows);
  const trend = trendOf(judged.map(({ at, heap }) => [at / 60, heap]));
  const growing = grows(trend);
  const tally = record.tally();
  const { checks, views, late, lateBy, wrong, stuck } = record.sums();
  const last = record.rows[record.rows.length - 1];

  const bad: string[] = [];
  if (broken !== undefined) bad.push(broken);
  if (wrong > 0) bad.push(`${wrong} of ${views} views were wrong.`);
  if (stuck > 0) bad.push(`${stuck} times a room could not be compared: somebody was on their way in for 30 s. Either the machine has too much to do, or the server does not answer.`);
  if (growing) bad.push(`The heap grows steadily: ${heapText(trend)}.`);
  if (tally.complaints > 0) bad.push(`Tabs met what they should not, ${tally.complaints} times:`, ...tally.words.map((words) => `  ${words}`));
  for (const { code, count } of last?.health.errors ?? []) bad.push(`The server reported ${code}, ${count} times.`);
  if (last?.phase === "end") {
    const { links, connections, rooms } = last.health;
    if (links + connections + rooms > 0) bad.push(`Everybody has gone, and the server still has ${links} links, ${connections} connections and ${rooms} rooms.`);
  }

  const acts = ACTS.map((act) => `${act} ${tally.acts[act]}`).join(" · ");
  const facts = [
    `${tally.opened} sockets opened (${tally.failed} attempts failed); ${acts}`,
    `${tally.heard + tally.said} frames; tabs asked ${tally.asked} times for what they missed`,
    `${checks} quiet moments, ${views} views compared, ${late} of them late (by ${(lateBy / 1_000).toFixed(1)} s at most)`,
    growing === undefined ? `heap: not judged, for that takes ${LEAST_POINTS} samples in the later half of the churn, and there are ${trend.points}` : `heap: ${heapText(trend)}`,
  ];
  const first = record.rows[0];
  if (first && last?.phase === "end") facts.push(`empty: heap ${mega(first.heap)} MB before, ${mega(last.heap)} MB after; ${last.sockets} sockets`);
  const short = cut ? ", as far as it went" : "";
  const line = bad.length > 0
    ? `WRONG${short}.`
    : checks === 0
      ? "NOTHING was compared."
      : `RIGHT${short}: no count was wrong, ${growing === undefined ? "the heap was not judged" : "the heap does not grow"}.`;
  return { right: bad.length === 0, text: [...facts, ...bad.map((one) => `✗ ${one}`), "", line].join("\n"), judged: new Set(judged) };
}

/** The samples of the later half of the churn: windows are full by then, and code is warm. */
function steady(rows: readonly Row[]): readonly Row[] {
  const churn = rows.filter(({ phase }) => phase === "churn");
  const from = churn[0]?.at ?? 0;
  const to = churn[churn.length - 1]?.at ?? 0;
  return churn.filter(({ at }) => at >= (from + to) / 2);
}

function heapText(trend: Trend): string {
  const { points, minutes, median, slope, z } = trend;
  const signed = (value: number, digits: number): string => `${value < 0 ? "" : "+"}${value.toFixed(digits)}`;
  return `median ${mega(median)} MB, ${signed((slope * minutes) / 1e6, 2)} MB over ${points} samples of ${minutes.toFixed(1)} min, which is ${signed(percentOf(trend), 1)} % in 10 min (mark ${MARK} %); z ${z.toFixed(1)} (mark ${SURE})`;
}
