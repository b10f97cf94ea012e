import type { Connection, RoomName, Snapshot } from "../core/event.js";
import { comparePoints } from "../core/position.js";
import { doubt, rankOf, reduce } from "../core/reduce.js";
import { emptyRoom, type Room, type User } from "../core/room.js";
import type { ServerEvent } from "../protocol/decode-server.js";
import type { Pos, Watch } from "../protocol/message.js";
import { show, type Self, type View, type ViewError } from "./view-show.js";

/** What the server's `welcome` says of the link, in ms. */
export type LinkTerms = {
  /** How long the server forgives silence. */
  readonly lease: number;
  /** A watched room is heard of at least once in so long. */
  readonly every: number;
  /** Over how long to spread what everybody asks at once. */
  readonly jitter: number;
};

/** In ms. */
export type ViewTimes = {
  /** For how long updates of the own meta gather. */
  readonly flush: number;
  /** After how long a request counts as unanswered, the first time. */
  readonly answer: number;
};

/** All that the machine remembers of one room. `view` and `due` are what the outside looks at. */
export type ViewState<M> = {
  readonly name: RoomName;
  readonly times: ViewTimes;
  /** What is wished: undefined = nothing at all. */
  readonly watch: Watch | undefined;
  readonly present: boolean;
  readonly meta: M | undefined;
  /** The link that is up and was welcomed. */
  readonly link: LinkTerms | undefined;
  readonly room: Room<M>;
  /** The last count, where it is what is shown. */
  readonly count: Extract<ServerEvent<M>, { type: "count" }> | undefined;
  /** Pages of one snapshot, as far as they came. */
  readonly pages: { readonly snapshot: Snapshot<M>; readonly parts: ReadonlyMap<number, readonly Connection<M>[]> } | undefined;
  /** Whether a count has come since the last doubt. */
  readonly answered: boolean;
  /** When the room was last heard of. */
  readonly heard: number;
  /** The number of the latest `join` or `sync` of this link; 0 = none. */
  readonly asked: number;
  /** Whether the server has acknowledged a join that says what is wished now. */
  readonly acked: boolean;
  /** How bad it was when the latest request went out, see `severity`; -1 = none went out for what is wished now. */
  readonly rank: number;
  /** How often in a row asking was of no use. */
  readonly tries: number;
  /** When to ask next: after a pause, or when the request that is out has waited long enough. */
  readonly askAt: number;
  /** The number of the latest `update` of this link; 0 = none. */
  readonly updated: number;
  /** The meta that the server was told last, and the last that it took. */
  readonly sent: M | undefined;
  readonly told: M | undefined;
  readonly updateAt: number;
  readonly self: Self | undefined;
  /** From where on the room must list `self`. */
  readonly since: Pos | undefined;
  /** The server ended it: when, or whether at the next welcome, it is wished again. */
  readonly ended: { readonly at: number; readonly up: boolean } | undefined;
  readonly error: ViewError | undefined;
  /** Until when the error stands at most, if it is of no request of ours: whatever is heard of the room ends it too. 0 = it is of one. */
  readonly passing: number;
  /** The people shown, made on demand. */
  readonly people: (() => readonly User<M>[]) | undefined;
  readonly view: View<M>;
  /** When a `timer` input is wanted next; Infinity = never. */
  readonly due: number;
};

/** A state while one step works on it. */
export type Draft<M> = { -readonly [K in keyof ViewState<M>]: ViewState<M>[K] };

/** What a link that went takes with it, but for its terms. */
export const NO_LINK: Pick<ViewState<never>, "pages" | "asked" | "acked" | "rank" | "tries" | "passing" | "askAt" | "updated" | "updateAt"> = {
  pages: undefined, asked: 0, acked: false, rank: -1, tries: 0, passing: 0, askAt: Infinity, updated: 0, updateAt: Infinity,
};

/** A room that nobody wished for yet. `initial`: what is known before the first link. */
export function emptyView<M>(name: RoomName, times: ViewTimes, initial?: Snapshot<M>): ViewState<M> {
  const s = { name, times, heard: 0, view: {}, due: Infinity, present: false } as Draft<M>;
  forget(s);
  if (initial) s.room = reduce(s.room, initial);
  s.view = show(s, false);
  return s;
}

/** Drops all but the link and what is wished. `ended`: by whom, and why. */
export function forget<M>(s: Draft<M>, ended?: ViewState<M>["ended"], error?: ViewError): void {
  const room = emptyRoom<M>();
  Object.assign(s, NO_LINK, { room, count: undefined, answered: false, sent: undefined, told: undefined, self: undefined, since: undefined, ended, error });
}

/** Forgets an error that was none of a request of ours. */
export function pass<M>(s: Draft<M>): void {
  if (s.passing) s.error = undefined;
  s.passing = 0;
}

/** Joins then, whatever went out before. */
export function rejoin<M>(s: Draft<M>, at: number): void {
  s.acked = false;
  s.rank = -1;
  s.askAt = at;
}

/** Trusts nothing of what is known any more, and keeps it. */
export function distrust<M>(s: Draft<M>): void {
  s.room = doubt(s.room);
  s.answered = false;
}

/** 0 = in step; above that the stronger reason has the higher number. */
export function severity<M>({ watch, room, count, answered, acked }: Draft<M>): number {
  if (watch !== "users" || count?.limited) return (watch === "none" ? acked : answered) ? 0 : 2;
  // Whatever comes to an empty room is of a later epoch; that tells nothing.
  return !room.epoch ? 2 : rankOf(room);
}

/** Whether the room, which is in step, shows me: undefined while it needn't yet. */
export function shown<M>({ watch, present, count, room, self, since }: Draft<M>): boolean | undefined {
  if (!present || watch !== "users" || count || !self || !since) return true;
  if (room.users.get(self.user)?.connections.some(({ conn }) => conn === self.conn)) return true;
  return comparePoints(room, { epoch: since[0], seq: since[1] }) < 0 ? undefined : false;
}
