import { emptyMap, put } from "../core/map.js";
import { setDeadline, takeDue } from "./deadlines.js";
import { closeLink, connectionOf, endConnection, putConnection, type HostDraft } from "./host-draft.js";
import type { LinkId } from "./host-input.js";

/** Moves the host's clock on, renews the leases of who was heard, and ends what falls due. */
export function tick<M>(draft: HostDraft<M>, now: number, heard: readonly LinkId[]): void {
  const { host } = draft;
  // A pause, a late tick or a clock that jumps must not expire those who could not be heard meanwhile.
  if (host.now !== undefined) host.clock += Math.min(Math.max(now - host.now, 0), 2 * host.options.tick);
  host.now = now;
  renew(draft, heard);
  expire(draft);
  endGraces(draft);
}

function renew<M>({ host, owner }: HostDraft<M>, heard: readonly LinkId[]): void {
  // Heard links stay where they are queued: they are looked at again once that falls due.
  for (const id of heard) {
    const link = host.links.get(id);
    if (link) host.links = put(host.links, { ...link, until: host.clock + link.lease }, owner);
  }
  for (const { id } of host.opened.values()) {
    const link = host.links.get(id);
    if (!link) continue;
    const until = host.clock + link.lease;
    host.links = put(host.links, { ...link, until, queued: until }, owner);
    host.leases = setDeadline(host.leases, { id, at: until }, owner);
  }
  if (host.opened.size > 0) host.opened = emptyMap();
}

function expire<M>(draft: HostDraft<M>): void {
  const { host, owner } = draft;
  const { due, rest } = takeDue(host.leases, host.clock, owner);
  host.leases = rest;
  for (const { id } of due) {
    const link = host.links.get(id);
    if (link?.until === undefined) continue;
    if (link.until > host.clock) {
      host.links = put(host.links, { ...link, queued: link.until }, owner);
      host.leases = setDeadline(host.leases, { id, at: link.until }, owner);
    } else {
      draft.expired.push(id);
      closeLink(draft, link, (connection) => { endConnection(draft, connection, "timeout"); });
    }
  }
}

function endGraces<M>(draft: HostDraft<M>): void {
  const { host, owner } = draft;
  for (const grace of host.vanishing.values()) {
    const connection = connectionOf(host, grace.room, grace.conn);
    if (!connection?.vanished) continue;
    const until = host.clock + connection.vanished.wait;
    putConnection(draft, { ...connection, vanished: { ...connection.vanished, until } });
    host.graces = setDeadline(host.graces, { ...grace, at: until }, owner);
  }
  if (host.vanishing.size > 0) host.vanishing = emptyMap();
  const { due, rest } = takeDue(host.graces, host.clock, owner);
  host.graces = rest;
  for (const { room, conn } of due) {
    const connection = connectionOf(host, room, conn);
    if (connection) endConnection(draft, connection, "vanished");
  }
}
