import type { ConnectionId, UserId } from "../core/event.js";
import type { Room, User } from "../core/room.js";
import { usersOf } from "../core/select.js";
import type { Draft } from "./view-state.js";

/** Why something is not as wished: a stable `code`, and a `message` for people. */
export type ViewError = { readonly code: string; readonly message: string };

/** Who I am in a room. */
export type Self = { readonly user: UserId; readonly conn: ConnectionId };

type Seen<M> = {
  /** The people by who came first, me among them. undefined = not known: before the first state, and where only counts are told. */
  readonly users: readonly User<M>[] | undefined;
  /** How many people; undefined = not known. */
  readonly userCount: number | undefined;
  /** How many connections they have together; undefined = not known. */
  readonly connectionCount: number | undefined;
  /** The room behind `users`, for `room.users.get(id)` and the functions of the core. Its position may lag; what is seen in it doesn't. */
  readonly room: Room<M> | undefined;
  /** Who I am here; undefined before the server said so, and while I only watch. */
  readonly self: Self | undefined;
  /** `users` was asked for, and the room is too large for it: there are only counts. */
  readonly limited: boolean;
};

/**
 * What is seen of a room, and how far to trust it.
 *
 * - `idle`: nobody asked yet. `syncing`: asked, nothing known yet.
 * - `live`: this is how it is.
 * - `stale`: this is how it was at `staleSince` (local wall-clock ms), when the room was last heard of; it is being asked for.
 * - `ended`: the server ended it, see `error`; nothing is known any more.
 */
export type View<M> = Seen<M> &
  (
    | { readonly status: "idle" | "syncing" | "live"; readonly staleSince: undefined; readonly error: ViewError | undefined }
    | { readonly status: "stale"; readonly staleSince: number; readonly error: ViewError | undefined }
    | { readonly status: "ended"; readonly staleSince: undefined; readonly error: ViewError }
  );

/** What is seen now; the view before, if that is the same. */
export function show<M>(s: Draft<M>, live: boolean, lag = 0): View<M> {
  const { view: last, count, self, error } = s;
  const room = !count && s.room.epoch ? s.room : undefined;
  const moved = last.room?.users !== room?.users;
  if (moved) {
    let people: readonly User<M>[] | undefined;
    s.people = room && (() => (people ??= Object.freeze(usersOf(room).map(fixed))));
  }
  const staleSince = !s.watch || s.ended || live ? undefined : last.status === "live" ? s.heard - lag : last.staleSince;
  const next = {
    status: s.ended ? "ended" : !s.watch ? "idle" : live ? "live" : staleSince === undefined ? "syncing" : "stale",
    room: moved ? room : last.room,
    userCount: room ? room.users.size : count?.users,
    connectionCount: room ? room.connectionCount : count?.connections,
    self,
    limited: !!count?.limited,
    staleSince,
    error,
  } as View<M>;
  if ((Object.keys(next) as (keyof View<M>)[]).every((key) => next[key] === last[key])) return last;
  const { people } = s;
  return Object.freeze({
    ...next,
    // Sorted when first looked at; the same array for as long as the people are the same.
    get users() {
      return people?.();
    },
  });
}

/** The fold shares its people with whoever looks at them: an edit must fail instead of changing what is folded next. */
function fixed<M>(user: User<M>): User<M> {
  Object.freeze(user.connections).forEach(Object.freeze);
  return Object.freeze(user);
}
