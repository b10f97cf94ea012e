import type { Connection, Delta, Fact, Heartbeat, Position, Reason, RoomName, Snapshot } from "../core/event.js";
import type { ServerNotice } from "./message.js";
import { isFlag, isNumber, isPos, isText, isWhole, maybe, type Check, type Shapes, type Source } from "./check.js";

/** What a client hears: a notice as it was sent, or what to fold into a room. */
export type ServerEvent<M> =
  | ServerNotice
  /** `page`: this is part `i` of `of` parts (from 0) of a snapshot; fold them as one when all are there. */
  | { readonly type: "state"; readonly room: RoomName; readonly event: StateEvent<M>; readonly page?: readonly [i: number, of: number] }
  | { readonly type: "count"; readonly room: RoomName; readonly position: Position; readonly users: number; readonly connections: number; readonly limited: boolean };

type StateEvent<M> = Snapshot<M> | Delta<M> | Heartbeat;

const NOTICES: Shapes<ServerNotice> = {
  welcome: { v: isWhole, lease: isNumber, every: isNumber, jitter: isNumber, limits: isLimits },
  joined: { re: maybe(isWhole), room: isText, conn: maybe(isText), user: maybe(isText), pos: maybe(isPos) },
  synced: { re: isWhole, room: isText },
  ended: { re: maybe(isWhole), room: isText, conn: maybe(isText), reason: isText, code: isText, message: isText, retry: (x) => isFlag(x) || isNumber(x) },
  error: { re: maybe(isWhole), room: maybe(isText), code: isText, message: isText, retryAfter: maybe(isNumber) },
  pong: { re: isWhole },
  bye: { reason: isText, reconnectWithin: isNumber },
};

/**
 * Decodes one message of a server. undefined: of a type unknown here, or malformed; drop it, the log repairs what it carried.
 * Total: never throws, whatever it is given.
 */
export function decodeServer<M>(value: unknown): ServerEvent<M> | undefined {
  try {
    return decode<M>(value as Source);
  } catch {
    return undefined;
  }
}

function decode<M>(source: Source): ServerEvent<M> | undefined {
  const { type, page } = source;
  if (isText(type) && Object.hasOwn(NOTICES, type)) {
    const shape: Readonly<Record<string, Check>> = NOTICES[type as ServerNotice["type"]];
    const notice: Record<string, unknown> = { type };
    for (const key in shape) {
      const field = source[key];
      must(shape[key]?.(field));
      if (field !== undefined) notice[key] = field;
    }
    return notice as ServerNotice;
  }
  const room = the(isText, source.room);
  const [epoch, seq, digest] = the(isPos, source.pos);
  if (type === "count") {
    return { type, room, position: { epoch, seq, digest }, users: the(isWhole, source.users), connections: the(isWhole, source.connections), limited: source.limited === true };
  }
  const at = the(isNumber, source.at);
  const connection = ([conn, user, tag, meta, stay = 0, age = 0]: readonly unknown[], of: number): Connection<M> => {
    const first = of - the(isWhole, age);
    must(first > 0 && the(isWhole, tag) > 0 && (tag as number) < 2 ** 48);
    return { conn: the(isText, conn), user: the(isText, user), tag: tag as number, first, since: at - the(isNumber, stay), meta: meta as M };
  };
  let event: StateEvent<M>;
  if (type === "heartbeat") event = { type, epoch, seq, at, digest };
  else if (type === "snapshot") {
    const connections = the(isTuples, source.connections).map((tuple) => connection(tuple, seq));
    event = { type, epoch, seq, at, digest, connections: differing(connections, "conn") };
  } else {
    const from = the(isWhole, source.from);
    must(type === "delta" && from < seq);
    const facts: Fact<M>[] = [];
    for (const key of ["on", "off"]) {
      for (const [offset, ...rest] of the(isTuples, source[key])) {
        const own = from + the(isWhole, offset);
        must(own > from && own <= seq);
        const [conn, user, reason] = rest;
        facts.push(
          key === "on"
            ? { type: "connect", epoch, seq: own, at, ...connection(rest, own) }
            : { type: "disconnect", epoch, seq: own, at, conn: the(isText, conn), user: the(isText, user), reason: the(isText, reason) as Reason },
        );
      }
    }
    facts.sort((a, b) => a.seq - b.seq);
    event = { type: "delta", epoch, from, to: seq, at, digest, facts: differing(differing(facts, "seq"), "conn") };
  }
  return { type: "state", room, event, ...(page !== undefined && { page: the(isPage, page) }) };
}

/** The items, all with another `key`. */
function differing<T>(items: T[], key: keyof T): T[] {
  must(new Set(items.map((item) => item[key])).size === items.length);
  return items;
}

/** Only the list is looked at: whatever a tuple is, taking it apart throws or its numbers turn out to be none. */
function isTuples(value: unknown): value is readonly (readonly unknown[])[] {
  return Array.isArray(value);
}

function isPage(value: unknown): value is readonly [number, number] {
  return Array.isArray(value) && isWhole(value[0]) && isWhole(value[1]) && value[0] < value[1];
}

function isLimits(value: unknown): boolean {
  return ["meta", "frame", "id", "rooms", "rate"].every((key) => isWhole((value as Source)[key]));
}

function the<T>(is: (value: unknown) => value is T, value: unknown): T {
  must(is(value));
  return value as T;
}

/** Anything else is malformed. */
function must(ok: boolean | undefined): void {
  if (!ok) throw Error();
}
