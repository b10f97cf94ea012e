import type { Change } from "../core/change.js";
import type { RoomEvent, RoomName } from "../core/event.js";
import type { Room } from "../core/room.js";
import { usersOf } from "../core/select.js";
import type { Appended, Op } from "../ports.js";
import { connectionAt, type Host } from "../server/host.js";
import type { HostInput, LinkId, Said } from "../server/host-input.js";
import { named, person, seconds } from "../server/words.js";

/** A room in one line. */
export function where<M>(name: RoomName, room: Room<M>): string {
  const people = usersOf(room).map(({ id, connections }) => person(id) + (connections.length > 1 ? ` (${connections.length})` : ""));
  return `${named(name)} stands at ${room.epoch}/${room.seq}, digest ${room.digest}: ${people.length === 0 ? "nobody" : people.join(", ")}`;
}

/** What a step was given, and what came of it at once; nothing where nobody would care. */
export function tellInput<M>(host: Host<M>, input: HostInput<M>, said: Said<M> & { readonly host: Host<M> }): readonly string[] {
  switch (input.type) {
    case "tick": return tellTick(host, input.now, said);
    case "open": return [`${input.link} opens, with a lease of ${seconds(input.lease)}`];
    case "identify": return input.user === undefined ? [`${who(host, input.link)} logs out`] : [`${who(host, input.link)} is ${person(input.user)}`];
    case "join": return [`${who(host, input.link)} joins ${named(input.room)}${input.by === "server" ? ", as the server wants" : ""}${connectionAt(host, input.link, input.room) ? ", where it is already" : ""}`];
    case "update": return [`${who(host, input.link)} ${said.ops.length > 0 ? "shows another meta" : "shows what it showed"} in ${named(input.room)}`];
    case "leave": return connectionAt(host, input.link, input.room) ? [`${who(host, input.link)} ${tellLeave(input)} ${named(input.room)}${said.ops.length === 0 ? ", but stays, as it is still wanted there" : ""}`] : [];
    case "close": return [`${who(host, input.link)} ${tellClose(host, input)}`];
    case "drain": return [`the server sends everybody elsewhere within ${seconds(input.within)}`];
    case "announce": return [`the log of ${named(input.room)} lost ${input.fresh.length} connections; they are announced again`];
    case "log":
    case "refused": return [];
  }
}

function tellTick<M>(host: Host<M>, now: number, { expired, ops, host: after }: Said<M> & { readonly host: Host<M> }): readonly string[] {
  const passed = host.now === undefined ? 0 : now - host.now;
  const counted = after.clock - host.clock;
  return [
    ...(passed < 0 ? [`the clock is put back by ${seconds(-passed)}`] : passed > counted ? [`a tick comes ${seconds(passed)} after the one before, and counts as ${seconds(counted)}`] : []),
    ...expired.map((link) => `${who(host, link)} was silent for its lease, and is ended`),
    ...ops.flatMap(({ room, op }) => (op.type === "disconnect" && op.reason === "vanished" ? [`the grace of ${person(host.rooms.get(room)?.connections.get(op.conn)?.user ?? "")} in ${named(room)} is over`] : [])),
  ];
}

function tellLeave({ by, reason }: Extract<HostInput<unknown>, { type: "leave" }>): string {
  return reason === "kicked" ? "is kicked from" : by === "server" ? "is taken by the server from" : "leaves";
}

function tellClose<M>({ options, links }: Host<M>, { link, how }: Extract<HostInput<M>, { type: "close" }>): string {
  if (how === "leave") return "closes with a goodbye";
  if (how === "timeout") return "is silent, and is ended";
  if (how === "drain") return "is sent away";
  return `is gone without a word${options.grace > 0 && links.get(link)?.rooms.size ? `, and is kept for a grace of ${seconds(options.grace)}` : ""}`;
}

/** What people would notice, and which of their connections came and went besides. */
export function tellChanges<M>(name: RoomName, changes: readonly Change<M>[], before: Room<M>, after: Room<M>, event: RoomEvent<M>): readonly string[] {
  const turned = new Set(changes.filter(({ type }) => type === "joined" || type === "left").map(({ user }) => user));
  const people = `${after.users.size} ${after.users.size === 1 ? "person" : "people"}`;
  return [
    ...(event.type === "snapshot" && before.epoch !== 0 && before.epoch !== after.epoch ? [`${named(name)} starts again, in epoch ${after.epoch}`] : []),
    ...changes.flatMap((change) => {
      const user = person(change.user);
      const count = after.users.get(change.user)?.connections.length ?? 0;
      switch (change.type) {
        case "joined": return [`${user} joined ${named(name)}: ${people}`];
        case "left": return [`${user} left ${named(name)}${change.reason === undefined ? "" : ` (${change.reason})`}: ${people}`];
        case "updated": return [`${user} looks different in ${named(name)}`];
        case "connected": return turned.has(change.user) ? [] : [`${user} has another connection in ${named(name)}, ${count} now`];
        case "disconnected": return turned.has(change.user) ? [] : [`${user} has a connection less in ${named(name)}, ${count} now`];
      }
    }),
  ];
}

/** What the log said no to. What looks like a repeat is none of anybody's business. */
export function tellRefusals<M>(name: RoomName, ops: readonly Op<M>[], refused: Appended<M>["refused"], host: Host<M>): readonly string[] {
  return [
    ...ops.flatMap((op) => (op.type === "block" ? [`${person(op.user)} is kept out of ${named(name)}`] : [])),
    ...refused.flatMap(({ op: i, code }) => {
      const op = ops[i];
      if (!op || code === "repeat") return [];
      const user = "user" in op ? op.user : host.rooms.get(name)?.connections.get(op.conn)?.user;
      return [`the log of ${named(name)} refused the ${op.type} of ${user === undefined ? "a connection" : person(user)}: ${code}`];
    }),
  ];
}

function who<M>(host: Host<M>, link: LinkId): string {
  const user = host.links.get(link)?.user;
  return user === undefined ? link : `${person(user)} (${link})`;
}
