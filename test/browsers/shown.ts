import type { View } from "../../src/client/index.js";

export type Meta = { readonly name: string };

/** What one view says, its people in order with the number of their connections. */
type Seen = { readonly status: View<Meta>["status"]; readonly users: readonly string[] | undefined; readonly count: number | undefined; readonly connections: number | undefined };
type Drawn = { readonly state: string | undefined; readonly count: string; readonly names: readonly string[] };

/** All that the page shows: the plain view, what the hooks last drew, the element, the one that only counts, and React's text. */
export type Shown = {
  readonly plain: Seen;
  readonly hook: (Seen & { readonly names: string | undefined }) | undefined;
  readonly people: Drawn;
  readonly badge: Drawn;
  readonly page: string;
};

/** What a page went through. */
export type Diary = {
  /** Events of its life: `pageshow persisted`, `hidden`, `freeze`. */
  readonly events: string[];
  /** How many people the plain view showed, and how far it trusted that, each when it changed. */
  readonly counts: number[];
  readonly statuses: string[];
  /** Who came and went after it knew the room, as the room tells it and as the hook does. */
  readonly heard: { readonly plain: string[]; readonly hook: string[] };
  /** Calls of a timer of 100 ms. */
  ticks: number;
};
