"use client";
export { PresenceProvider, useChanges, usePresence, useUserCount, useUsers } from "./react/hooks.js";

export type { PresenceProviderProps, Register, RegisteredMeta, RoomPresence } from "./react/hooks.js";
