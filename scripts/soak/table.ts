import type { Lag } from "./lag.js";
import type { ServerSample } from "./server.js";

/** One measurement, and what came of the quiet moments since the one before. */
export type Row = ServerSample & {
  /** Seconds since the start. */
  readonly at: number;
  readonly phase: "start" | "ramp" | "churn" | "quiet" | "end";
  /** Of the clients' processes, the worst: what is late there looks late here. */
  readonly crowdLag: Lag;
  /** Each a second: frames that the clients heard and said, sockets that opened. */
  readonly frames: number;
  readonly opens: number;
  /** Views that were compared, that needed longer than promised, and that were wrong. */
  readonly views: number;
  readonly late: number;
  readonly wrong: number;
};

const COLUMNS: readonly (readonly [head: string, width: number, cell: (row: Row) => string])[] = [
  ["time", 6, ({ at }) => `${at.toFixed(0)} s`],
  ["phase", 6, ({ phase }) => phase],
  ["links", 6, ({ health }) => String(health.links)],
  ["conns", 6, ({ health }) => String(health.connections)],
  ["rooms", 5, ({ health }) => String(health.rooms)],
  ["heap MB", 8, ({ heap }) => mega(heap)],
  ["rss MB", 7, ({ rss }) => mega(rss)],
  ["sockets", 7, ({ sockets }) => String(sockets)],
  ["timers", 6, ({ timers }) => String(timers)],
  ["lag p50", 8, ({ lag }) => lag.p50.toFixed(1)],
  ["p99", 6, ({ lag }) => lag.p99.toFixed(1)],
  ["max ms", 7, ({ lag }) => lag.max.toFixed(0)],
  ["theirs", 6, ({ crowdLag }) => crowdLag.p99.toFixed(0)],
  ["frames/s", 8, ({ frames }) => frames.toFixed(0)],
  ["opens/s", 7, ({ opens }) => opens.toFixed(0)],
  ["views", 6, ({ views }) => String(views)],
  ["late", 5, ({ late }) => String(late)],
  ["wrong", 5, ({ wrong }) => String(wrong)],
];

export function mega(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}

export function headText(): string {
  return COLUMNS.map(([head, width]) => head.padStart(width)).join(" ");
}

export function rowText(row: Row): string {
  return COLUMNS.map(([, width, cell]) => cell(row).padStart(width)).join(" ");
}
