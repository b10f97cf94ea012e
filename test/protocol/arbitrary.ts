import fc from "fast-check";
import type { Connection, Delta, Fact, Heartbeat, Position, Reason, Snapshot } from "../../src/core/event.js";
import { encodeCount, encodeDelta, encodeHeartbeat, encodeSnapshot } from "../../src/protocol/encode.js";
import type { ClientMessage, ServerMessage, ServerNotice, ServerState } from "../../src/protocol/message.js";

/** Plain objects, as a parser makes them. */
const record = ((model: Record<string, fc.Arbitrary<unknown>>, constraints?: object) => fc.record(model, { ...constraints, noNullPrototype: true })) as typeof fc.record;

/** What once broke somebody who kept ids in an object, trimmed them, or encoded them by hand. */
export const hostileIds = ["", "__proto__", "constructor", "toString", "10", "2", " ", "\0", "\ud800", "\udc00x", "é", "e\u0301", "😀", "\u2028", '"', "\\", "a".repeat(256)];

export const id = fc.oneof(fc.constantFrom(...hostileIds), fc.string({ unit: "binary", maxLength: 12 }));
/** JSON as it is after a journey: without -0, and with `__proto__` as a key like any other. */
export const meta = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constant({ ["__proto__"]: { admin: true } })).map((value): unknown => JSON.parse(JSON.stringify(value)));
export const tag = fc.integer({ min: 1, max: 2 ** 48 - 1 });
export const digest = fc.integer({ min: 0, max: 2 ** 48 - 1 });
export const time = fc.integer({ min: -(2 ** 41), max: 2 ** 42 });
export const whole = fc.maxSafeNat();
export const reason = fc.constantFrom<Reason>("leave", "vanished", "timeout", "kicked", "node-lost");
export const position: fc.Arbitrary<Position> = record({ epoch: whole, seq: whole, digest });

function connection(upTo: number): fc.Arbitrary<Connection<unknown>> {
  return record({ conn: id, user: id, tag, first: fc.integer({ min: 1, max: upTo }), since: time, meta });
}

export const snapshot: fc.Arbitrary<Snapshot<unknown>> = fc.integer({ min: 1, max: 2 ** 40 }).chain((seq) =>
  record({
    type: fc.constant("snapshot" as const), epoch: whole, seq: fc.constant(seq), at: time, digest,
    connections: fc.uniqueArray(connection(seq), { selector: ({ conn }) => conn, maxLength: 12 }),
  }));

export const delta: fc.Arbitrary<Delta<unknown>> = fc.tuple(fc.nat(2 ** 30), fc.integer({ min: 1, max: 40 }), whole, time, digest).chain(([from, span, epoch, at, sum]) =>
  fc.uniqueArray(record({ offset: fc.integer({ min: 1, max: span }), one: connection(from + 1), goodbye: fc.option(reason), age: fc.nat(from) }), {
    selector: ({ offset }) => offset, maxLength: 12,
  }).map((drawn): Delta<unknown> => {
    const known = new Set<string>();
    const facts = drawn
      .filter(({ one }) => !known.has(one.conn) && known.add(one.conn))
      .sort((a, b) => a.offset - b.offset)
      .map(({ offset, one, goodbye, age }): Fact<unknown> => {
        const seq = from + offset;
        const { conn, user } = one;
        return goodbye ? { type: "disconnect", epoch, seq, at, conn, user, reason: goodbye } : { type: "connect", epoch, seq, at, ...one, first: seq - age };
      });
    return { type: "delta", epoch, from, to: from + span, at, digest: sum, facts };
  }));

export const heartbeat: fc.Arbitrary<Heartbeat> = record({ type: fc.constant("heartbeat" as const), epoch: whole, seq: whole, at: time, digest });

const pos = fc.tuple(whole, whole, digest);

export const clientMessage: fc.Arbitrary<ClientMessage> = fc.oneof(
  record({ type: fc.constant("hello" as const), v: fc.array(whole, { maxLength: 3 }), features: fc.array(fc.string(), { maxLength: 3 }) }),
  record({
    type: fc.constant("join" as const), n: whole, room: id, watch: fc.constantFrom("users" as const, "count" as const, "none" as const), present: fc.boolean(), meta, pos, full: fc.boolean(),
  }, { requiredKeys: ["type", "n", "room", "watch", "present"] }),
  record({ type: fc.constant("update" as const), n: whole, room: id, meta }),
  record({ type: fc.constant("leave" as const), n: whole, room: id }),
  record({ type: fc.constant("sync" as const), n: whole, room: id, pos, full: fc.boolean() }, { requiredKeys: ["type", "n", "room"] }),
  record({ type: fc.constant("ping" as const), n: whole }),
);

export const notice: fc.Arbitrary<ServerNotice> = fc.oneof(
  record({
    type: fc.constant("welcome" as const), v: whole, lease: whole, every: whole, jitter: whole,
    limits: record({ meta: whole, frame: whole, id: whole, rooms: whole, rate: whole }),
  }),
  record({ type: fc.constant("joined" as const), re: whole, room: id, conn: id, user: id, pos }, { requiredKeys: ["type", "room"] }),
  record({ type: fc.constant("synced" as const), re: whole, room: id }),
  record({
    type: fc.constant("ended" as const), re: whole, room: id, conn: id, reason: fc.constantFrom("kicked", "refused", "full", "logout", "error"), code: fc.string(), message: fc.string(),
    retry: fc.oneof(fc.boolean(), whole),
  }, { requiredKeys: ["type", "room", "reason", "code", "message", "retry"] }),
  record({ type: fc.constant("error" as const), code: fc.string(), re: whole, room: id, message: fc.string(), retryAfter: whole }, { requiredKeys: ["type", "code", "message"] }),
  record({ type: fc.constant("pong" as const), re: whole }),
  record({ type: fc.constant("bye" as const), reason: fc.string(), reconnectWithin: whole }),
);

export const state: fc.Arbitrary<ServerState> = fc.oneof(
  fc.tuple(id, delta).map(([room, event]) => encodeDelta(room, event)),
  fc.tuple(id, snapshot, fc.integer({ min: 100, max: 10_000 })).map(([room, event, bytes]) => encodeSnapshot(room, event, bytes)[0] as ServerState),
  fc.tuple(id, time, position).map(([room, at, where]) => encodeHeartbeat(room, at, where)),
  fc.tuple(id, position, whole, whole, fc.boolean()).map(([room, where, users, connections, limited]) => encodeCount(room, where, users, connections, limited)),
);

export const serverMessage: fc.Arbitrary<ServerMessage> = fc.oneof(notice, state);

/** A value as it is on the other side of the wire. */
export function travel(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

export const anything: fc.Arbitrary<unknown> = fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true, withObjectString: true, withSet: true, withSparseArray: true, withTypedArray: true });

/** Parsed messages with one thing in them changed, taken away or added, at any depth. */
export function mutated(message: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.tuple(message, fc.array(fc.nat(11), { minLength: 1, maxLength: 4 }), fc.constantFrom("change", "remove", "add"), fc.oneof(anything, id, whole, fc.constantFrom(-1, 0, 1.5, 2 ** 53, 2 ** 48, null)))
    .map(([valid, path, how, value]) => {
      const copy = travel(valid);
      let target = copy as Record<string, unknown>;
      let key = "type";
      path.forEach((step, depth) => {
        const keys = Object.keys(target);
        if (keys.length === 0) return;
        key = keys[step % keys.length]!;
        const next = target[key];
        if (depth < path.length - 1 && typeof next === "object" && next !== null && Object.keys(next).length > 0) target = next as Record<string, unknown>;
      });
      if (how === "remove" && Array.isArray(target)) target.splice(Number(key), 1);
      else if (how === "remove") Reflect.deleteProperty(target, key);
      else if (how === "change" || !Array.isArray(target)) target[how === "add" ? "extra" : key] = value;
      else target.push(value);
      return copy;
    });
}

/** Objects that throw, lie or never end when they are looked at. */
export function hostileValues(): unknown[] {
  const trap = () => { throw new Error("trap"); };
  const proxy = new Proxy({}, { get: trap, has: trap, ownKeys: trap, getPrototypeOf: trap, getOwnPropertyDescriptor: trap });
  const cycle: Record<string, unknown> = { type: "update", n: 1, room: "r" };
  cycle.meta = cycle;
  const { proxy: revoked, revoke } = Proxy.revocable([], {});
  revoke();
  const thrower = (field: string, rest: object) => Object.defineProperty({ ...rest }, field, { enumerable: true, get: trap });
  return [
    proxy, cycle, revoked, trap, Symbol("s"), 1n, undefined, null, NaN, "hello", [], new Map([["type", "ping"]]), Object.create(null),
    thrower("type", {}), thrower("n", { type: "ping" }), thrower("room", { type: "leave", n: 1 }),
    { type: "join", n: 1, room: "r", watch: "users", present: true, pos: revoked },
    { type: "join", n: 1, room: "r", watch: "users", present: true, pos: proxy },
    { type: { toString: trap } }, { type: "delta", room: "r", pos: [1, 2, 3], at: 0, from: 0, on: [proxy], off: [revoked] },
    { type: "snapshot", room: "r", pos: [1, 2, 3], at: 0, connections: revoked }, { type: "welcome", limits: proxy },
    thrower("at", { type: "heartbeat", room: "r", pos: [1, 2, 3] }),
  ];
}
