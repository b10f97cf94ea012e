import type { RoomName } from "../core/event.js";
import { publish } from "./channels.js";
import { connectionsIn } from "./host.js";
import { give } from "./identity.js";
import { join } from "./membership.js";
import type { OpenLink } from "./open-link.js";
import type { Parts } from "./parts.js";

/**
 * Compares the open sockets, the host and the log, and mends what differs. Returns how much it mended.
 * `sole`: the log is this process's own, so every connection in it must be the host's.
 */
export function audit<M>(parts: Parts<M>, links: ReadonlyMap<string, OpenLink<M>>, sole: boolean): number {
  const { ledger, log, events } = parts;
  let repairs = 0;

  function repaired(message: string, about: { room?: RoomName; link?: string }): void {
    repairs++;
    events.report({ code: "audit_repaired", message, ...about });
    publish("repair", () => ({ room: about.room, link: about.link, what: "audit" }));
  }

  for (const link of [...links.values()]) {
    const { options, identity } = link.state;
    if (!options.wire.open(options.peer)) {
      repaired("A link whose socket is gone was still open; it vanishes now.", { link: link.id });
      link.closed("vanished");
    } else if (!ledger.host().links.has(link.id)) {
      repaired("An open link was unknown to the host; it is announced again.", { link: link.id });
      ledger.dispatch({ type: "open", link: link.id, lease: options.lease ?? parts.numbers.lease });
      if (!identity) continue;
      ledger.dispatch({ type: "identify", link: link.id, user: identity.user });
      for (const [room, meta] of link.state.given) void give(parts, link.state, room, meta);
      for (const [room, wish] of [...link.state.wishes]) void join(parts, link.state, { room, ...wish });
    }
  }
  for (const link of [...ledger.host().links.keys()]) {
    if (links.has(link)) continue;
    repaired("The host knew a link that is not open; it vanishes now.", { link });
    ledger.dispatch({ type: "close", link, how: "vanished" });
  }
  for (const room of [...ledger.rooms()]) auditRoom(room);
  return repairs;

  function auditRoom(room: RoomName): void {
    const fold = log.room(room);
    // What is on its way is not in the log yet, and no fault.
    if (!fold || ledger.inFlight(room)) return;
    const own = new Set([...connectionsIn(ledger.host(), room)].map((connection) => connection.id));
    const listed = [...fold.users.values()].flatMap((user) => user.connections.map(({ conn }) => conn));
    const strangers = sole ? listed.filter((conn) => !own.has(conn)) : [];
    for (const conn of strangers) {
      repaired("The log had a connection that no link here has; it is ended.", { room });
      ledger.append(room, [{ type: "disconnect", conn, reason: "vanished" }]);
    }
    const there = new Set(listed);
    const missing = [...connectionsIn(ledger.host(), room)].filter((connection) => !there.has(connection.id));
    if (missing.length === 0) return;
    for (const { link } of missing) repaired("An open link's connection was missing in the log; it is announced again.", { room, ...(link === undefined ? {} : { link }) });
    ledger.lose(missing.map((connection) => ({ link: connection.link, room, conn: connection.id, reason: "node-lost" })));
  }
}

