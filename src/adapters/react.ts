"use client";
export { PresenceProvider, useChanges, usePresence, useUserCount, useUsers } from "./react/hooks.js";
export { UserPresence } from "./react/user-presence.js";

export type { FaceOptions, Words } from "../face/face.js";
export type { PersonHint } from "../face/person.js";
export type { PresenceProviderProps, Register, RegisteredMeta, RoomPresence } from "./react/hooks.js";
export type { UserPresenceProps } from "./react/user-presence.js";
