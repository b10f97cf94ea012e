import type { ConnectionId, Reason, RoomName } from "../core/event.js";
import { drop, emptyMap, put, type Owner } from "../core/map.js";
import { dropDeadline, setDeadline } from "./deadlines.js";
import type { Host, HostConnection, HostLink, HostRoom } from "./host.js";
import type { LinkId, Lost, Said } from "./host-input.js";

/** A host while a step works on it, and what the step has said so far. */
export type HostDraft<M> = {
  readonly host: { -readonly [K in keyof Host<M>]: Host<M>[K] };
  readonly owner: Owner;
  readonly ops: Said<M>["ops"][number][];
  readonly expired: LinkId[];
  readonly lost: Lost[];
};

export function openDraft<M>(host: Host<M>): HostDraft<M> {
  return { host: { ...host }, owner: {}, ops: [], expired: [], lost: [] };
}

export function connectionOf<M>(host: Host<M>, room: RoomName, conn: ConnectionId): HostConnection<M> | undefined {
  return host.rooms.get(room)?.connections.get(conn);
}

/** Writes a connection whose link and grace are as they were. */
export function putConnection<M>({ host, owner }: HostDraft<M>, connection: HostConnection<M>): void {
  const { room: id } = connection;
  const room: HostRoom<M> = host.rooms.get(id) ?? { id, epoch: 0, seq: 0, connections: emptyMap(), vanished: emptyMap() };
  host.rooms = put(host.rooms, { ...room, connections: put(room.connections, connection, owner) }, owner);
}

/** Writes a connection, and where it is found by: its link, or its user and its deadline. */
export function addConnection<M>(draft: HostDraft<M>, connection: HostConnection<M>): void {
  const { host, owner } = draft;
  const { id: conn, room: name, user, vanished } = connection;
  putConnection(draft, connection);
  const link = connection.link === undefined ? undefined : host.links.get(connection.link);
  if (link) host.links = put(host.links, { ...link, rooms: put(link.rooms, { id: name, conn }, owner) }, owner);
  const room = host.rooms.get(name);
  if (!vanished || !room) return;
  const conns = room.vanished.get(user)?.conns ?? [];
  host.rooms = put(host.rooms, { ...room, vanished: put(room.vanished, { id: user, conns: [...conns, conn] }, owner) }, owner);
  const grace = { id: graceId(connection), room: name, conn };
  if (vanished.until === undefined) host.vanishing = put(host.vanishing, grace, owner);
  else host.graces = setDeadline(host.graces, { ...grace, at: vanished.until }, owner);
}

/** Forgets a connection, and its room here with the last one. */
export function removeConnection<M>({ host, owner }: HostDraft<M>, connection: HostConnection<M>): void {
  const { id: conn, room: name, user, vanished } = connection;
  const link = connection.link === undefined ? undefined : host.links.get(connection.link);
  // It may have been announced under another id already.
  if (link?.rooms.get(name)?.conn === conn) host.links = put(host.links, { ...link, rooms: drop(link.rooms, name, owner) }, owner);
  const room = host.rooms.get(name);
  if (!room) return;
  const connections = drop(room.connections, conn, owner);
  let graced = room.vanished;
  if (vanished) {
    const conns = (graced.get(user)?.conns ?? []).filter((other) => other !== conn);
    graced = conns.length === 0 ? drop(graced, user, owner) : put(graced, { id: user, conns }, owner);
    const id = graceId(connection);
    if (vanished.until === undefined) host.vanishing = drop(host.vanishing, id, owner);
    else host.graces = dropDeadline(host.graces, { id, at: vanished.until }, owner);
  }
  host.rooms = connections.size === 0 ? drop(host.rooms, name, owner) : put(host.rooms, { ...room, connections, vanished: graced }, owner);
}

/** Removes a connection and says goodbye, unless the log is known not to have it. */
export function endConnection<M>(draft: HostDraft<M>, connection: HostConnection<M>, reason: Reason): void {
  const { id: conn, room, lost, first } = connection;
  // A connect that was on its way when the log lost everything may still arrive there.
  if (!lost || first === undefined) draft.ops.push({ room, op: { type: "disconnect", conn, reason } });
  removeConnection(draft, connection);
}

/** Keeps the connection of a link that has gone for `wait` ms from the next tick on. */
export function vanish<M>(draft: HostDraft<M>, connection: HostConnection<M>, wait: number): void {
  const seq = draft.host.rooms.get(connection.room)?.seq ?? 0;
  addConnection(draft, { ...connection, link: undefined, vanished: { seq, wait, until: undefined } });
}

/** Forgets a link, then does with each of its connections what there is to do: nothing can come of the link after that. */
export function closeLink<M>({ host, owner }: HostDraft<M>, link: HostLink, each: (connection: HostConnection<M>) => void): void {
  host.links = drop(host.links, link.id, owner);
  host.opened = drop(host.opened, link.id, owner);
  if (link.queued !== undefined) host.leases = dropDeadline(host.leases, { id: link.id, at: link.queued }, owner);
  for (const { id: room, conn } of link.rooms.values()) {
    const connection = connectionOf(host, room, conn);
    if (connection) each(connection);
  }
}

/** As JSON, no two pairs of strings give the same, whatever is in them. */
function graceId<M>({ room, id }: HostConnection<M>): string {
  return JSON.stringify([room, id]);
}
