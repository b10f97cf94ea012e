import fc from "fast-check";
import { changes } from "../../src/core/change.js";
import type { RoomEvent } from "../../src/core/event.js";
import { doubt, reduce } from "../../src/core/reduce.js";
import { emptyRoom, type Room } from "../../src/core/room.js";
import { askOf, usersOf } from "../../src/core/select.js";
import { courses } from "../../src/testing/arbitraries.js";
import { nineFacts, scripted } from "./history.js";

type Heard = RoomEvent<unknown> | "doubt";
export type Case = { readonly name: string; readonly rules: readonly string[]; readonly steps: readonly unknown[] };

/** A room as the vectors have it. */
function shown(room: Room<unknown>): unknown {
  const { epoch, seq, digest, behind } = room;
  return {
    epoch,
    seq,
    digest,
    users: usersOf(room).map(({ id, since, meta, connections }) => ({ id, since, meta, connections: connections.map(({ conn, tag, first, since, meta }) => ({ conn, tag, first, since, meta })) })),
    userCount: room.users.size,
    connectionCount: room.connectionCount,
    behind: behind ? { reason: behind.reason, to: [behind.to.epoch, behind.to.seq], held: behind.held.map(({ epoch, from, to }) => [epoch, from, to]) } : null,
    ask: askOf(room) ?? null,
  };
}

function told(name: string, rules: readonly string[], heard: readonly Heard[]): Case {
  let room = emptyRoom<unknown>();
  const steps = heard.map((event) => {
    const before = room;
    room = event === "doubt" ? doubt(room) : reduce(room, event);
    const said = event === "doubt" ? [] : changes(before, event, room, { connections: true });
    return { ...(event === "doubt" ? { doubt: true } : { event }), room: room === before ? "same" : shown(room), ...(said.length > 0 && { changes: said }) };
  });
  return { name, rules, steps };
}

export function coreVectors(): Case[] {
  const log = nineFacts();
  const { fact, delta, snapshot, heartbeat } = log;
  const later = nineFacts(8);
  const earlier = nineFacts(6);
  const lie = <E extends { readonly digest: number | undefined }>(event: E): E => ({ ...event, digest: 1 });

  const hostile = scripted(7);
  for (const [i, id] of ["__proto__", "constructor", "", "10", "2", "\ud800", "\udc00", "é", "e\u0301"].entries()) hostile.join(id, `c-${id}`, i + 1);
  for (const seq of [2, 4]) hostile.leave(hostile.fact(seq).conn);

  const large = scripted(7);
  const top = 2 ** 48 - 1;
  for (const i of [0, 1, 2]) large.join(`u${i}`, `c${i}`, top - i);
  large.leave("c1");

  const start = (seq: number): Heard[] => [snapshot(seq)];
  const adoption: Case[] = [
    ["in step", start(4)],
    ["behind by gap", [snapshot(4), heartbeat(6)]],
    ["behind by link", [snapshot(4), "doubt"]],
    ["behind by link, and has heard of more", [snapshot(4), "doubt", heartbeat(6)]],
    ["behind by epoch", [snapshot(4), earlier.heartbeat(3)]],
    ["behind by drift", [snapshot(4), lie(heartbeat(4))]],
  ].flatMap(([name, before]) =>
    ([["an earlier snapshot", snapshot(2)], ["one of the same place", snapshot(4)], ["a later one", snapshot(6)], ["one of a later epoch", later.snapshot(2)], ["one of a lower epoch", earlier.snapshot(9)]] as const).map(([what, event]) =>
      told(`a room ${name as string} hears ${what}`, ["R5", "R7"], [...(before as Heard[]), event, log.delta(6, 9)]),
    ),
  );

  return [
    told("fact by fact: tabs, updates, goodbyes", ["R3", "R8", "R9", "R14"], [snapshot(0), ...log.facts]),
    told("the same by deltas", ["R3", "R4", "R14"], [snapshot(0), delta(0, 3), delta(3, 6), delta(6, 9)]),
    told("one delta over all: who came and went within it was never there", ["R4", "R8", "R14"], [snapshot(0), delta(0, 9)]),
    told("deltas that begin before the room's place", ["R3", "R4"], [snapshot(2), delta(0, 4), delta(1, 7), delta(6, 9), delta(0, 9)]),
    told("repeats", ["R2", "R3"], [snapshot(6), delta(0, 3), delta(3, 6), lie(delta(0, 5)), fact(4), fact(6), snapshot(6), heartbeat(6), heartbeat(3)]),
    told("a repeat of the place where the room stands, with another digest", ["R3", "R6"], [snapshot(6), lie(delta(3, 6))]),
    told("early deltas wait for what lies before them", ["R3", "R6", "R7"], [snapshot(2), delta(4, 6), delta(7, 8), delta(2, 4), delta(6, 7)]),
    told("two neighbours change places", ["R3", "R14"], [snapshot(4), fact(6), fact(5)]),
    told("deltas ahead of the first snapshot", ["R3", "R5"], [delta(6, 7), delta(4, 5), delta(5, 6), snapshot(5)]),
    told("a hole that only an answer fills", ["R6", "R7", "R13"], [snapshot(2), delta(5, 6), heartbeat(9), delta(2, 9)]),
    told("heartbeats", ["R6", "R7"], [snapshot(4), heartbeat(4), heartbeat(2), heartbeat(6), heartbeat(4), delta(4, 6)]),
    told("a heartbeat of the same place with another digest", ["R6", "R7"], [snapshot(4), lie(heartbeat(4)), heartbeat(4), delta(4, 6), snapshot(6)]),
    told("a delta whose outcome sums to something else", ["R6", "R7"], [snapshot(4), lie(delta(4, 6)), delta(6, 9), snapshot(9)]),
    told("heartbeats of other epochs", ["R6"], [snapshot(4), earlier.heartbeat(9), later.heartbeat(2), later.snapshot(2)]),
    told("deltas of other epochs", ["R3"], [snapshot(4), earlier.delta(4, 6), later.delta(2, 3), later.delta(3, 5), later.snapshot(2)]),
    told("a doubt ends by a heartbeat that agrees", ["R7"], [snapshot(4), "doubt", "doubt", heartbeat(4)]),
    told("a doubt ends by a delta that agrees, and what it brings is learned late", ["R7", "R14"], [snapshot(4), "doubt", delta(4, 6)]),
    told("a doubt forgets what was held and heard of", ["R7"], [snapshot(2), delta(4, 6), "doubt", heartbeat(2)]),
    told("a doubt does not soften drift", ["R7"], [snapshot(4), lie(heartbeat(4)), "doubt", heartbeat(4), snapshot(4)]),
    told("a fact names no digest, and ends a doubt all the same", ["R7"], [snapshot(4), "doubt", fact(5)]),
    told("a snapshot after a long absence: net, and learned late", ["R5", "R14"], [snapshot(5), "doubt", snapshot(9)]),
    told("a snapshot below what was heard of leaves a gap", ["R5"], [snapshot(2), "doubt", heartbeat(9), snapshot(6), delta(6, 9)]),
    told("a snapshot that names another digest", ["R5"], [lie(snapshot(4)), snapshot(4)]),
    told("a snapshot that lists a connection twice", ["R5"], [{ ...snapshot(4), digest: snapshot(4).digest + 104, connections: [...snapshot(4).connections, snapshot(4).connections[0]!] }]),
    told("a goodbye to somebody unknown", ["R8"], [snapshot(0), { ...delta(0, 6), facts: [fact(6)] }]),
    told("ids that are nothing special", ["R10", "R11"], [hostile.snapshot(0), hostile.delta(0, 9), hostile.delta(9, 11)]),
    told("people of the same moment are listed by UTF-16 units", ["R11"], [{ ...hostile.snapshot(9), connections: hostile.snapshot(9).connections.map((c) => ({ ...c, since: 5 })) }]),
    told("digests count modulo 2^48", ["R6"], [large.snapshot(0), large.delta(0, 1), large.delta(1, 3), large.delta(3, 4), large.heartbeat(4)]),
    ...adoption,
    ...walks(),
  ];
}

/** Random ones: everything at once, and now and then a digest that lies. */
function walks(): Case[] {
  return fc
    .sample(courses({ lies: true }), { seed: 5, numRuns: 150 })
    .map(([, heard]) => told("a walk", ["R3", "R4", "R5", "R6", "R7"], heard.map((delivery) => (delivery.doubt ? "doubt" : delivery.event))))
    .filter(({ steps }) => steps.length > 12 && JSON.stringify(steps).length < 24_000)
    .slice(0, 12)
    .map((one, i) => ({ ...one, name: `a walk, ${i + 1}` }));
}
