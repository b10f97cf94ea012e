import { emptyMap, put } from "../core/map.js";
import { setDeadline } from "./deadlines.js";
import { addConnection, openDraft } from "./host-draft.js";
import { emptyHost, type Host, type HostConnection, type HostLink, type HostOptions } from "./host.js";

/** A host as plain JSON. The rest of a host follows from it. */
export type SavedHost<M> = {
  readonly options: HostOptions;
  readonly now: number | undefined;
  readonly clock: number;
  readonly within: number;
  readonly links: readonly Omit<HostLink, "rooms">[];
  readonly rooms: readonly { readonly id: string; readonly epoch: number; readonly seq: number; readonly connections: readonly HostConnection<M>[] }[];
};

/** The host as plain JSON, in one order: equal hosts give equal text. */
export function saveHost<M>({ options, now, clock, within, links, rooms }: Host<M>): SavedHost<M> {
  return {
    options, now, clock, within,
    links: sorted(links.values()).map(({ id, lease, user, until, queued }) => ({ id, lease, user, until, queued })),
    rooms: sorted(rooms.values()).map(({ id, epoch, seq, connections }) => ({ id, epoch, seq, connections: sorted(connections.values()) })),
  };
}

/** The host of which `saveHost` made this, also after it went through JSON, which drops what is undefined. */
export function restoreHost<M>({ options, now, clock, within, links, rooms }: SavedHost<M>): Host<M> {
  const draft = openDraft<M>(emptyHost(options));
  const { host, owner } = draft;
  Object.assign(host, { now, clock, within });
  host.leases = { ...host.leases, next: Math.floor(clock / options.tick) };
  host.graces = { ...host.graces, next: host.leases.next };
  for (const { id, lease, user, until, queued } of links) {
    host.links = put(host.links, { id, lease, user, until, queued, rooms: emptyMap() }, owner);
    if (queued === undefined) host.opened = put(host.opened, { id }, owner);
    else host.leases = setDeadline(host.leases, { id, at: queued }, owner);
  }
  for (const { id, epoch, seq, connections } of rooms) {
    host.rooms = put(host.rooms, { id, epoch, seq, connections: emptyMap(), vanished: emptyMap() }, owner);
    for (const { link, first, since, vanished, ...rest } of connections) {
      addConnection(draft, { ...rest, link, first, since, vanished: vanished && { ...vanished, until: vanished.until } });
    }
  }
  return host;
}

function sorted<T extends { readonly id: string }>(items: Iterable<T>): T[] {
  return [...items].sort((a, b) => (a.id < b.id ? -1 : 1));
}
