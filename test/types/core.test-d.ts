import { expectTypeOf } from "vitest";
import {
  anyOf, askOf, changes, connectionCount, doubt, emptyRoom, latest, reduce, reduceAll, toSnapshot, userCount, usersOf,
  type Answer, type Ask, type Cause, type Change, type Connect, type Delta, type Disconnect, type Heartbeat, type Reason, type Room, type RoomEvent, type Snapshot, type User,
} from "../../src/index.js";

/** Checked by the compiler alone; nothing of this runs. */
type Meta = { readonly status: "here" | "away"; readonly typing?: boolean };
declare const room: Room<Meta>;
declare const event: RoomEvent<Meta>;
declare const user: User<Meta>;

// Meta goes through typed, from an event to a list and a change.
expectTypeOf(emptyRoom<Meta>()).toEqualTypeOf<Room<Meta>>();
expectTypeOf(reduce(room, event)).toEqualTypeOf<Room<Meta>>();
expectTypeOf(reduceAll(room, [event])).toEqualTypeOf<Room<Meta>>();
expectTypeOf(reduceAll(room, new Set([event]))).toEqualTypeOf<Room<Meta>>();
expectTypeOf(doubt(room)).toEqualTypeOf<Room<Meta>>();
expectTypeOf(toSnapshot(room)).toEqualTypeOf<Snapshot<Meta>>();
expectTypeOf(toSnapshot(room, 1)).toEqualTypeOf<Snapshot<Meta>>();
expectTypeOf(usersOf(room)).toEqualTypeOf<readonly User<Meta>[]>();
expectTypeOf(changes(room, event, room)).toEqualTypeOf<Change<Meta>[]>();
expectTypeOf(askOf(room)).toEqualTypeOf<Ask | undefined>();
expectTypeOf(userCount(room)).toBeNumber();
expectTypeOf(connectionCount(room)).toBeNumber();
expectTypeOf(latest(user)).toEqualTypeOf<Meta>();
expectTypeOf(anyOf(user, (meta) => meta.status === "here")).toBeBoolean();
expectTypeOf(room.users).toEqualTypeOf<ReadonlyMap<string, User<Meta>>>();

// `reduce` fits where a reducer is asked for.
expectTypeOf([event].reduce(reduce<Meta>, room)).toEqualTypeOf<Room<Meta>>();

// An event is one of five, told apart by `type`.
expectTypeOf<RoomEvent<Meta>["type"]>().toEqualTypeOf<"connect" | "disconnect" | "delta" | "snapshot" | "heartbeat">();
expectTypeOf<Extract<RoomEvent<Meta>, { type: "connect" }>>().toEqualTypeOf<Connect<Meta>>();
expectTypeOf<Extract<RoomEvent<Meta>, { type: "heartbeat" }>>().toEqualTypeOf<Heartbeat>();
expectTypeOf<Delta<Meta>["digest"]>().toEqualTypeOf<number | undefined>();
expectTypeOf<Reason>().toEqualTypeOf<"leave" | "vanished" | "timeout" | "kicked" | "node-lost">();
expectTypeOf<Disconnect>().not.toHaveProperty("meta");

// What a log answers is an event, or a time to ask again.
expectTypeOf<Exclude<Answer<Meta>, { type: "later" }>>().toExtend<RoomEvent<Meta>>();

// Each change has what its kind has, and no more.
declare const change: Change<Meta>;
expectTypeOf(change.cause).toEqualTypeOf<Cause>();
expectTypeOf(change.meta).toEqualTypeOf<Meta>();
if (change.type === "left") expectTypeOf(change.reason).toEqualTypeOf<Reason | undefined>();
if (change.type === "updated") expectTypeOf(change.previous).toEqualTypeOf<Meta>();
if (change.type === "joined") {
  // @ts-expect-error nobody joins for a reason
  expectTypeOf(change.reason).toBeUndefined();
}

// @ts-expect-error of another meta
reduce(room, {} as RoomEvent<{ readonly name: string }>);
// @ts-expect-error a room is not edited
room.seq = 1;
// @ts-expect-error its people neither
expectTypeOf(room.users.set).toBeFunction();
// @ts-expect-error nor their connections
expectTypeOf(user.connections.push).toBeFunction();
// @ts-expect-error nor what their metas hold
user.meta.status = "away";
// @ts-expect-error facts carry `first` and `since`
((): Connect<Meta> => ({ type: "connect", epoch: 1, seq: 1, at: 0, conn: "a", user: "ann", tag: 1, meta: { status: "here" } }))();
// @ts-expect-error a delta says that it names no digest
((): Delta<Meta> => ({ type: "delta", epoch: 1, from: 0, to: 1, at: 0, facts: [] }))();
// @ts-expect-error no other words
changes(room, event, room, { connection: true });
