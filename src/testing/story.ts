import type { Fact, RoomEvent } from "../core/event.js";
import type { User } from "../core/room.js";

/** An id in a sentence: bare when it is a plain word. */
export function name(id: string): string {
  return /^[\w/-]+$/.test(id) && id.length < 40 ? id : JSON.stringify(id.length < 40 ? id : `${id.slice(0, 36)} …`);
}

/** `1 ann joins by c0, showing {"s":"on"}`. */
export function tellFact(fact: Fact<unknown>): string {
  const { seq, user, conn } = fact;
  if (fact.type === "disconnect") return `${seq} ${name(user)} goes from ${name(conn)} (${fact.reason})`;
  const what = fact.first < seq ? `updates ${name(conn)}` : `joins by ${name(conn)}`;
  return `${seq} ${name(user)} ${what}, showing ${JSON.stringify(fact.meta)}, since ${fact.since}`;
}

/** A line for each fact; a crowd that comes in together is one line. */
export function tellFacts(facts: readonly Fact<unknown>[]): string[] {
  const isCrowd = ({ type, user, seq }: Fact<unknown>): boolean => type === "connect" && user === `crowd-${seq - 1}`;
  const others = facts.findIndex((fact) => !isCrowd(fact));
  const crowd = others < 0 ? facts.length : others;
  return crowd < 2 ? facts.map(tellFact) : [`1-${crowd} a crowd of ${crowd} joins`, ...facts.slice(crowd).map(tellFact)];
}

/** `the delta (0, 3] of epoch 9`. */
export function tellEvent(event: RoomEvent<unknown>): string {
  const { type, epoch } = event;
  switch (type) {
    case "delta":
      return `the delta (${event.from}, ${event.to}] of epoch ${epoch}${event.digest === undefined ? ", without a digest" : ""}`;
    case "snapshot":
      return `the snapshot at ${epoch}/${event.seq}`;
    case "heartbeat":
      return `a heartbeat at ${epoch}/${event.seq}`;
    default:
      return `fact ${event.seq} of epoch ${epoch} alone`;
  }
}

/** `ann (c0, c3) showing {"s":"on"}, bob (c1) showing null`; or `nobody`. */
export function tellPeople(users: readonly User<unknown>[]): string {
  if (users.length === 0) return "nobody";
  return users.map(({ id, since, meta, connections }) => `${name(id)} (${connections.map(({ conn }) => name(conn)).join(", ")}) since ${since} showing ${JSON.stringify(meta)}`).join(", ");
}
