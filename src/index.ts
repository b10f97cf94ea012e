export { changes } from "./core/change.js";
export { doubt, reduce, reduceAll } from "./core/reduce.js";
export { emptyRoom } from "./core/room.js";
export { anyOf, askOf, connectionCount, latest, userCount, usersOf } from "./core/select.js";
export { toSnapshot } from "./core/snapshot.js";

export type { Cause, Change } from "./core/change.js";
export type {
  Answer, Ask, Connect, Connection, ConnectionId, Delta, Disconnect, Fact, Heartbeat, Position, Reason, RoomEvent, RoomName, Snapshot, UserId,
} from "./core/event.js";
export type { Behind, BehindReason, Room, User } from "./core/room.js";
