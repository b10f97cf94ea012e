import type { RoomName, Snapshot } from "../core/event.js";
import { toSnapshot } from "../core/snapshot.js";
import type { Appended, Clock, Log, Op, Stop } from "../ports.js";
import { toPos } from "../protocol/encode.js";
import type { Pos } from "../protocol/message.js";
import { checkOptions } from "./check-options.js";
import type { Events } from "./events.js";
import type { HostInput } from "./host-input.js";
import { saveHost, type SavedHost } from "./host-save.js";
import type { Ledger } from "./ledger.js";
import type { LogOptions } from "./log.js";

/** The first line's `version`. Another one can't be read by an older `replay`. */
export const RECORD_VERSION = 1;

/** One line of a recording: JSON. `t`: wall-clock ms. */
export type RecordLine<M> = { readonly t: number } & (
  /** What there was when the recording began. `log`: present where the log is this process's own, so that `append` can be repeated. */
  | { readonly type: "start"; readonly version: number; readonly redacted: boolean; readonly log?: LogOptions; readonly host: SavedHost<M>; readonly rooms: readonly (readonly [RoomName, Snapshot<M> | null])[] }
  /** A room is followed from here on, as it stands; null where it is not known yet. */
  | { readonly type: "follow"; readonly room: RoomName; readonly snapshot: Snapshot<M> | null }
  | { readonly type: "release"; readonly room: RoomName }
  | { readonly type: "step"; readonly input: HostInput<M> }
  /** Written once it is answered. `t`: what its facts are stamped with. `pos`: where the room stood then; null where it is not known. */
  | { readonly type: "append"; readonly room: RoomName; readonly ops: readonly Op<M>[]; readonly refused: Appended<M>["refused"]; readonly pos: Pos | null }
  /** How it ended: what a replay must come to. */
  | { readonly type: "end"; readonly host: SavedHost<M>; readonly rooms: readonly (readonly [RoomName, Pos | null])[] }
);

export type RecordOptions<M> = {
  /** What to write in place of a meta. Metas that differ should stay different, or updates between them are not told of in a replay. Default: the meta as it is. */
  readonly meta?: (meta: M) => unknown;
};

/** Writes down what `step` and `append` are given. */
export type Recorder<M> = {
  /** `sink` is given each line, with its end. It must not call the registry. If it throws, that recording is over. */
  readonly start: (sink: (line: string) => unknown, options: RecordOptions<M> | undefined) => Stop;
  readonly step: (input: HostInput<M>) => void;
  readonly append: (room: RoomName, ops: readonly Op<M>[], appended: Appended<M>) => void;
  readonly follow: (room: RoomName) => void;
  readonly release: (room: RoomName) => void;
  readonly close: () => void;
};

type RecorderOptions<M> = {
  readonly log: Log<M>;
  readonly clock: Clock;
  readonly events: Events<M>;
  /** Where the log is this process's own. */
  readonly own: LogOptions | undefined;
  readonly ledger: () => Pick<Ledger<M>, "host" | "rooms">;
};

type Tape<M> = { readonly sink: (line: string) => unknown; readonly meta: ((meta: M) => unknown) | undefined };

export function createRecorder<M>({ log, clock, events, own, ledger }: RecorderOptions<M>): Recorder<M> {
  const tapes = new Set<Tape<M>>();

  function write(tape: Tape<M>, make: () => RecordLine<M>): void {
    try {
      const line = make();
      tape.sink(`${JSON.stringify(tape.meta ? redacted(line, tape.meta) : line)}\n`);
    } catch (cause) {
      tapes.delete(tape);
      events.report({ code: "record_failed", message: "The sink of a recording, or its `meta`, threw; that recording is over.", cause });
    }
  }

  /** Nothing is made, and no clock asked, while nobody records. (A copy: a sink may end its own recording.) */
  function say(make: () => RecordLine<M>): void {
    if (tapes.size > 0) for (const tape of [...tapes]) write(tape, make);
  }

  function snapshotOf(room: RoomName): Snapshot<M> | null {
    const fold = log.room(room);
    return fold ? toSnapshot(fold, clock.now()) : null;
  }

  function posOf(room: RoomName): Pos | null {
    const fold = log.room(room);
    return fold ? toPos(fold) : null;
  }

  function end(tape: Tape<M>): void {
    const { host, rooms } = ledger();
    if (tapes.has(tape)) write(tape, () => ({ type: "end", t: clock.now(), host: saveHost(host()), rooms: [...rooms()].map((room) => [room, posOf(room)] as const) }));
    tapes.delete(tape);
  }

  return {
    start(sink, options = {}) {
      // A name that is spelled wrong would write down what was to be kept out.
      checkOptions("registry.record(sink, options)", options, { meta: "function" });
      const { meta } = options;
      const tape = { sink, meta };
      const { host, rooms } = ledger();
      tapes.add(tape);
      write(tape, () => ({
        type: "start", t: clock.now(), version: RECORD_VERSION, redacted: meta !== undefined, ...(own && { log: own }),
        host: saveHost(host()), rooms: [...rooms()].map((room) => [room, snapshotOf(room)] as const),
      }));
      return () => { end(tape); };
    },
    step(input) { say(() => ({ type: "step", t: clock.now(), input })); },
    append(room, ops, { delta, refused }) {
      if (ops.length > 0) say(() => ({ type: "append", t: delta?.at ?? clock.now(), room, ops, refused, pos: delta?.digest === undefined ? posOf(room) : [delta.epoch, delta.to, delta.digest] }));
    },
    follow(room) { say(() => ({ type: "follow", t: clock.now(), room, snapshot: snapshotOf(room) })); },
    release(room) { say(() => ({ type: "release", t: clock.now(), room })); },
    close() { for (const tape of [...tapes]) end(tape); },
  };
}

/** A copy with every meta replaced. No outside string is a key in a line, but in a meta. */
function redacted(value: unknown, meta: (meta: never) => unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => redacted(item, meta));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, held]) => [key, key === "meta" ? (meta(held as never) ?? null) : redacted(held, meta)]));
}
