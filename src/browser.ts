export {
  anyOf, askOf, changes, connectionCount, doubt, emptyRoom, latest, reduce, reduceAll, toSnapshot, userCount, usersOf,
} from "./index.js";
export { browserWake, createClient, createPresence } from "./client/index.js";
export { socketIoTransport } from "./adapters/socket.io-client.js";
export { webSocketTransport } from "./adapters/websocket.js";

export type {
  Answer, Ask, Behind, BehindReason, Cause, Connect, Connection, ConnectionId, Delta, Disconnect, Fact, Heartbeat, Position, Reason, Room, RoomEvent, RoomName,
  Snapshot, User, UserId,
} from "./index.js";
export type {
  Change, Client, ClientOptions, ClientRoom, Clock, CodedError, Presence, Random, RoomOptions, Self, Stop, SubscribeOptions, Transport, TransportListener, View, ViewError, Wake, Watch,
} from "./client/index.js";
export type { SocketIoClientOptions, SocketIoLike } from "./adapters/socket.io-client.js";
export type { SocketClass, SocketLike, WebSocketOptions } from "./adapters/websocket.js";
