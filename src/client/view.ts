import type { Change } from "../core/change.js";
import { sameJson } from "../core/json.js";
import { doubt } from "../core/reduce.js";
import { askOf } from "../core/select.js";
import type { ClientMessage, Watch } from "../protocol/message.js";
import { backoff } from "./backoff.js";
import { hear, type Heard } from "./view-hear.js";
import { show, type ViewError } from "./view-show.js";
import { distrust, forget, NO_LINK, pass, rejoin, severity, shown, type Draft, type LinkTerms, type ViewState } from "./view-state.js";

/** All that can happen to a view. */
export type ViewInput<M> =
  /** What is wished from now on; `watch: undefined` = nothing, and all is dropped. `renew`: also what the server ended. */
  | { readonly type: "wish"; readonly watch: Watch | undefined; readonly present: boolean; readonly renew?: boolean }
  | { readonly type: "meta"; readonly meta: M | undefined }
  /** A `welcome` came. */
  | { readonly type: "up"; readonly link: LinkTerms; readonly error?: undefined }
  | { readonly type: "down"; readonly link?: undefined; readonly error?: ViewError | undefined }
  /** The time that `due` named has come. */
  | { readonly type: "timer" }
  /** It is over for good. */
  | { readonly type: "close" }
  | Heard<M>;

/** What a step is given besides: local ms that never run back, by how much they are ahead of the wall clock (if they are), a number in [0, 1), and the next free `n`. */
export type Moment = { readonly now: number; readonly lag?: number; readonly chance: number; readonly n: number };

/** What a step says: messages to send, the first with `n` and so on, and what people would notice. */
export type Stepped<M> = { readonly state: ViewState<M>; readonly send: readonly ClientMessage[]; readonly changes: readonly Change<M>[] };

/** Asking never gets rarer than this, in ms. */
export const SELDOM = 30_000;

/** What is said of a server that doesn't answer. */
export const UNANSWERED: ViewError = { code: "unanswered", message: "unanswered" };

/** The state after an input, what to send, and what changed. Pure. */
export function step<M>(state: ViewState<M>, input: ViewInput<M>, moment: Moment): Stepped<M> {
  const s: Draft<M> = { ...state };
  const { link, ended, error, watch } = s;
  const { now } = moment;
  const send: ClientMessage[] = [];
  let changes: readonly Change<M>[] = [];
  if (input.type === "wish" && input.watch) {
    if (input.renew) revive(s, now);
    const switched = input.watch !== watch;
    if (switched) distrust(s);
    if (switched || input.present !== s.present) rejoin(s, now);
    s.watch = input.watch;
    s.present = input.present;
  } else if (input.type === "wish" || input.type === "close") {
    if (s.asked) send.push({ type: "leave", n: moment.n, room: s.name });
    // What the server ended stays ended: only a renewed wish is a new one.
    if (input.type === "wish") forget(s, ended, ended && error);
    else forget(s, { at: Infinity, up: false }, { code: "closed", message: "closed" });
    s.watch = undefined;
  } else if (input.type === "meta") {
    s.meta = input.meta;
    s.updateAt = Math.min(s.updateAt, now + s.times.flush);
  } else if (input.type === "up" || input.type === "down") {
    Object.assign(s, NO_LINK);
    s.link = input.link;
    if (input.link) {
      distrust(s);
      rejoin(s, now);
      if (ended?.up) revive(s, now);
    }
    if (!s.ended) s.error = input.error;
  } else if (input.type !== "timer" && link && watch && !ended) {
    changes = hear(s, input, moment);
    // A join that is on its way would take us in again behind the back of a view that has ended.
    if (s.ended && state.asked && !state.acked && (input as { readonly re?: number }).re !== state.asked) send.push({ type: "leave", n: moment.n, room: s.name });
  }
  if (s.ended && s.ended.at <= now) revive(s, now);
  s.due = s.ended ? s.ended.at : pursue(s, { ...moment, n: moment.n + send.length }, send);
  s.view = show(s, !!s.link && !severity(s), moment.lag);
  return { state: s, send, changes };
}

/** Wishes again what the server had ended. */
function revive<M>(s: Draft<M>, now: number): void {
  if (!s.ended) return;
  s.ended = s.error = undefined;
  rejoin(s, now);
}

/** Asks and tells what is to be asked and told now, and says when to look again. */
function pursue<M>(s: Draft<M>, { now, chance, n }: Moment, send: ClientMessage[]): number {
  const { link, watch, name, times } = s;
  if (!link || !watch) return Infinity;
  if (s.passing <= now) pass(s);
  const silence = watch === "none" ? Infinity : Math.max(1_000, 2 * link.every);
  const spread = now + chance * link.jitter;
  // 100-500 ms: time for what was overtaken to arrive.
  const soon = 100 + 400 * chance;
  if (!severity(s) && s.heard + silence <= now) distrust(s);
  const rank = severity(s);
  if (rank) {
    if (rank > s.rank) s.askAt = Math.min(s.askAt, rank > 1 ? spread : now + soon);
  } else if (s.acked) {
    if (s.askAt < Infinity && !s.passing) s.error = undefined;
    s.askAt = Infinity;
    s.rank = 0;
    const mine = shown(s);
    if (mine) s.tries = 0;
    else if (mine === false) rejoin(s, now + backoff(s.tries++, soon, SELDOM));
  } else {
    // In step before it was answered: what is out no longer stands in the way of a new reason.
    s.rank = Math.min(s.rank, 0);
  }
  if (s.askAt <= now) {
    if (rank <= s.rank) {
      s.tries++;
      s.error ??= UNANSWERED;
    }
    send.push(request(s, n));
    s.asked = n++;
    s.rank = rank;
    s.askAt = now + backoff(s.tries, times.answer, SELDOM) * (1 - chance / 4);
    s.pages = undefined;
  }
  const updates = s.acked && s.present;
  if (updates && s.updateAt <= now) {
    s.updateAt = Infinity;
    if (!sameJson(s.meta, s.sent)) {
      send.push({ type: "update", n, room: name, meta: s.meta });
      s.updated = n;
      s.sent = s.meta;
    }
  }
  return Math.min(s.askAt, updates ? s.updateAt : Infinity, severity(s) ? Infinity : s.heard + silence, s.passing || Infinity);
}

/** `join` until it was acknowledged, then `sync`. */
function request<M>(s: Draft<M>, n: number): ClientMessage {
  const { watch = "none", present, meta, name, count, room } = s;
  const ask = watch === "users" ? askOf(doubt(room)) : undefined;
  // What is known in the mode that is asked for. A count has one too: by it a server that has just started tells that its own is not to be trusted yet.
  const pos = watch === "count" ? count?.position : ask?.pos;
  const common = { n, room: name, pos: pos && [pos.epoch, pos.seq, pos.digest] as const, full: ask?.full ? true : undefined };
  if (s.acked) return { type: "sync", ...common };
  if (present) {
    // It says the newest: nothing is left to be told.
    s.sent = meta;
    s.updateAt = Infinity;
  }
  return { type: "join", watch, present, meta: present ? meta : undefined, ...common };
}
