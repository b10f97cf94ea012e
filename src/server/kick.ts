import type { RoomName, UserId } from "../core/event.js";
import { refusal, type Refusal } from "./authorize.js";
import { connectionAt } from "./host.js";
import { end } from "./membership.js";
import type { OpenLink } from "./open-link.js";
import type { Parts } from "./parts.js";

/** Ends a user's connections in rooms, whoever holds them, and what their own links here have of those rooms. `until`: wall-clock ms before which they may not return. */
export function kick<M>(parts: Parts<M>, theirs: readonly OpenLink<M>[], user: UserId, rooms: Iterable<RoomName>, until: number | undefined): void {
  const { ledger, log } = parts;
  for (const room of rooms) {
    const connections = log.room(room)?.users.get(user)?.connections ?? [];
    ledger.append(room, [
      ...(until === undefined ? [] : [{ type: "block", user, until } as const]),
      ...connections.map(({ conn }) => ({ type: "disconnect", conn, reason: "kicked" }) as const),
    ]);
    // Who only watches is in no log; and a log that is elsewhere has not said its goodbye yet.
    for (const { id, state } of theirs) {
      const conn = connectionAt(ledger.host(), id, room)?.id;
      if (conn === undefined && !state.wishes.has(room)) continue;
      state.given.delete(room);
      ledger.dispatch({ type: "leave", link: id, room, by: undefined, reason: "kicked" });
      end(parts, state, room, kicked(), undefined, conn);
    }
  }
}

export function kicked(): Refusal {
  return refusal("kicked", "You were removed from this room.", false, "kicked");
}
