export { createClient } from "./client.js";
export { createPresence } from "./presence.js";
export { browserWake } from "./wake.js";

export type { Client, ClientOptions } from "./client.js";
export type { Presence } from "./presence.js";
export type { ClientRoom, CodedError, RoomOptions, SubscribeOptions } from "./room.js";
export type { Self, View, ViewError } from "./view-show.js";
export type { Wake } from "./wake.js";
export type { Change } from "../core/change.js";
export type { Clock, Random, Stop, Transport, TransportListener } from "../ports.js";
export type { Watch } from "../protocol/message.js";
