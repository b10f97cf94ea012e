import { castDraft, enableMapSet, produce, setAutoFreeze, type Draft } from "immer";
import { addTag, dropTag } from "../src/core/digest.js";
import type { Connection, Delta, Fact } from "../src/core/event.js";
import type { User } from "../src/core/room.js";

enableMapSet();
// Freezing costs a walk over what is new; without it immer is at its fastest.
setAutoFreeze(false);

/** What a room holds while it misses nothing. */
export type ImmerRoom = {
  readonly epoch: number;
  readonly seq: number;
  readonly digest: number;
  readonly connectionCount: number;
  readonly users: ReadonlyMap<string, User<unknown>>;
};

export const emptyImmerRoom: ImmerRoom = { epoch: 1, seq: 0, digest: 0, connectionCount: 0, users: new Map() };

/** Folds facts and deltas that come in order, with immer over a plain Map. */
export function immerReduce(room: ImmerRoom, event: Fact<unknown> | Delta<unknown>): ImmerRoom {
  const { epoch } = event;
  const [from, to, facts] = event.type === "delta" ? [event.from, event.to, event.facts] : [event.seq - 1, event.seq, [event]];
  if (epoch !== room.epoch || from > room.seq || to <= room.seq) return room;
  return produce(room, (draft) => {
    for (const fact of facts) if (fact.seq > room.seq) apply(draft, fact);
    draft.seq = to;
  });
}

function apply(room: Draft<ImmerRoom>, fact: Fact<unknown>): void {
  const user = room.users.get(fact.user);
  const known = user?.connections.findIndex((c) => c.conn === fact.conn) ?? -1;
  const before = user?.connections[known];
  if (before) room.digest = dropTag(room.digest, before.tag);
  if (fact.type === "disconnect") {
    if (!user || !before) return;
    room.connectionCount--;
    user.connections.splice(known, 1);
    if (user.connections.length === 0) room.users.delete(fact.user);
    else derive(user);
    return;
  }
  room.digest = addTag(room.digest, fact.tag);
  const { conn, tag, meta } = fact;
  if (before) Object.assign(before, { tag, meta });
  else room.connectionCount++;
  if (user && before) derive(user);
  else {
    const connection: Connection<unknown> = { conn, user: fact.user, tag, first: fact.first, since: fact.since, meta };
    if (user) {
      user.connections.push(castDraft(connection));
      user.connections.sort((a, b) => a.first - b.first);
      derive(user);
    } else room.users.set(fact.user, castDraft({ id: fact.user, since: fact.since, meta, connections: [connection] }));
  }
}

function derive(user: Draft<User<unknown>>): void {
  user.meta = user.connections.at(-1)?.meta;
  user.since = Math.min(...user.connections.map((c) => c.since));
}
