import type { Change } from "../core/change.js";
import type { RoomName, UserId } from "../core/event.js";
import type { Events, Voices } from "./events.js";
import type { Lately } from "./lately.js";
import type { Heard } from "./ledger.js";

/** Turns changes of rooms into the registry's events. */
export type Tellings<M> = {
  readonly tell: (heard: Heard<M>, change: Change<M>, origin: boolean) => void;
  /** The rooms that a user is in, as far as they are followed here. */
  readonly roomsOf: (user: UserId) => readonly RoomName[];
};

export function createTellings<M>(events: Events<M>, voices: Voices, lately: Lately): Tellings<M> {
  const whereabouts = new Map<UserId, Set<RoomName>>();
  /** When the connections that a user lost last were heard of; `left` comes right after their `disconnected`. */
  let lost: { readonly user: UserId; readonly lastHeard: number | undefined } | undefined;

  return {
    roomsOf: (user) => [...(whereabouts.get(user) ?? [])],
    tell({ room, event, before }, change, origin) {
      const { type, user } = change;
      const where = { room, at: event.at, origin };
      switch (type) {
        case "joined":
          whereabouts.set(user, (whereabouts.get(user) ?? new Set()).add(room));
          events.emit("joined", { ...rest(change), ...where });
          return;
        case "left": {
          const rooms = whereabouts.get(user);
          rooms?.delete(room);
          if (rooms?.size === 0) whereabouts.delete(user);
          lately.left(room, user, { at: event.at, reason: change.reason, lastHeard: lost?.lastHeard });
          events.emit("left", { ...rest(change), ...where, since: before.users.get(user)?.since ?? event.at, lastHeard: lost?.lastHeard });
          return;
        }
        case "updated":
          events.emit("updated", { ...rest(change), ...where });
          return;
        case "connected":
          events.emit("connected", { ...rest(change), ...where, context: voices.get(change.conn)?.context });
          return;
        case "disconnected": {
          const voice = voices.get(change.conn);
          voices.delete(change.conn);
          const lastHeard = voice?.lastHeard;
          const before = lost?.user === user ? lost.lastHeard : undefined;
          lost = { user, lastHeard: before === undefined || (lastHeard !== undefined && lastHeard > before) ? lastHeard : before };
          events.emit("disconnected", { ...rest(change), ...where, context: voice?.context, lastHeard });
        }
      }
    },
  };
}

function rest<C extends { type: string }>({ type: _, ...change }: C): Omit<C, "type"> {
  return change;
}
