import { addTag, dropTag } from "./digest.js";
import type { Connection, Fact, UserId } from "./event.js";
import { drop, put, type Owner } from "./map.js";
import type { Room, User } from "./room.js";

/** A room's content while facts are applied to it; its map is edited under one owner. */
export type Draft<M> = { users: Room<M>["users"]; connectionCount: number; digest: number; readonly owner: Owner };

/** Adds a connection; of a known one takes meta and tag, and leaves its user, age and `since`. */
export function connect<M>(draft: Draft<M>, { conn, user: id, tag, first, since, meta }: Connection<M>): void {
  const user = draft.users.get(id);
  const connections = user ? user.connections.slice() : [];
  let i = connections.findIndex((c) => c.conn === conn);
  const known = connections[i];
  if (known) {
    draft.digest = dropTag(draft.digest, known.tag);
    connections[i] = { conn, user: id, tag, first: known.first, since: known.since, meta };
  } else {
    draft.connectionCount++;
    // Nearly always the youngest; a delta that overtook another may bring an older one later.
    for (i = connections.length; i > 0 && (connections[i - 1]?.first ?? 0) > first; ) i--;
    connections.splice(i, 0, { conn, user: id, tag, first, since, meta });
  }
  draft.digest = addTag(draft.digest, tag);
  draft.users = put(draft.users, userWith(id, connections), draft.owner);
}

/** Removes a connection; an unknown one (its whole stay lay within a delta) changes nothing. */
export function disconnect<M>(draft: Draft<M>, conn: string, id: UserId): void {
  const user = draft.users.get(id);
  const gone = user?.connections.find((c) => c.conn === conn);
  if (!user || !gone) return;
  draft.connectionCount--;
  draft.digest = dropTag(draft.digest, gone.tag);
  draft.users =
    user.connections.length === 1
      ? drop(draft.users, id, draft.owner)
      : put(draft.users, userWith(id, user.connections.filter((c) => c !== gone)), draft.owner);
}

/** One fact, whichever it is. */
export function applyFact<M>(draft: Draft<M>, fact: Fact<M>): void {
  if (fact.type === "connect") connect(draft, fact);
  else disconnect(draft, fact.conn, fact.user);
}

function userWith<M>(id: UserId, connections: readonly Connection<M>[]): User<M> {
  let since = Infinity;
  for (const c of connections) if (c.since < since) since = c.since;
  return { id, since, meta: (connections[connections.length - 1] as Connection<M>).meta, connections };
}
