import type { ConnectionId, Fact, Reason, RoomEvent, UserId } from "./event.js";
import { sameJson } from "./json.js";
import type { Room, User } from "./room.js";
import { usersOf } from "./select.js";

/** `resync` when it was learned by catching up: it may have happened long ago. */
export type Cause = "live" | "resync";

/** What a person would notice of a room. */
export type Change<M> =
  | { readonly type: "joined"; readonly user: UserId; readonly meta: M; readonly cause: Cause }
  /** `meta`: the last known. `reason`: the last goodbye's; undefined when learned from a snapshot. */
  | { readonly type: "left"; readonly user: UserId; readonly meta: M; readonly reason: Reason | undefined; readonly cause: Cause }
  | { readonly type: "updated"; readonly user: UserId; readonly meta: M; readonly previous: M; readonly cause: Cause }
  | { readonly type: "connected"; readonly user: UserId; readonly conn: ConnectionId; readonly meta: M; readonly cause: Cause }
  | { readonly type: "disconnected"; readonly user: UserId; readonly conn: ConnectionId; readonly meta: M; readonly reason: Reason | undefined; readonly cause: Cause };

/**
 * What changed visibly between `before` and `after = reduce(before, event)`, each transition once, net of the event.
 * `connections: true` adds `connected` and `disconnected`.
 */
export function changes<M>(before: Room<M>, event: RoomEvent<M>, after: Room<M>, options?: { readonly connections?: boolean }): Change<M>[] {
  return peopleChanges(before, event, after, options?.connections ? connectionChanges(applied(before, event, after)) : undefined);
}

/** What is said of one user besides: between their coming and their going. */
type Aside<M> = (was: User<M> | undefined, is: User<M> | undefined, cause: Cause) => Change<M>[];

/** `changes` without connections, unless `aside` says them: a page that shows people loads no more than this. */
export function peopleChanges<M>(before: Room<M>, event: RoomEvent<M>, after: Room<M>, aside?: Aside<M>): Change<M>[] {
  if (before.users === after.users) return [];
  const snapshot = event.type === "snapshot";
  const cause: Cause = snapshot || before.behind?.reason === "link" ? "resync" : "live";
  const facts = applied(before, event, after);
  const goodbyes = new Map<UserId, Reason>();
  for (const fact of facts) if (fact.type === "disconnect") goodbyes.set(fact.user, fact.reason);
  const touched = snapshot
    ? [...usersOf(before).filter(({ id }) => !after.users.has(id)), ...usersOf(after)].map(({ id }) => id)
    : facts.map(({ user }) => user);
  const said: Change<M>[] = [];
  for (const user of new Set(touched)) {
    const was = before.users.get(user);
    const is = after.users.get(user);
    if (is && !was) said.push({ type: "joined", user, meta: is.meta, cause });
    if (aside) said.push(...aside(was, is, cause));
    if (was && !is) said.push({ type: "left", user, meta: was.meta, reason: goodbyes.get(user), cause });
    if (was && is && !sameJson(was.meta, is.meta)) said.push({ type: "updated", user, meta: is.meta, previous: was.meta, cause });
  }
  return said;
}

function connectionChanges<M>(facts: readonly Fact<M>[]): Aside<M> {
  const goodbyes = new Map<ConnectionId, Reason>();
  for (const fact of facts) if (fact.type === "disconnect") goodbyes.set(fact.conn, fact.reason);
  return (was, is, cause) => [
    ...without(is, was).map(({ conn, user, meta }) => ({ type: "connected", user, conn, meta, cause }) as const),
    ...without(was, is).map(({ conn, user, meta }) => ({ type: "disconnected", user, conn, meta, reason: goodbyes.get(conn), cause }) as const),
  ];
}

/** The facts that took the room from `before` to `after`, in order: the event's own, and what was held for it. */
function applied<M>(before: Room<M>, event: RoomEvent<M>, after: Room<M>): Fact<M>[] {
  const from = event.type === "snapshot" ? event.seq : before.seq;
  const own = "facts" in event ? event.facts : "conn" in event ? [event] : [];
  return (before.behind?.held ?? [])
    .flatMap((delta) => delta.facts)
    .concat(own)
    .filter((fact) => fact.epoch === after.epoch && fact.seq > from && fact.seq <= after.seq)
    // What was held may lie amid the event's own facts, and the last goodbye is the one that counts.
    .sort((a, b) => a.seq - b.seq);
}

function without<M>(user: User<M> | undefined, other: User<M> | undefined): User<M>["connections"] {
  const known = new Set(other?.connections.map((c) => c.conn));
  return user?.connections.filter((c) => !known.has(c.conn)) ?? [];
}
