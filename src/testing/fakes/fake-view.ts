import type { View, ViewError } from "../../client/index.js";
import type { Connection, Snapshot, UserId } from "../../core/event.js";
import { reduce } from "../../core/reduce.js";
import { emptyRoom, type Room } from "../../core/room.js";
import { usersOf } from "../../core/select.js";

/** Somebody in a fake view. */
export type FakeUser<M> = {
  readonly id: UserId;
  readonly meta: M;
  /** From when they have been here, in ms; default: in the order in which they are first shown. */
  readonly since?: number;
  /** How many connections they have; default 1. */
  readonly connections?: number;
};

/** What a test says of a view; the rest follows from it. */
export type FakeView<M> = {
  /** Default: `live`. */
  readonly status?: View<M>["status"];
  /** Default: nobody; unknown where only counts are given, or the status is `idle`, `syncing` or `ended`. */
  readonly users?: readonly FakeUser<M>[];
  /** Only where `users` are not given, as in the mode `count`. */
  readonly userCount?: number;
  readonly connectionCount?: number;
  /** Who I am: one of the users, by their oldest connection. */
  readonly self?: UserId;
  readonly limited?: boolean;
  /** Only of a `stale` view; default 0. */
  readonly staleSince?: number;
  /** Default of an `ended` view: `{ code: "kicked", … }`. */
  readonly error?: ViewError;
};

const STATUSES: readonly string[] = ["idle", "syncing", "live", "stale", "ended"] satisfies readonly View<unknown>["status"][];

function isCount(value: unknown, least: number): boolean {
  return Number.isInteger(value) && (value as number) >= least;
}

/** Makes views of what a test says; the same people keep their connections and their order. */
export function createViews<M>(): (fake: FakeView<M>) => { readonly view: View<M>; readonly snapshot: Snapshot<M> | undefined } {
  const known = new Map<UserId, number>();
  let seq = 0;

  function connectionsOf({ id, meta, since, connections = 1 }: FakeUser<M>): Connection<M>[] {
    const number = known.get(id) ?? known.size + 1;
    known.set(id, number);
    return Array.from({ length: connections }, (_, i) => ({ conn: `c${number}.${i + 1}`, user: id, tag: number * 1_000 + i, first: number * 1_000 + i, since: since ?? number, meta }));
  }

  return (fake) => {
    const { status = "live", userCount, connectionCount = userCount, limited = false } = fake;
    if (!STATUSES.includes(status)) throw new TypeError(`fakeRoom: status must be one of ${STATUSES.join(", ")}, not ${status}.`);
    for (const [name, count] of [["userCount", userCount], ["connectionCount", connectionCount]] as const) {
      if (count !== undefined && !isCount(count, 0)) throw new TypeError(`fakeRoom: ${name} must be a whole number of at least 0, not ${String(count)}.`);
    }
    for (const user of fake.users ?? []) {
      if (typeof (user as Partial<FakeUser<M>> | undefined)?.id !== "string") throw new TypeError("fakeRoom: each of the users must be { id, meta }, with a string as id.");
      if (!isCount(user.connections ?? 1, 1)) throw new TypeError(`fakeRoom: a user has at least one connection, not ${String(user.connections)}.`);
    }
    if (status === "idle" && fake.users) throw new TypeError('fakeRoom: a view that is "idle" knows of nobody.');
    const unknown = status === "idle" || status === "syncing" || status === "ended" || userCount !== undefined;
    const users = fake.users ?? (unknown ? undefined : []);
    if (users && userCount !== undefined) throw new TypeError("fakeRoom: userCount follows from users; give one of the two.");
    if (new Set(users?.map(({ id }) => id)).size !== (users?.length ?? 0)) throw new TypeError("fakeRoom: two of the users have the same id; `connections` says how many one user has.");
    const connections = users?.flatMap(connectionsOf);
    const digest = connections?.reduce((sum, { tag }) => sum + tag, 0) ?? 0;
    const snapshot = connections && ({ type: "snapshot", epoch: 1, seq: ++seq, at: 0, digest, connections } as const);
    const room: Room<M> | undefined = snapshot && reduce(emptyRoom<M>(), snapshot);
    const conn = fake.self === undefined ? undefined : (room ? room.users.get(fake.self)?.connections[0]?.conn : "c0.1");
    if (fake.self !== undefined && conn === undefined) throw new TypeError("fakeRoom: self must be one of the users, as it is in a real view.");
    const view = {
      status, room, limited,
      users: room && Object.freeze(usersOf(room)),
      userCount: room ? room.users.size : userCount,
      connectionCount: room ? room.connectionCount : connectionCount,
      self: conn === undefined ? undefined : { user: fake.self, conn },
      staleSince: status === "stale" ? (fake.staleSince ?? 0) : undefined,
      error: fake.error ?? (status === "ended" ? { code: "kicked", message: "You were removed from this room." } : undefined),
    };
    return { view: Object.freeze(view) as View<M>, snapshot };
  };
}
