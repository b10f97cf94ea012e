import { changes, type Change } from "../core/change.js";
import type { ConnectionId, RoomEvent, RoomName, UserId } from "../core/event.js";
import { comparePoints } from "../core/position.js";
import type { Room } from "../core/room.js";
import type { Log, Op, Stop } from "../ports.js";
import { createAppendQueue, waitForAll, type AppendQueue, type Done } from "./append-queue.js";
import { publish } from "./channels.js";
import type { Events } from "./events.js";
import { connectionsIn, emptyHost, step, type Host, type HostOptions } from "./host.js";
import type { HostInput, LinkId, Lost } from "./host-input.js";
import type { Recorder } from "./recorder.js";
import { createRestarts } from "./restarts.js";

/** An event of a followed room, with the fold before and after it. */
export type Heard<M> = { readonly room: RoomName; readonly event: RoomEvent<M>; readonly before: Room<M>; readonly after: Room<M> };

/** A followed room: what waits for its log, and what was heard but not told yet. */
type Entry<M> = {
  readonly stop: Stop;
  readonly queue: AppendQueue<M>;
  readonly told: Heard<M>[];
  /** A snapshot whose consequences are not through yet: what changed is told net of them. */
  rebase: Heard<M> | undefined;
  /** Up to where changes were told net. */
  netted: { readonly epoch: number; readonly seq: number } | undefined;
};

/** What an append of ours came to: who is absent or present by it, and whom it touched. */
type Ours = { readonly epoch: number; readonly from: number; readonly to: number; readonly turned: ReadonlySet<UserId>; readonly touched: ReadonlySet<UserId> };

export type LedgerOptions<M> = {
  readonly log: Log<M>;
  readonly host: HostOptions;
  readonly events: Events<M>;
  /** Calls a while later: a log that failed may be there again by then. */
  readonly retry: (run: () => void) => Stop;
  readonly mint: () => { conn: ConnectionId; tag: number };
  readonly onHeard: (heard: Heard<M>) => void;
  /** `origin`: it came of an append of ours, and of nobody else's. */
  readonly onChange: (heard: Heard<M>, change: Change<M>, origin: boolean) => void;
  readonly onExpired: (link: LinkId) => void;
  /** An own connection ended unasked. `again`: the id under which it is about to be announced again. */
  readonly onLost: (lost: Lost, again: ConnectionId | undefined) => void;
  /** An open link's connection was announced again; the host has it no more if the log refused it. */
  readonly onAnnounced: (link: LinkId, room: RoomName) => void;
  /** Whether somebody here still wants to hear of the room. */
  readonly watched: (room: RoomName) => boolean;
  /** Hears what `step` and the log are given, in the order in which they are. */
  readonly record: Pick<Recorder<M>, "step" | "append" | "follow" | "release">;
};

/** Drives `step` and the log, and carries what they say to each other. */
export type Ledger<M> = {
  readonly host: () => Host<M>;
  /** Feeds the host. `done`: when the log has taken all that came of it, or has not. */
  readonly dispatch: (input: HostInput<M>, done?: Done) => void;
  /** Wishes that are not a host's own (a kick, a block). */
  readonly append: (room: RoomName, ops: readonly Op<M>[]) => void;
  /** Own connections that the log lost: said to whom it concerns, and announced again. */
  readonly lose: (lost: readonly Lost[]) => void;
  readonly follow: (room: RoomName) => void;
  /** Stops following a room that nobody here needs any more. */
  readonly release: (room: RoomName) => void;
  readonly rooms: () => Iterable<RoomName>;
  /** Whether something is on its way to a room's log. */
  readonly inFlight: (room: RoomName) => boolean;
  /** A defect of ours struck in a room: it starts again in a new epoch, now (true) or, if it just did, a while later. */
  readonly restart: (room: RoomName, cause: unknown) => boolean;
  readonly close: () => void;
};

export function createLedger<M>({ log, events, retry, ...options }: LedgerOptions<M>): Ledger<M> {
  let host = emptyHost<M>(options.host);
  let closed = false;
  const entries = new Map<RoomName, Entry<M>>();
  const { restart, close: stopRestarts } = createRestarts({ log, events, retry });

  function entry(name: RoomName): Entry<M> {
    const found = entries.get(name);
    if (found) return found;
    const queue = createAppendQueue<M>(name, {
      log, retry,
      onAppended(appended, ops) {
        const { delta, turns } = appended;
        options.record.append(name, ops, appended);
        tellAll(made, delta && { ...delta, turned: new Set(turns.map(({ user }) => user)), touched: new Set(delta.facts.map(({ user }) => user)) });
      },
      onRefused(op) { if (op.type === "connect") dispatch({ type: "refused", room: name, conn: op.conn }); },
      onDefect: (cause) => restart(name, cause),
      onUnavailable(cause) {
        // Whose they are is not known, and may not be known for long.
        tellAll(made, undefined);
        events.report({ code: "unavailable", room: name, message: "The log could not be reached; what it missed is sent again.", cause });
      },
      onQuiet() {
        settleRebase(made);
        release(name);
      },
    });
    // Set before the log is followed, which may tell of the room at once.
    let stop: Stop = () => undefined;
    const made: Entry<M> = { stop: () => { stop(); }, queue, told: [], rebase: undefined, netted: undefined };
    entries.set(name, made);
    stop = log.follow(name, (event, before, after) => { hear({ room: name, event, before, after }); });
    options.record.follow(name);
    return made;
  }

  function dispatch(input: HostInput<M>, done?: Done): void {
    if (closed) return done?.("failed");
    events.run(() => {
      options.record.step(input);
      let said: ReturnType<typeof step<M>>;
      try {
        said = step(host, input);
      } catch (cause) {
        if ("room" in input) restart(input.room, cause);
        else events.report({ code: "internal", message: `A defect of headcount: the host could not take "${input.type}".`, cause });
        return done?.("failed");
      }
      host = said.host;
      push(said.ops, done, input.type === "join" ? input.room : undefined);
      for (const link of said.expired) options.onExpired(link);
      lose(said.lost);
    });
  }

  /** `awaited`: where nothing is left to be said, what was said of this room before has to be taken. */
  function push(ops: readonly { readonly room: RoomName; readonly op: Op<M> }[], done: Done | undefined, awaited?: RoomName): void {
    const queue = awaited === undefined ? undefined : entries.get(awaited)?.queue;
    if (ops.length === 0 && done && queue?.busy()) { queue.push(undefined, done); return; }
    const all = waitForAll(ops.length, done);
    for (const { room, op } of ops) entry(room).queue.push(op, all);
    for (const room of new Set(ops.map((each) => each.room))) entry(room).queue.pump();
  }

  function lose(lost: readonly Lost[]): void {
    const rooms = new Map<RoomName, [ConnectionId, { conn: ConnectionId; tag: number }][]>();
    for (const one of lost) {
      const again = one.reason === "node-lost" ? options.mint() : undefined;
      if (again) rooms.set(one.room, [...(rooms.get(one.room) ?? []), [one.conn, again]]);
      options.onLost(one, again?.conn);
    }
    for (const [room, fresh] of rooms) {
      dispatch({ type: "announce", room, fresh }, (failure) => {
        if (failure === "failed") return;
        for (const one of lost) if (one.link !== undefined && one.room === room && one.reason === "node-lost") options.onAnnounced(one.link, room);
      });
    }
  }

  function hear(heard: Heard<M>): void {
    if (closed) return;
    const { room: name, event } = heard;
    const room = entries.get(name);
    if (event.type === "delta") for (const fact of event.facts) publish("fact", () => ({ room: name, fact }));
    events.run(() => {
      if (room && event.type === "snapshot") {
        tellAll(room, undefined);
        room.rebase ??= heard;
      }
      try {
        options.onHeard(heard);
      } catch (cause) {
        restart(name, cause);
      }
      dispatch({ type: "log", room: name, event });
      if (room?.rebase) {
        if (!room.queue.busy()) settleRebase(room);
      } else if (room?.netted && comparePoints(heard.after, room.netted) <= 0) return;
      // Which changes are ours to act upon is only known when the append is answered.
      else if (room?.queue.busy()) room.told.push(heard);
      else tell(heard, undefined);
    });
  }

  /** After a new epoch the host has announced its connections again by now. */
  function settleRebase(room: Entry<M>): void {
    const { rebase } = room;
    if (!rebase) return;
    room.rebase = undefined;
    const after = log.room(rebase.room) ?? rebase.after;
    room.netted = after;
    tell({ ...rebase, after }, undefined);
  }

  function tellAll(room: Entry<M>, ours: Ours | undefined): void {
    events.run(() => { for (const heard of room.told.splice(0)) tell(heard, ours); });
  }

  function tell(heard: Heard<M>, ours: Ours | undefined): void {
    const { room, event, before, after } = heard;
    try {
      const own = event.type === "delta" && event.epoch === ours?.epoch && event.from >= ours.from && event.to <= ours.to;
      for (const change of changes(before, event, after, { connections: true })) {
        const whose = change.type === "joined" || change.type === "left" ? ours?.turned : ours?.touched;
        options.onChange(heard, change, own && whose?.has(change.user) === true);
      }
    } catch (cause) {
      restart(room, cause);
    }
  }

  function release(name: RoomName): void {
    const room = entries.get(name);
    if (!room || room.queue.busy() || options.watched(name) || !connectionsIn(host, name)[Symbol.iterator]().next().done) return;
    entries.delete(name);
    options.record.release(name);
    room.stop();
  }

  return {
    dispatch, lose, release, restart,
    host: () => host,
    append(room, ops) { if (!closed) events.run(() => { push(ops.map((op) => ({ room, op })), undefined); }); },
    follow(name) { if (!closed) entry(name); },
    rooms: () => entries.keys(),
    inFlight: (name) => entries.get(name)?.queue.busy() === true,
    close() {
      closed = true;
      stopRestarts();
      for (const { stop, queue } of entries.values()) {
        stop();
        queue.close();
      }
      entries.clear();
    },
  };
}
