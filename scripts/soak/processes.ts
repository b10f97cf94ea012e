import { fork, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { asking, type Ask } from "./ask.js";
import type { Crowd, CrowdPlan, Quiet } from "./crowd.js";
import type { Lag } from "./lag.js";
import { PACE, PARTS, ROOM_SIZE, type SoakOptions } from "./options.js";
import type { Finding, RoomPlan } from "./room.js";
import type { Server } from "./server.js";
import { sumOf, type Tally } from "./tally.js";
import { timesOf } from "./times.js";

/** The server and the crowd, each in a process of its own. */
export type Processes = {
  readonly rooms: number;
  readonly watchers: number;
  readonly server: Ask<Server>;
  /** All crowds together: what they did, whether all of their tabs are in, and the worst lag. */
  readonly state: () => Promise<{ readonly tally: Tally; readonly full: boolean; readonly lag: Lag }>;
  readonly churn: (on: boolean) => Promise<unknown>;
  /** A quiet moment in one part of the rooms, or in all, for good (undefined): views and server against what is so. */
  readonly quiet: (part: number | undefined) => Promise<Quiet>;
  readonly end: () => Promise<unknown>;
  readonly close: () => void;
};

/** Watchers with the library's own client, at most. */
const WATCHERS = 40;
/** Ms after which the server is asked anew when it says something else than is so. */
const AGAIN = 200;
/** From one address 28,000 ports can be used, and each waits a minute until it can be used again. Elsewhere than on Linux there is only the first. */
const ADDRESSES = process.platform === "linux" ? Array.from({ length: 8 }, (_, i) => `127.0.0.${i + 2}`) : [];

export async function startProcesses(folder: string, options: SoakOptions): Promise<Processes> {
  const { connections, crowds: count, grace, rate, seed, check, leak } = options;
  const children: ChildProcess[] = [];
  const start = (file: string, ...flags: readonly string[]): ChildProcess => {
    const child = fork(join(folder, file), [], { execArgv: [...flags] });
    children.push(child);
    return child;
  };
  const close = (): void => { for (const child of children) if (child.connected) child.disconnect(); };
  const times = timesOf(grace);
  const rooms = plan(connections, count);
  try {
    const server = asking<Server>(start("server.mjs", "--expose-gc"), "the server's process");
    const port = await server("start", { times, leak });
    const crowds = Array.from({ length: count }, () => asking<Crowd>(start("crowd.mjs"), "a process of the tabs"));
    const all = <T>(what: (crowd: Ask<Crowd>, i: number) => Promise<T>): Promise<readonly T[]> => Promise.all(crowds.map(what));
    await all((crowd, i) => crowd("start", {
      port, addresses: ADDRESSES, times, check: check * 1_000, seed: seed + i,
      rooms: rooms.filter((_, at) => at % count === i), rate: rate / count, pace: PACE / count,
    } satisfies CrowdPlan));

    return {
      rooms: rooms.length,
      watchers: rooms.filter(({ watched }) => watched).length,
      server, close,
      async state() {
        const states = await all((crowd) => crowd("state"));
        const worst = (name: keyof Lag): number => Math.max(...states.map(({ lag }) => lag[name]));
        return { tally: sumOf(states.map(({ tally }) => tally)), full: states.every(({ full }) => full), lag: { p50: worst("p50"), p99: worst("p99"), max: worst("max") } };
      },
      churn: (on) => all((crowd) => crowd("churn", on)),
      async quiet(part) {
        const quiets = await all((crowd) => crowd("quiet", part));
        const truth = new Map(quiets.flatMap((quiet) => quiet.truth));
        // What the views have waited for already is not waited for again.
        const differs = await compare(server, truth, quiets.some(({ wrong }) => wrong > 0) ? 0 : times.late);
        if (part !== undefined) await all((crowd) => crowd("thaw"));
        const sum = (of: (quiet: Quiet) => number): number => quiets.reduce((total, quiet) => total + of(quiet), 0);
        return {
          truth: [...truth],
          views: sum(({ views }) => views) + truth.size,
          late: sum(({ late }) => late),
          lateBy: Math.max(...quiets.map(({ lateBy }) => lateBy)),
          wrong: sum(({ wrong }) => wrong) + differs.length,
          findings: [...differs.slice(0, 1), ...quiets.flatMap(({ findings }) => findings)],
          stuck: quiets.flatMap(({ stuck }) => stuck),
        };
      },
      end: () => all((crowd) => crowd("end")),
    };
  } catch (error) {
    close();
    throw error;
  }
}

function plan(connections: number, crowds: number): readonly RoomPlan[] {
  const rooms = Math.ceil(connections / ROOM_SIZE);
  const every = Math.ceil(rooms / WATCHERS);
  return Array.from({ length: rooms }, (_, i) => ({
    name: `room-${i + 1}`,
    // Each crowd has rooms of each part.
    part: Math.floor(i / crowds) % PARTS,
    tabs: Math.min(ROOM_SIZE, connections - i * ROOM_SIZE),
    watched: i % every === 0,
  }));
}

/** What the server's registry says of the rooms, against what is so. */
async function compare(server: Ask<Server>, truth: ReadonlyMap<string, string>, patience: number): Promise<readonly Finding[]> {
  for (const began = performance.now(); ; ) {
    const said = await server("rooms", [...truth.keys()]);
    const wrong = said.filter(([room, text]) => text !== truth.get(room));
    if (wrong.length === 0 || performance.now() - began >= patience) return wrong.map(([room, shows]) => ({ room, who: "the server", shows, truth: truth.get(room) ?? "" }));
    await new Promise((resolve) => { setTimeout(resolve, AGAIN); });
  }
}
