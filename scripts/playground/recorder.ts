import type { Deed } from "./script.js";
import { DEVICES, USERS } from "./script.js";
import type { Verdict, Tally } from "./tally.js";
import type { Scene } from "./truth.js";
import { COUNTERS, type Counter, type Happening } from "./world.js";

/** Something that was so from then to then, in ms. */
export type Stretch<T> = { readonly from: number; to: number; readonly is: T };
export type LineState = "up" | "down" | "silent" | "asleep";

/** What the timeline draws. */
export type Recording = {
  /** By user, and there by the row that a tab took. */
  readonly lines: readonly { readonly user: string; readonly row: number; readonly stretch: Stretch<LineState> }[];
  /** How many people there are. */
  readonly truth: readonly Stretch<number>[];
  /** How many a tab shows, by counter. */
  readonly beliefs: Readonly<Record<Counter, readonly Stretch<number>[]>>;
  readonly verdicts: Readonly<Record<Counter, readonly Stretch<Verdict>[]>>;
  readonly deeds: readonly { readonly at: number; readonly deed: Deed; readonly user: string | undefined }[];
};

export type Recorder = { readonly recording: Recording; readonly hear: (happening: Happening) => void; /** Looks at how things stand. */ readonly look: (at: number) => void };

/** Longer ago than this is forgotten. */
const KEPT = 300_000;

export function createRecorder(tally: Tally): Recorder {
  const lines: { user: string; row: number; stretch: Stretch<LineState> }[] = [];
  const truth: Stretch<number>[] = [];
  const beliefs: Record<Counter, Stretch<number>[]> = { naive: [], headcount: [] };
  const verdicts: Record<Counter, Stretch<Verdict>[]> = { naive: [], headcount: [] };
  const deeds: { at: number; deed: Deed; user: string | undefined }[] = [];
  /** What goes on now: by tab its line, and by counter and tab what it shows. */
  const open = new Map<number, { row: number; stretch: Stretch<LineState> }>();
  const shows = new Map<string, Stretch<number>>();

  function look(at: number): void {
    const scene = tally.scene();
    trace(scene, at);
    go(truth, USERS.filter((user) => tally.truth(user) !== "away").length, at);
    for (const counter of COUNTERS) {
      go(verdicts[counter], tally.now(counter), at);
      for (const { tab, asleep, beliefs: own } of scene.tabs.values()) {
        const key = `${counter} ${tab}`;
        const count = asleep === undefined ? own[counter].users?.length : undefined;
        const last = shows.get(key);
        if (last) last.to = at;
        if (last?.is === count) continue;
        shows.delete(key);
        if (count === undefined) continue;
        const next = { from: at, to: at, is: count };
        shows.set(key, next);
        beliefs[counter].push(next);
      }
    }
  }

  function trace(scene: Scene, at: number): void {
    for (const [tab, own] of open) {
      own.stretch.to = at;
      if (!scene.tabs.has(tab)) open.delete(tab);
    }
    for (const key of shows.keys()) if (!scene.tabs.has(Number(key.split(" ")[1]))) shows.delete(key);
    for (const { tab, user, asleep, silent, down } of scene.tabs.values()) {
      const is = asleep !== undefined ? "asleep" : silent !== undefined ? "silent" : down !== undefined ? "down" : "up";
      const known = open.get(tab);
      if (known?.stretch.is === is) continue;
      const taken = new Set([...open].flatMap(([other, { row }]) => (other !== tab && scene.tabs.get(other)?.user === user ? [row] : [])));
      let row = known?.row ?? 0;
      while (!known && taken.has(row)) row++;
      const stretch = { from: at, to: at, is } as const;
      open.set(tab, { row, stretch });
      lines.push({ user, row, stretch });
    }
  }

  function forget(before: number): void {
    for (const list of [truth, beliefs.naive, beliefs.headcount, verdicts.naive, verdicts.headcount]) while (list[0] && list[0].to < before) list.shift();
    while (lines[0] && lines[0].stretch.to < before) lines.shift();
    while (deeds[0] && deeds[0].at < before) deeds.shift();
  }

  return {
    recording: { lines, truth, beliefs, verdicts, deeds },
    look,
    hear(happening) {
      if (happening.type === "deed") {
        const { deed } = happening;
        const user = "user" in deed ? deed.user : "device" in deed ? DEVICES.find(({ id }) => id === deed.device)?.user : undefined;
        deeds.push({ at: happening.at, deed, user });
        forget(happening.at - KEPT);
      }
      look(happening.at);
    },
  };
}

function go<T>(list: Stretch<T>[], is: T, at: number): void {
  const last = list.at(-1);
  if (last) last.to = at;
  if (!last || last.is !== is) list.push({ from: at, to: at, is });
}
