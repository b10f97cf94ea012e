import { step as stepView, type ViewInput } from "../../src/client/view.js";
import { emptyView, type ViewState } from "../../src/client/view-state.js";
import type { Ask, Delta, Fact, Position } from "../../src/core/event.js";
import type { ClientMessage } from "../../src/protocol/message.js";
import type { ServerEvent } from "../../src/protocol/decode-server.js";
import { emptyHost, step as stepHost, type Host } from "../../src/server/host.js";
import type { HostInput } from "../../src/server/host-input.js";
import { append, emptyLog, since, type LogState } from "../../src/server/log.js";

/**
 * One room in small: a host and its log, two users with two tabs each, a watcher's view, and a line between them that may
 * once lose, once repeat and once swap what is on it. Never changed, always copied; all decisions are those of the library.
 */
export type World = {
  readonly host: Host<number>;
  readonly log: LogState<number>;
  /** The link of each tab, two a user; undefined = closed. */
  readonly tabs: readonly (string | undefined)[];
  readonly minted: number;
  /** What the room sums to at each seq. */
  readonly digests: readonly number[];
  /** The watchers have been told up to here; what became true since then waits for the flush. */
  readonly flushed: number;
  readonly pending: readonly Fact<number>[];
  /** The watcher's request that waits for the flush, and whether it is told of the room at all. */
  readonly asked: Ask | undefined;
  readonly told: boolean;
  readonly down: readonly Down[];
  readonly up: readonly Asking[];
  readonly view: ViewState<number>;
  readonly now: number;
  readonly n: number;
  readonly lost: boolean;
  readonly repeated: boolean;
  readonly swapped: boolean;
};

export type Down = Extract<ServerEvent<number>, { type: "joined" | "synced" | "state" }>;
export type Asking = Extract<ClientMessage, { type: "join" | "sync" }>;

export const ROOM = "r";
export const EPOCH = 9;
const TICK = 1_000;
/** Small, so that whoever is far behind is answered with a snapshot. */
export const WINDOW = 2;
export const USERS: readonly string[] = ["ann", "bob"];

/** Tags of which no few add up to the same, as those drawn at random. */
const tagOf = (i: number): number => Number((BigInt(i + 1) * 0x9e3779b97f4a7c15n) % 2n ** 48n);

/** An empty room, watched by somebody whose request has just gone out. */
export function emptyWorld(): World {
  const world: World = {
    host: emptyHost<number>({ tick: TICK, grace: TICK }),
    log: emptyLog<number>(EPOCH, 0, { window: WINDOW, windowAge: Infinity, settle: 0 }),
    tabs: [undefined, undefined, undefined, undefined],
    minted: 0, digests: [0], flushed: 0, pending: [], asked: undefined, told: false, down: [], up: [],
    view: emptyView<number>(ROOM, { flush: 50, answer: 5_000 }),
    now: 0, n: 1, lost: false, repeated: false, swapped: false,
  };
  const wished = see(world, { type: "wish", watch: "users", present: false });
  return see(wished, { type: "up", link: { lease: 75_000, every: 25_000, jitter: 1_000 } });
}

/** The world after its host was told; what it says is in the log at once, and the host hears of it. */
function tell(world: World, ...inputs: readonly HostInput<number>[]): World {
  let { host, log, digests, pending } = world;
  const waiting = [...inputs];
  for (let input; (input = waiting.shift()); ) {
    const said = stepHost(host, input);
    host = said.host;
    if (said.expired.length > 0 || said.lost.length > 0) throw new Violation("the host lost somebody who did nothing");
    for (const { op } of said.ops) {
      const { log: next, delta, refused } = append(log, [op], log.room.seq + 1);
      if (refused.length > 0) throw new Violation(`the log refused: ${refused[0]!.code}`);
      log = next;
      digests = [...digests, log.room.digest];
      pending = [...pending, ...delta!.facts];
      waiting.push({ type: "log", room: ROOM, event: delta! });
    }
  }
  return { ...world, host, log, digests, pending };
}

/** The world after its watcher's view was told. */
function see(world: World, input: ViewInput<number>): World {
  const { state: view, send, changes } = stepView(world.view, input, { now: world.now, chance: 0.5, n: world.n });
  const before = new Set(world.view.room.users.keys());
  for (const change of changes) {
    if (change.type === "joined" && before.has(change.user)) throw new Violation(`${change.user} joined twice`);
    if (change.type === "left" && !before.has(change.user)) throw new Violation(`${change.user} left twice`);
  }
  return { ...world, view, n: world.n + send.length, up: [...world.up, ...(send as Asking[])] };
}

function open(world: World, tab: number): World {
  const { minted } = world;
  const link = `l${minted}`;
  const opened = tell(
    { ...world, minted: minted + 1, tabs: world.tabs.with(tab, link) },
    { type: "open", link, lease: 3_600_000 },
    { type: "identify", link, user: USERS[tab >> 1]! },
    { type: "join", link, room: ROOM, by: "client", conn: `c${minted}`, tag: tagOf(minted), meta: 0 },
  );
  return opened;
}

/** The tab shows its other face. */
function update(world: World, tab: number): World {
  const link = world.tabs[tab]!;
  const { conn } = world.host.links.get(link)!.rooms.get(ROOM)!;
  const meta = 1 - world.host.rooms.get(ROOM)!.connections.get(conn)!.meta;
  return tell({ ...world, minted: world.minted + 1 }, { type: "update", link, room: ROOM, tag: tagOf(world.minted), meta });
}

function close(world: World, tab: number, how: "leave" | "vanished"): World {
  return tell({ ...world, tabs: world.tabs.with(tab, undefined) }, { type: "close", link: world.tabs[tab]!, how });
}

const tick = (world: World): World => tell(world, { type: "tick", now: (world.host.now ?? 0) + TICK, heard: [] });

const positionAt = ({ digests }: World, seq: number): Position => ({ epoch: EPOCH, seq, digest: digests[seq]! });
const state = (event: Extract<Down, { type: "state" }>["event"]): Down => ({ type: "state", room: ROOM, event });

/** What the fan-out does at the end of a window: one delta, or the answer that waited for it. */
function flush(world: World): World {
  const { log, pending, flushed, asked, told } = world;
  const next: World = { ...world, flushed: log.room.seq, pending: [], asked: undefined };
  if (asked) return { ...next, down: [...next.down, answer(world, asked)] };
  if (!told) return next;
  const last = new Map(pending.map((fact) => [fact.conn, fact.seq]));
  const delta: Delta<number> = { type: "delta", ...positionAt(world, log.room.seq), from: flushed, to: log.room.seq, at: 0, facts: pending.filter(({ conn, seq }) => last.get(conn) === seq) };
  return { ...next, down: [...next.down, state(delta)] };
}

function answer(world: World, ask: Ask): Down {
  const said = since(world.log, ask, 0);
  if (said.type === "later") throw new Violation("a settled log answers");
  return state(said);
}

/** The server hears the watcher: an acknowledgement at once, the answer at the flush, or at once when none is pending. */
function hear(world: World): World {
  const [message, ...up] = world.up;
  const { type, n: re, room, pos, full = false } = message!;
  const ask: Ask = { full, ...(pos && { pos: { epoch: pos[0], seq: pos[1], digest: pos[2] } }) };
  const next: World = { ...world, up, told: true, asked: ask, down: [...world.down, { type: type === "join" ? "joined" : "synced", re, room }] };
  return next.pending.length > 0 ? next : { ...next, asked: undefined, down: [...next.down, answer(next, ask)] };
}

const deliver = (world: World): World => see({ ...world, down: world.down.slice(1) }, world.down[0]!);
const beat = (world: World): World => ({ ...world, down: [...world.down, state({ type: "heartbeat", at: 0, ...positionAt(world, world.flushed) })] });
const timer = (world: World): World => see({ ...world, now: Math.max(world.now, world.view.due) }, { type: "timer" });
const waits = ({ host }: World): boolean => host.vanishing.size > 0 || (host.rooms.get(ROOM)?.vanished.size ?? 0) > 0;

export type Action = { readonly words: string; readonly act: (world: World) => World };
const named = (words: string, act: Action["act"]): Action => ({ words, act });
const TABS = [0, 1, 2, 3].map((tab) => {
  const who = `${USERS[tab >> 1]!}'s tab ${(tab % 2) + 1}`;
  return {
    open: named(`${who} opens`, (w) => open(w, tab)),
    update: named(`${who} shows something else`, (w) => update(w, tab)),
    leave: named(`${who} leaves`, (w) => close(w, tab, "leave")),
    vanish: named(`${who}'s line is cut`, (w) => close(w, tab, "vanished")),
  };
});
const TICKS = named("a second passes at the server", tick);
const FLUSH = named("the server tells the watcher", flush);
const HEAR = named("the server hears the watcher", hear);
const DELIVER = named("the watcher hears the server", deliver);
const BEAT = named("the server sends a heartbeat", beat);
const TIMER = named("the watcher's timer fires", timer);
const LOSE_DOWN = named("what the server sent is lost", (w) => ({ ...w, lost: true, down: w.down.slice(1) }));
const LOSE_UP = named("what the watcher asked is lost", (w) => ({ ...w, lost: true, up: w.up.slice(1) }));
const REPEAT = named("the watcher hears the server, and will hear the same again", (w) => see({ ...w, repeated: true }, w.down[0]!));
const SWAP = named("two messages of the server change places", (w) => ({ ...w, swapped: true, down: [w.down[1]!, w.down[0]!, ...w.down.slice(2)] }));

/** All that can happen next. Of a user's tabs the first that is closed opens: another one would be the same by another name. */
export function actionsOf(world: World): Action[] {
  const { tabs, down, up, lost, repeated, swapped, pending, told, view } = world;
  const actions: Action[] = [];
  TABS.forEach(({ open, update, leave, vanish }, tab) => {
    if (tabs[tab] !== undefined) actions.push(update, leave, vanish);
    else if (tab % 2 === 0 || tabs[tab - 1] !== undefined) actions.push(open);
  });
  if (waits(world)) actions.push(TICKS);
  if (pending.length > 0) actions.push(FLUSH);
  if (up.length > 0) actions.push(HEAR);
  if (down.length > 0) actions.push(DELIVER);
  const quiet = down.length + up.length + pending.length === 0;
  // Both take half a minute of silence at least, unless the watcher has something to ask.
  if (told && quiet) actions.push(BEAT);
  if (view.due < Infinity && (quiet || view.view.status !== "live")) actions.push(TIMER);
  if (!lost && down.length > 0) actions.push(LOSE_DOWN);
  if (!lost && up.length > 0) actions.push(LOSE_UP);
  if (!repeated && down.length > 0) actions.push(REPEAT);
  if (!swapped && down.length > 1) actions.push(SWAP);
  return actions;
}

/** What happens next if nobody does anything and nothing goes wrong; undefined: nothing, until the next heartbeat. */
export function calm(world: World): Action | undefined {
  const { down, up, pending, view } = world;
  if (up.length > 0) return HEAR;
  if (pending.length > 0) return FLUSH;
  if (down.length > 0) return DELIVER;
  if (waits(world)) return TICKS;
  return view.view.status === "live" ? undefined : TIMER;
}

/** Something that must never be. */
export class Violation extends Error {}

/** Throws a `Violation` when something is wrong that must hold at any time. */
export function check(before: World, { view, log, host, tabs, digests }: World): void {
  const { room } = view;
  if (room.epoch !== 0) {
    if (room.digest !== digests[room.seq]) throw new Violation(`the watcher shows at ${room.seq} what never was`);
    if (before.view.room.epoch !== 0 && room.seq < before.view.room.seq) throw new Violation(`the watcher went back from ${before.view.room.seq} to ${room.seq}`);
    if (room.behind && room.behind.reason !== "gap" && room.behind.reason !== "link") throw new Violation(`the watcher is behind by ${room.behind.reason}`);
    if (view.view.status === "live" && view.view.userCount !== view.view.users?.length) throw new Violation("counts and lists disagree");
  }
  const here = [...(host.rooms.get(ROOM)?.connections.values() ?? [])];
  if (here.length !== log.room.connectionCount) throw new Violation(`the host has ${here.length} connections, the log ${log.room.connectionCount}`);
  for (const [tab, link] of tabs.entries()) if (link !== undefined && !log.room.users.has(USERS[tab >> 1]!)) throw new Violation(`${USERS[tab >> 1]!} has a tab open and is not there`);
  for (const { user } of here) if (!log.room.users.has(user)) throw new Violation(`${user} is in grace and is not there`);
}

/** What is wrong once all is calm; undefined: nothing. */
export function wrongAtRest({ view, log, tabs }: World): string | undefined {
  const { status, users, connectionCount } = view.view;
  if (status !== "live" || view.room.seq !== log.room.seq) return `the watcher is ${status} at ${view.room.seq}, and the log stands at ${log.room.seq}`;
  const open = tabs.flatMap((link, tab) => (link === undefined ? [] : [USERS[tab >> 1]!]));
  const should = [...new Set(open)].sort().join();
  const is = users?.map(({ id }) => id).sort().join();
  if (is !== should || connectionCount !== open.length) return `the watcher sees ${is ?? "?"} (${connectionCount ?? "?"} connections), and there are ${should} (${open.length})`;
  return undefined;
}

/** The heartbeat that comes when nothing else does. */
export const heartbeat: Action = BEAT;

/** Where explorations begin: by name, what happened before. */
export const STARTS: ReadonlyMap<string, World> = new Map([
  ["empty", emptyWorld()],
  ["live", lived()],
  ["gap", gapped()],
]);

/** Ann and bob are there, the watcher is live and knows it. */
function lived(): World {
  let world = open(open(emptyWorld(), 0), 2);
  for (let next; (next = calm(world)); ) world = next.act(world);
  return world;
}

/** As that, but bob's update was lost on its way, and ann's after it has come: that was the one loss. */
function gapped(): World {
  const lost = flush(update(lived(), 2));
  return deliver(flush(update({ ...lost, down: [], lost: true }, 0)));
}
