/** What can be done to the people of the playground. `device` is one of `DEVICES`; of several tabs on it `close` means the newest, everything else the oldest. */
export type Deed =
  | { readonly do: "open" | "close" | "refresh" | "cut" | "half-open" | "late" | "sleep"; readonly device: string }
  /** 200 ms and 20 % loss on all lines of a user, or no longer. */
  | { readonly do: "rough" | "smooth"; readonly user: string }
  | { readonly do: "restart" };

export type Device = { readonly id: string; readonly user: string; readonly kind: "laptop" | "phone" };

export const DEVICES: readonly Device[] = [
  { id: "ann's laptop", user: "ann", kind: "laptop" },
  { id: "ann's phone", user: "ann", kind: "phone" },
  { id: "bob's laptop", user: "bob", kind: "laptop" },
  { id: "cem's phone", user: "cem", kind: "phone" },
];
export const USERS: readonly string[] = ["ann", "bob", "cem"];
export const ROOM = "room";

/** What the registry is given, in both worlds: short, so that a minute shows all of it. */
export const TIMES = { grace: 3_000, lease: 12_000, ping: 4_000, tick: 250, flush: 50, heartbeat: 5_000, settle: 5_000 };
/** How long a device sleeps, a goodbye is late, a server is down, and a refreshed page takes to load. */
export const SLEEP = 18_000;
export const LATE = 3_000;
export const DOWN = 1_500;
export const LOAD = 300;

/** The seconds at which what is done in the scripted minute. */
export const SCRIPT: readonly (Deed & { readonly at: number })[] = [
  { at: 0, do: "open", device: "ann's laptop" },
  { at: 0.2, do: "open", device: "ann's phone" },
  { at: 0.4, do: "open", device: "bob's laptop" },
  { at: 0.6, do: "open", device: "cem's phone" },
  // A second tab, and one of the two is closed.
  { at: 4, do: "open", device: "ann's laptop" },
  { at: 7, do: "close", device: "ann's laptop" },
  { at: 11, do: "refresh", device: "ann's laptop" },
  { at: 14, do: "cut", device: "bob's laptop" },
  // The old socket's end is noticed when the new one is there.
  { at: 16, do: "late", device: "cem's phone" },
  { at: 22, do: "refresh", device: "cem's phone" },
  // He really goes, and comes again.
  { at: 23, do: "close", device: "bob's laptop" },
  { at: 28, do: "sleep", device: "cem's phone" },
  { at: 28.5, do: "open", device: "bob's laptop" },
  { at: 32, do: "half-open", device: "bob's laptop" },
  { at: 46.5, do: "refresh", device: "bob's laptop" },
  { at: 49, do: "restart" },
  { at: 52, do: "rough", user: "ann" },
  { at: 57.2, do: "refresh", device: "ann's phone" },
];
export const SCRIPT_SECONDS = 60;
