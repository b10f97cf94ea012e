import type { OpenLink } from "./open-link.js";
import type { Parts } from "./parts.js";
import type { Health } from "./registry-type.js";

/** What a registry says of itself. */
export function healthOf<M>({ ledger, voices, events }: Parts<M>, links: ReadonlyMap<string, OpenLink<M>>, { draining, closed }: Pick<Health, "draining" | "closed">): Health {
  const rooms = [...ledger.rooms()];
  return {
    links: links.size,
    connections: voices.size,
    rooms: rooms.length,
    slow: [...links.values()].filter((link) => link.state.slow).length,
    busy: rooms.filter((room) => ledger.inFlight(room)).length,
    draining,
    closed,
    errors: [...events.errors].map(([code, count]) => ({ code, count })),
  };
}
