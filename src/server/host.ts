import type { ConnectionId, Reason, RoomName, UserId } from "../core/event.js";
import { sameJson } from "../core/json.js";
import { emptyMap, put } from "../core/map.js";
import { emptyDeadlines, type Deadline, type Deadlines } from "./deadlines.js";
import { addConnection, closeLink, connectionOf, endConnection, openDraft, putConnection, removeConnection, vanish, type HostDraft } from "./host-draft.js";
import type { Claim, HostInput, How, LinkId, Said } from "./host-input.js";
import { announce, hearLog } from "./host-log.js";
import { tick } from "./host-tick.js";

export type HostOptions = {
  /** Milliseconds from one tick to the next, as they should come. */
  readonly tick: number;
  /** Milliseconds for which a vanished connection is kept; 0 = it goes at once. */
  readonly grace: number;
};

/** One stay of an own link in one room, as its host knows it. */
export type HostConnection<M> = {
  readonly id: ConnectionId;
  readonly room: RoomName;
  /** undefined once its link has gone: it is in grace, or was drained. */
  readonly link: LinkId | undefined;
  readonly user: UserId;
  readonly meta: M;
  /** That of its last connect or update. */
  readonly tag: number;
  /** From the log's facts; undefined until the log was heard to have it. */
  readonly first: number | undefined;
  readonly since: number | undefined;
  /** Who wants it to be there; it ends when nobody does. */
  readonly claims: readonly Claim[];
  /** The log lost it. It is kept for `announce`. */
  readonly lost: boolean;
  readonly vanished: Vanished | undefined;
};

export type Vanished = {
  /** How far the room's log was known when it vanished. */
  readonly seq: number;
  /** Milliseconds that it is kept from the next tick on, and from then on until when on the host's clock. */
  readonly wait: number;
  readonly until: number | undefined;
};

export type HostLink = {
  readonly id: LinkId;
  readonly lease: number;
  readonly user: UserId | undefined;
  readonly rooms: ReadonlyMap<RoomName, { readonly id: RoomName; readonly conn: ConnectionId }>;
  /** When its lease runs out on the host's clock; undefined until the first tick after it opened. */
  readonly until: number | undefined;
  /** The deadline that it stands under: `until` as it was when that was set. */
  readonly queued: number | undefined;
};

export type HostRoom<M> = {
  readonly id: RoomName;
  /** How far its log is known here; epoch 0 = not at all. */
  readonly epoch: number;
  readonly seq: number;
  readonly connections: ReadonlyMap<ConnectionId, HostConnection<M>>;
  /** The vanished ones by user. */
  readonly vanished: ReadonlyMap<UserId, { readonly id: UserId; readonly conns: readonly ConnectionId[] }>;
};

/** A vanished connection's place in the queue: its id there names room and connection. */
export type Grace = Deadline & { readonly room: RoomName; readonly conn: ConnectionId };

/** What one process holds: its links, their connections, and who of them is in grace. Plain data. */
export type Host<M> = {
  readonly options: HostOptions;
  /** What the last tick's clock read. */
  readonly now: number | undefined;
  /** The host's own clock: the sum of the steps between ticks, each at least 0 and at most two intervals. */
  readonly clock: number;
  /** Milliseconds after which a drained connection vanishes. */
  readonly within: number;
  readonly links: ReadonlyMap<LinkId, HostLink>;
  readonly rooms: ReadonlyMap<RoomName, HostRoom<M>>;
  readonly leases: Deadlines<Deadline>;
  readonly graces: Deadlines<Grace>;
  /** Links that opened, and connections that vanished, since the last tick: it gives them their deadlines. */
  readonly opened: ReadonlyMap<LinkId, { readonly id: LinkId }>;
  readonly vanishing: ReadonlyMap<string, { readonly id: string; readonly room: RoomName; readonly conn: ConnectionId }>;
};

export function emptyHost<M>(options: HostOptions): Host<M> {
  return {
    options,
    now: undefined,
    clock: 0,
    within: 0,
    links: emptyMap(),
    rooms: emptyMap(),
    leases: emptyDeadlines(options.tick),
    graces: emptyDeadlines(options.tick),
    opened: emptyMap(),
    vanishing: emptyMap(),
  };
}

/** The host after an input, and what it has to say. Pure; whatever names a link, room or connection that is not there changes nothing. */
export function step<M>(host: Host<M>, input: HostInput<M>): Said<M> & { readonly host: Host<M> } {
  const draft = openDraft(host);
  apply(draft, input);
  const { ops, expired, lost } = draft;
  return { host: draft.host, ops, expired, lost };
}

function apply<M>(draft: HostDraft<M>, input: HostInput<M>): void {
  const { host } = draft;
  switch (input.type) {
    case "tick":
      tick(draft, input.now, input.heard);
      return;
    case "open":
      open(draft, input.link, input.lease);
      return;
    case "identify":
      identify(draft, input.link, input.user);
      return;
    case "join":
      join(draft, input);
      return;
    case "update": {
      const connection = connectionAt(host, input.link, input.room);
      if (connection) show(draft, connection, input.tag, input.meta);
      return;
    }
    case "leave": {
      const connection = connectionAt(host, input.link, input.room);
      if (connection) unclaim(draft, connection, input.by, input.reason);
      return;
    }
    case "close":
      close(draft, input.link, input.how);
      return;
    case "drain":
      host.within = input.within;
      return;
    case "log":
      hearLog(draft, input.room, input.event);
      return;
    case "refused": {
      const connection = connectionOf(host, input.room, input.conn);
      if (connection) removeConnection(draft, connection);
      return;
    }
    case "announce":
      announce(draft, input.room, input.fresh);
  }
}

function open<M>({ host, owner }: HostDraft<M>, id: LinkId, lease: number): void {
  if (host.links.has(id)) return;
  host.links = put(host.links, { id, lease, user: undefined, rooms: emptyMap(), until: undefined, queued: undefined }, owner);
  host.opened = put(host.opened, { id }, owner);
}

function identify<M>(draft: HostDraft<M>, id: LinkId, user: UserId | undefined): void {
  const { host, owner } = draft;
  const link = host.links.get(id);
  if (!link || link.user === user) return;
  host.links = put(host.links, { ...link, user, rooms: emptyMap() }, owner);
  for (const { id: room, conn } of link.rooms.values()) {
    const connection = connectionOf(host, room, conn);
    if (connection) endConnection(draft, connection, "leave");
  }
}

function join<M>(draft: HostDraft<M>, { link: id, room, by, conn, tag, meta }: Extract<HostInput<M>, { type: "join" }>): void {
  const { host } = draft;
  const user = host.links.get(id)?.user;
  if (user === undefined) return;
  const here = connectionAt(host, id, room);
  if (here) {
    const claimed = here.claims.includes(by) ? here : { ...here, claims: [...here.claims, by] };
    putConnection(draft, claimed);
    show(draft, claimed, tag, meta);
  } else if (!connectionOf(host, room, conn)) {
    addConnection(draft, { id: conn, room, link: id, user, meta, tag, first: undefined, since: undefined, claims: [by], lost: false, vanished: undefined });
    draft.ops.push({ room, op: { type: "connect", conn, user, tag, meta } });
  }
}

/** Shows another meta; one that is equal as JSON is none. A lost connection shows it once it is announced. */
function show<M>(draft: HostDraft<M>, connection: HostConnection<M>, tag: number, meta: M): void {
  if (sameJson(connection.meta, meta)) return;
  const { id: conn, room, user } = connection;
  putConnection(draft, { ...connection, tag, meta });
  if (!connection.lost) draft.ops.push({ room, op: { type: "update", conn, user, tag, meta } });
}

function unclaim<M>(draft: HostDraft<M>, connection: HostConnection<M>, by: Claim | undefined, reason: Reason): void {
  const claims = by === undefined ? [] : connection.claims.filter((claim) => claim !== by);
  if (claims.length === 0) endConnection(draft, connection, reason);
  else putConnection(draft, { ...connection, claims });
}

function close<M>(draft: HostDraft<M>, id: LinkId, how: How): void {
  const { options, within } = draft.host;
  const link = draft.host.links.get(id);
  if (!link) return;
  // A drained one vanishes only when the time to reconnect is over, and has its grace like any that vanished.
  const wait = options.grace + (how === "drain" ? within : 0);
  if (how === "leave" || how === "timeout" || wait === 0) {
    const reason = how === "drain" ? "vanished" : how;
    closeLink(draft, link, (connection) => { endConnection(draft, connection, reason); });
  } else closeLink(draft, link, (connection) => { vanish(draft, connection, wait); });
}

/** The connection by which a link is in a room. */
export function connectionAt<M>(host: Host<M>, link: LinkId, room: RoomName): HostConnection<M> | undefined {
  const at = host.links.get(link)?.rooms.get(room);
  return at && connectionOf(host, room, at.conn);
}

/** The rooms that a link is in. */
export function roomsAt<M>(host: Host<M>, link: LinkId): readonly RoomName[] {
  return [...(host.links.get(link)?.rooms.keys() ?? [])];
}

/** This process's connections in a room: those in grace too, and those that wait to be announced again. */
export function connectionsIn<M>(host: Host<M>, room: RoomName): Iterable<HostConnection<M>> {
  return host.rooms.get(room)?.connections.values() ?? [];
}
