import { changes } from "../core/change.js";
import type { RoomName, Snapshot } from "../core/event.js";
import { put } from "../core/map.js";
import { reduce } from "../core/reduce.js";
import { emptyRoom, type Room } from "../core/room.js";
import type { Pos } from "../protocol/message.js";
import { restoreHost, saveHost, type SavedHost } from "../server/host-save.js";
import { emptyHost, step, type Host } from "../server/host.js";
import type { HostInput } from "../server/host-input.js";
import { append, emptyLog, type LogOptions, type LogState } from "../server/log.js";
import type { RecordLine } from "../server/index.js";
import { named, person, seconds } from "../server/words.js";
import { readRecording } from "./read-recording.js";
import { tellChanges, tellInput, tellRefusals, where } from "./replay-story.js";

/** What a recording comes to. */
export type Replayed<M> = {
  /** The rooms that were followed at its end. */
  readonly rooms: ReadonlyMap<RoomName, Room<M>>;
  /** What the process held at its end. */
  readonly host: Host<M>;
  /** What happened, in plain words, a line each: `+12.345 s  ann joined "board": 2 people`. */
  readonly story: readonly string[];
  /** Where the replay came to something else than the recording says; none = they agree, to the digest. */
  readonly differences: readonly string[];
  /** Whether the recording was ended, by its stop or the registry's `close`; if not, its process was killed. */
  readonly complete: boolean;
};

/**
 * Runs a recording of `registry.record` again, through the pure functions. Pure: the same lines give the same replay.
 * `lines`: the text, or its lines. Throws a `TypeError` that names the line which is none of a recording.
 */
export function replay<M = unknown>(lines: string | Iterable<string>): Replayed<M> {
  const rooms = new Map<RoomName, Room<M>>();
  const logs = new Map<RoomName, LogState<M>>();
  /** The tags of what steps wished for and the log was not given yet. */
  const wished = new Set<number>();
  const story: string[] = [];
  const differences: string[] = [];
  let host: Host<M> = emptyHost({ tick: 1_000, grace: 0 });
  let options: LogOptions | undefined;
  let redacted = false;
  let from = 0;
  let now = 0;

  function tell(...said: readonly string[]): void {
    for (const one of said) story.push(`+${seconds(now - from)}  ${one}`);
  }

  function differs(number: number, what: string): void {
    differences.push(`line ${number}: ${what}`);
    tell(`BUT ${what}`);
  }

  function begin(line: Extract<RecordLine<M>, { type: "start" }>): void {
    host = restoreHost(line.host);
    rooms.clear();
    logs.clear();
    wished.clear();
    for (const [room, snapshot] of line.rooms) know(room, snapshot, line.log);
    ({ log: options, redacted } = line);
    from = line.t;
    now = from;
    tell(`the recording begins: ${host.links.size} links`, ...[...rooms].map(([name, room]) => where(name, room)));
  }

  function know(name: RoomName, snapshot: Snapshot<M> | null, bounds: LogOptions | undefined): void {
    rooms.set(name, snapshot ? reduce(emptyRoom<M>(), snapshot) : rooms.get(name) ?? emptyRoom<M>());
    if (snapshot && bounds) logs.set(name, logAt(snapshot, bounds));
  }

  function take(input: HostInput<M>, number: number): void {
    const before = host;
    try {
      const said = step(host, input);
      host = said.host;
      for (const { op } of said.ops) if ("tag" in op) wished.add(op.tag);
      tell(...tellInput(before, input, said));
    } catch (cause) {
      // It did so when it was recorded, too: that is what the recording is good for.
      tell(`the host could not take "${input.type}", a defect of headcount: ${String(cause)}`);
    }
    if (input.type === "log") hear(input.room, input.event, number);
  }

  function hear(name: RoomName, event: Extract<HostInput<M>, { type: "log" }>["event"], number: number): void {
    const room = rooms.get(name) ?? emptyRoom<M>();
    const after = reduce(room, event);
    rooms.set(name, after);
    tell(...tellChanges(name, changes(room, event, after, { connections: true }), room, after, event));
    if (event.type === "snapshot") know(name, event, options);
    if (after.behind && !room.behind) differs(number, `the fold of ${named(name)} is behind at ${after.epoch}/${after.seq}: ${after.behind.reason}`);
  }

  function repeat({ room: name, t, ops, refused, pos }: Extract<RecordLine<M>, { type: "append" }>, number: number): void {
    tell(...tellRefusals(name, ops, refused, host));
    // What was on its way when the recording began was wished for before; with a log of its own nothing is.
    if (!options || !pos) return;
    for (const op of ops) if ("tag" in op && !wished.delete(op.tag) && !(redacted && op.type === "update")) differs(number, `no step wished for the ${op.type} of ${person(op.user)} in ${named(name)}`);
    const before = logs.get(name);
    if (before?.room.epoch !== pos[0]) return;
    // Blocks that are older than the recording, or than the room's epoch, are only known by what they keep out.
    const unknown = new Set(refused.filter(({ op, code }) => code === "blocked" && !isBlocked(before, ops[op])).map(({ op }) => op));
    const { log } = append(before, ops.filter((_, i) => !unknown.has(i)), t);
    logs.set(name, log);
    if (samePlace(log.room, pos)) return;
    differs(number, `the log of ${named(name)} came to ${pos.join("/")}, repeated it comes to ${placeOf(log.room)}`);
    logs.delete(name);
  }

  function end(line: Extract<RecordLine<M>, { type: "end" }>, number: number): void {
    for (const [name, pos] of line.rooms) {
      for (const [what, room] of [["the fold", rooms.get(name) ?? emptyRoom<M>()], ["the log", logs.get(name)?.room]] as const) {
        if (pos && room && !samePlace(room, pos)) differs(number, `${what} of ${named(name)} ended at ${pos.join("/")}, replayed it ends at ${placeOf(room)}`);
      }
    }
    if (textOf(line.host, redacted) !== textOf(saveHost(host), redacted)) differs(number, "the host ended with other links, connections or deadlines than its replay");
    tell("the recording ends");
  }

  function play(line: RecordLine<M>, number: number): void {
    switch (line.type) {
      case "start": begin(line); break;
      case "follow": know(line.room, line.snapshot, options); break;
      case "release": rooms.delete(line.room); break;
      case "step": take(line.input, number); break;
      case "append": repeat(line, number); break;
      case "end": end(line, number);
    }
  }

  const { lines: read, cut } = readRecording<M>(lines);
  for (const { number, line } of read) {
    now = line.t;
    try {
      play(line, number);
    } catch (cause) {
      throw new TypeError(`replay: line ${number}: a line of type "${line.type}" that no headcount wrote.`, { cause });
    }
  }
  const complete = read.at(-1)?.line.type === "end";
  if (!complete) tell(cut ? "the recording breaks off amid a line" : "the recording breaks off");
  return { rooms, host, story, differences, complete };
}

/** A log that stands where the snapshot does, and remembers nothing of before. */
function logAt<M>(snapshot: Snapshot<M>, options: LogOptions): LogState<M> {
  const room = reduce(emptyRoom<M>(), snapshot);
  const log = emptyLog<M>(snapshot.epoch, 0, options);
  const owners = snapshot.connections.reduce((known, { conn: id, user }) => put(known, { id, user }), log.owners);
  return { ...log, owners, room, floor: room.digest };
}

function isBlocked<M>({ blocked }: LogState<M>, op: { readonly type: string; readonly user?: string } | undefined): boolean {
  return op?.user !== undefined && blocked.has(op.user);
}

function placeOf({ epoch, seq, digest }: Room<unknown>): string {
  return `${epoch}/${seq}/${digest}`;
}

function samePlace({ epoch, seq, digest }: Room<unknown>, pos: Pos): boolean {
  return epoch === pos[0] && seq === pos[1] && digest === pos[2];
}

/** Metas that were made alike are no updates in a replay: their tags differ then. */
function textOf<M>(host: SavedHost<M>, redacted: boolean): string {
  const connections = host.rooms.map((room) => ({ ...room, connections: room.connections.map((connection) => (redacted ? { ...connection, meta: 0, tag: 0 } : connection)) }));
  // The same keys in the same order, whether it went through JSON or not.
  return JSON.stringify(canonical(JSON.parse(JSON.stringify({ ...host, rooms: connections }))));
}

function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== "object" || value === null) return value;
  return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, held]) => [key, canonical(held)]);
}
