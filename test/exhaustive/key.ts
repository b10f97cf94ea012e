import type { Connection, Fact } from "../../src/core/event.js";
import { EPOCH, ROOM, USERS, WINDOW, type Down, type World } from "./world.js";

/**
 * A world as text, the same for all worlds that go on alike: whatever the users and connections are called, whatever time it
 * is, and whatever happened that nobody will ask for any more. Of ages it only counts which of a user's connections is the
 * older one. Tags and digests are left out: `check` has compared them.
 */
export function keyOf(world: World): string {
  const [ann, bob] = USERS as [string, string];
  // Whoever has less comes first; where both have the same, both orders are tried.
  const [a, b] = [ann, bob].map((user) => ownOf(world, user)) as [string, string];
  if (a !== b) return keyIn(world, a < b ? [ann, bob] : [bob, ann]);
  const [one, other] = [keyIn(world, [ann, bob]), keyIn(world, [bob, ann])];
  return one < other ? one : other;
}

/** How a user's connections stand at the host, without their names. */
function ownOf({ host, log }: World, user: string): string {
  let own = "";
  for (const c of log.room.users.get(user)?.connections ?? []) {
    const here = host.rooms.get(ROOM)?.connections.get(c.conn);
    own += `${c.meta}${!here ? "x" : here.link !== undefined ? "" : here.vanished?.until === undefined ? "v" : here.vanished.until - host.clock};`;
  }
  return own;
}

function keyIn(world: World, users: readonly string[]): string {
  const { log, view, down, up, flushed, asked, told, now, n } = world;
  const names = namesIn(world, users);
  const { at, below } = placesIn(world);
  const one = ({ conn, meta }: Connection<number>): string => `${names.get(conn)!}${meta}`;
  const fact = (f: Fact<number>): string => (f.type === "connect" ? `+${one(f)}` : `-${names.get(f.conn)!}`);
  // Nobody ever stands amid what was flushed together: of each connection the last fact counts, and their order does not.
  const facts = (all: readonly Fact<number>[]): string => [...new Map(all.map((f) => [f.conn, fact(f)])).values()].sort().join("");
  const people = (all: Iterable<Connection<number>>): string => [...all].map(one).sort().join("");
  const message = (m: Down): string => {
    if (m.type !== "state") return `${m.type}${n - (m.re ?? 0)}`;
    const { event: e } = m;
    if (e.type === "heartbeat") return `h${at(e.seq)}`;
    return e.type === "delta" ? `d${at(e.from)},${at(e.to)}:${facts(e.facts)}` : `s${at(e.seq)}:${people(e.connections)}`;
  };
  const { behind } = view.room;
  const steps = new Map<string, Fact<number>[]>();
  for (const f of wanted(world)) {
    const from = below(f.seq);
    // Whoever stands farther back is answered with a snapshot.
    if (!from.startsWith("far")) steps.set(from, [...(steps.get(from) ?? []), f]);
  }
  return [
    users.map((user) => ownOf(world, user)).join("/"), people(connectionsIn(log.room)), [...steps].map(([from, all]) => `${from}:${facts(all)}`).join(), facts(unsent(world)), at(flushed), told,
    asked && `${asked.full} ${asked.pos?.epoch === EPOCH ? at(asked.pos.seq) : "-"}`,
    down.map(message).join(), up.map((m) => `${m.type}${n - m.n}${m.full ?? ""}${m.pos ? at(m.pos[1]) : "-"}`).join(),
    view.room.epoch === 0 ? "-" : at(view.room.seq), people(connectionsIn(view.room)),
    behind && `${behind.reason}${behind.to.epoch === 0 ? "-" : at(behind.to.seq)}${behind.held.map((d) => `${at(d.from)},${at(d.to)}:${facts(d.facts)}`).join()}`,
    view.view.status, view.acked, view.rank, view.tries, n - view.asked, view.askAt - now, now - view.heard, view.error?.code, view.due - now,
    world.lost, world.repeated, world.swapped,
  ].join("|");
}

/**
 * How far a seq lies back: exactly where the window may still reach, beyond that by how many of those that matter lie between.
 * `below`: the same of the last before it at which somebody stands, or will.
 */
function placesIn({ log, view, down, up, flushed, asked }: World): { at: (seq: number) => string; below: (seq: number) => string } {
  const { seq: head } = log.room;
  const far = new Set<number>([flushed, view.room.seq, view.room.behind?.to.seq ?? 0, asked?.pos?.seq ?? 0]);
  for (const { pos } of up) far.add(pos?.[1] ?? 0);
  for (const held of view.room.behind?.held ?? []) far.add(held.from).add(held.to);
  for (const m of down) {
    if (m.type !== "state") continue;
    if (m.event.type === "delta") far.add(m.event.from).add(m.event.to);
    else far.add(m.event.seq);
  }
  const places = [...far].sort((a, b) => b - a);
  const beyond = places.filter((seq) => head - seq > WINDOW);
  const at = (seq: number): string => (head - seq <= WINDOW ? String(head - seq) : `far${beyond.indexOf(seq)}`);
  return { at, below: (seq) => at(places.find((place) => place < seq) ?? 0) };
}

/** Short names for all connections that are spoken of: whose, and the how many-eth of theirs. They were minted in the order of their age. */
function namesIn(world: World, users: readonly string[]): Map<string, string> {
  const owners = new Map<string, string>();
  const add = ({ conn, user }: { readonly conn: string; readonly user: string }): void => void owners.set(conn, user);
  for (const room of [world.log.room, world.view.room]) for (const c of connectionsIn(room)) add(c);
  wanted(world).forEach(add);
  unsent(world).forEach(add);
  for (const held of world.view.room.behind?.held ?? []) held.facts.forEach(add);
  for (const m of world.down) {
    if (m.type !== "state") continue;
    if (m.event.type === "delta") m.event.facts.forEach(add);
    if (m.event.type === "snapshot") m.event.connections.forEach(add);
  }
  const byAge = [...owners.keys()].sort((a, b) => Number(a.slice(1)) - Number(b.slice(1)));
  const counts = [0, 13];
  const names = new Map<string, string>();
  for (const conn of byAge) {
    const i = owners.get(conn) === users[0] ? 0 : 1;
    names.set(conn, String.fromCharCode(97 + counts[i]!++));
  }
  return names;
}

function* connectionsIn(room: World["log"]["room"]): Iterable<Connection<number>> {
  for (const { connections } of room.users.values()) yield* connections;
}

/** What of the window may still be asked for: what lies past the place where the watcher stands, or stood when it asked. */
function wanted({ log, view, up, asked }: World): Fact<number>[] {
  const stood = [view.room.epoch === EPOCH ? view.room.seq : Infinity, ...up.map(({ pos }) => (pos?.[0] === EPOCH ? pos[1] : Infinity)), asked?.pos?.epoch === EPOCH ? asked.pos.seq : Infinity];
  const from = Math.min(...stood);
  return log.window.map(({ fact }) => fact).filter((fact) => fact.seq > from);
}

/** What waits for the flush as facts: an answer is made of the window instead. */
function unsent({ told, asked, pending }: World): readonly Fact<number>[] {
  return told && !asked ? pending : [];
}

/** 53 bits of a text. */
export function hashOf(text: string): number {
  let a = 0x811c9dc5;
  let b = 0x9e3779b9;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul(b ^ unit, 0x85ebca6b);
    b ^= b >>> 13;
  }
  a = Math.imul(a ^ (a >>> 16), 0xc2b2ae35);
  return (a >>> 0) * 2 ** 21 + ((b ^ (b >>> 11)) >>> 11);
}
