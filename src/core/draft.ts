import { addTag, dropTag } from "./digest.js";
import type { Connection, Fact, UserId } from "./event.js";
import { drop, put, type Owner } from "./map.js";
import type { Room, User } from "./room.js";

/** A room's content while facts are applied to it; its map is edited under one owner, if it has one. */
export type Draft<M> = { users: Room<M>["users"]; connectionCount: number; digest: number };

/** Adds a connection; of a known one takes meta and tag, and leaves its user, age and `since`. */
export function connect<M>(draft: Draft<M>, { conn, user: id, tag, first, since, meta }: Connection<M>, owner: Owner | undefined): void {
  const before = draft.users.get(id)?.connections ?? [];
  const known = before.find((c) => c.conn === conn);
  if (known) {
    draft.digest = dropTag(draft.digest, known.tag);
    ({ first, since } = known);
  } else draft.connectionCount++;
  draft.digest = addTag(draft.digest, tag);
  const connection = { conn, user: id, tag, first, since, meta };
  // Sorted, as a delta that overtook another may bring an older one later.
  const connections = [...before.filter((c) => c !== known), connection].sort((a, b) => a.first - b.first);
  draft.users = put(draft.users, userWith(id, connections), owner);
}

/** Removes a connection; an unknown one (its whole stay lay within a delta) changes nothing. */
export function disconnect<M>(draft: Draft<M>, conn: string, id: UserId, owner: Owner | undefined): void {
  const user = draft.users.get(id);
  const gone = user?.connections.find((c) => c.conn === conn);
  if (!user || !gone) return;
  draft.connectionCount--;
  draft.digest = dropTag(draft.digest, gone.tag);
  draft.users =
    user.connections.length === 1
      ? drop(draft.users, id, owner)
      : put(draft.users, userWith(id, user.connections.filter((c) => c !== gone)), owner);
}

/** One fact, whichever it is. */
export function applyFact<M>(draft: Draft<M>, fact: Fact<M>, owner: Owner | undefined): void {
  if (fact.type === "connect") connect(draft, fact, owner);
  else disconnect(draft, fact.conn, fact.user, owner);
}

function userWith<M>(id: UserId, connections: readonly Connection<M>[]): User<M> {
  let since = Infinity;
  for (const c of connections) if (c.since < since) since = c.since;
  return { id, since, meta: (connections[connections.length - 1] as Connection<M>).meta, connections };
}
