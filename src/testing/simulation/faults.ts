/** All that goes wrong, or just happens, in a history, and how it is counted. */
export const FAULTS = [
  "refresh", "two tabs", "rooms", "present", "initial", "close", "quit", "cut", "half-open", "offline", "stall", "slow", "loss", "sleep", "throttle", "client clock",
  "server clock", "pause", "crash", "deploy", "slow authorize", "update", "leave", "kick", "block", "login", "logout", "capacity", "too many rooms", "pages", "limited", "refused",
] as const;

export type Fault = (typeof FAULTS)[number];
