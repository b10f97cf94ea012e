import type { RoomName } from "../core/event.js";
import { toSnapshot } from "../core/snapshot.js";
import { publish } from "./channels.js";
import { connectionsIn, type HostConnection } from "./host.js";
import { give } from "./identity.js";
import { join } from "./membership.js";
import type { OpenLink } from "./open-link.js";
import type { Parts } from "./parts.js";

/**
 * Compares the open sockets, the host and the log, and mends what differs. Returns how much it mended.
 * `sole`: the log is this process's own, so every connection in it must be the host's.
 */
export function audit<M>(parts: Parts<M>, links: ReadonlyMap<string, OpenLink<M>>, sole: boolean): number {
  const { ledger, log, events, numbers } = parts;
  let repairs = 0;

  for (const link of [...links.values()]) auditLink(link);
  for (const link of [...ledger.host().links.keys()]) {
    if (links.has(link)) continue;
    repaired("The host knew a link that is not open; it vanishes now.", { link });
    ledger.dispatch({ type: "close", link, how: "vanished" });
  }
  for (const room of [...ledger.rooms()]) auditRoom(room);
  return repairs;

  function repaired(message: string, about: { room?: RoomName; link?: string }): void {
    repairs++;
    events.report({ code: "audit_repaired", message, ...about });
    publish("repair", () => ({ room: about.room, link: about.link, what: "audit" }));
  }

  function auditLink(link: OpenLink<M>): void {
    const { wire, peer, lease } = link.state.options;
    let open = true;
    try {
      open = wire.open(peer);
    } catch (cause) {
      events.report({ code: "wire_failed", message: "The wire threw when it was asked whether a socket is open.", link: link.id, cause });
    }
    if (!open) {
      repaired("A link whose socket is gone was still open; it vanishes now.", { link: link.id });
      link.closed("vanished");
      return;
    }
    const known = ledger.host().links.get(link.id);
    const user = link.state.identity?.user;
    if (known && known.user === user) return;
    repaired("An open link was unknown to the host; it is announced again.", { link: link.id });
    if (!known) ledger.dispatch({ type: "open", link: link.id, lease: lease ?? numbers.lease });
    ledger.dispatch({ type: "identify", link: link.id, user });
    for (const room of new Set([...link.state.given.keys(), ...link.state.wishes.keys()])) assert(link, room);
  }

  /** Puts a link into a room again, as the server and the client want it. */
  function assert({ state }: OpenLink<M>, room: RoomName): void {
    const given = state.given.get(room);
    const wish = state.wishes.get(room);
    if (given) void give(parts, state, room, given.meta, given.auto);
    if (wish && !state.asked.has(room)) void join(parts, state, { room, watch: wish.watch, present: wish.present, meta: wish.meta });
  }

  function auditRoom(room: RoomName): void {
    const fold = log.room(room);
    // What is on its way is not in the log yet, and no fault.
    if (!fold || ledger.inFlight(room)) return;
    const listed = new Set([...fold.users.values()].flatMap((user) => user.connections.map(({ conn }) => conn)));
    const own = [...connectionsIn(ledger.host(), room)];
    const missing = own.filter((connection) => !listed.has(connection.id));
    // Of a link that is open no more, or is in the room by another connection.
    const orphans = own.filter((connection) => isOrphan(connection, room));
    for (const { id } of orphans) ledger.dispatch({ type: "refused", room, conn: id });
    const known = new Set([...connectionsIn(ledger.host(), room)].map(({ id }) => id));
    for (const conn of sole ? listed : orphans.map(({ id }) => id)) {
      if (known.has(conn) || !listed.has(conn)) continue;
      repaired("The log had a connection that no link here has; it is ended.", { room });
      ledger.append(room, [{ type: "disconnect", conn, reason: "vanished" }]);
    }
    for (const { link } of missing) repaired("An open link's connection was missing in the log; it is announced again.", { room, ...(link === undefined ? {} : { link }) });
    // Whom the log had once, the host announces again by itself. The others never were.
    if (missing.some(({ first }) => first !== undefined)) ledger.dispatch({ type: "log", room, event: toSnapshot(fold) });
    for (const { id, link, first } of missing) {
      if (first !== undefined) continue;
      ledger.dispatch({ type: "refused", room, conn: id });
      const open = link === undefined ? undefined : links.get(link);
      if (open) assert(open, room);
    }
  }

  function isOrphan({ id, link }: HostConnection<M>, room: RoomName): boolean {
    return link !== undefined && ledger.host().links.get(link)?.rooms.get(room)?.conn !== id;
  }
}
