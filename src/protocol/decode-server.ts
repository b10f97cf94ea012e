import type { Connection, Delta, Fact, Heartbeat, Position, Reason, RoomName, Snapshot } from "../core/event.js";
import type { ServerNotice } from "./message.js";
import { isNumber, isPos, isText, isWhole, type Source } from "./check.js";

/** What a client hears: a notice as it was sent, or what to fold into a room. */
export type ServerEvent<M> =
  | ServerNotice
  /** `page`: this is part `i` of `of` parts (from 0) of a snapshot; fold them as one when all are there. */
  | { readonly type: "state"; readonly room: RoomName; readonly event: StateEvent<M>; readonly page?: readonly [i: number, of: number] }
  | { readonly type: "count"; readonly room: RoomName; readonly position: Position; readonly users: number; readonly connections: number; readonly limited: boolean };

/** Whatever it is, taking it apart throws, or what is in it turns out to be none of what it should be. */
type Tuple = readonly unknown[];

type StateEvent<M> = Snapshot<M> | Delta<M> | Heartbeat;

/** Notices: three of a room, then those of the link; `error` may be one of a room. */
const NOTICES: readonly unknown[] = ["joined", "synced", "ended", "welcome", "error", "pong", "bye"];

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
  // Timers are set by these; what else a notice says is only compared and shown.
  if (type === "welcome") must([source.lease, source.every, source.jitter].every(isNumber));
  const notice = NOTICES.indexOf(type);
  if (notice > 2) return source as ServerNotice;
  const room = the(isText, source.room);
  if (notice >= 0) return source as ServerNotice;
  const [epoch, seq, digest] = the(isPos, source.pos);
  if (type === "count") {
    return { type, room, position: { epoch, seq, digest }, users: the(isWhole, source.users), connections: the(isWhole, source.connections), limited: !!source.limited };
  }
  const at = the(isNumber, source.at);
  const connection = ([conn, user, tag, meta, stay = 0, age = 0]: Tuple, of: number): Connection<M> => {
    const first = of - the(isWhole, age);
    must(first > 0 && the(isWhole, tag) > 0 && (tag as number) < 2 ** 48);
    return { conn: the(isText, conn), user: the(isText, user), tag: tag as number, first, since: at - the(isNumber, stay), meta: meta as M };
  };
  let event: StateEvent<M>;
  if (type === "heartbeat") event = { type, epoch, seq, at, digest };
  else if (type === "snapshot") {
    const connections = (source.connections as Tuple[]).map((tuple) => connection(tuple, seq));
    event = { type, epoch, seq, at, digest, connections: differing(connections, "conn") };
  } else {
    const from = the(isWhole, source.from);
    must(type === "delta" && from < seq);
    const seqOf = (offset: unknown): number => {
      const own = from + the(isWhole, offset);
      must(own > from && own <= seq);
      return own;
    };
    const facts = [
      ...(source.on as Tuple[]).map(([offset, ...rest]): Fact<M> => {
        const own = seqOf(offset);
        return { type: "connect", epoch, seq: own, at, ...connection(rest, own) };
      }),
      ...(source.off as Tuple[]).map(([offset, conn, user, reason]): Fact<M> => {
        return { type: "disconnect", epoch, seq: seqOf(offset), at, conn: the(isText, conn), user: the(isText, user), reason: the(isText, reason) as Reason };
      }),
    ].sort((a, b) => a.seq - b.seq);
    event = { type: "delta", epoch, from, to: seq, at, digest, facts: differing(differing(facts, "seq"), "conn") };
  }
  return { type: "state", room, event, ...(page !== undefined && { page: the(isPage, page) }) };
}

/** The items, all with another `key`. */
function differing<T>(items: T[], key: keyof T): T[] {
  must(new Set(items.map((item) => item[key])).size === items.length);
  return items;
}

function isPage(value: unknown): value is readonly [number, number] {
  const [i, of] = value as readonly unknown[];
  return isWhole(i) && isWhole(of) && i < of;
}

function the<T>(is: (value: unknown) => value is T, value: unknown): T {
  must(is(value));
  return value as T;
}

/** Anything else is malformed. */
function must(ok: boolean): void {
  if (!ok) throw Error();
}
