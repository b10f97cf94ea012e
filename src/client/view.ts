import type { Change } from "../core/change.js";
import { sameJson } from "../core/json.js";
import { doubt } from "../core/reduce.js";
import { emptyRoom } from "../core/room.js";
import { askOf } from "../core/select.js";
import type { ClientMessage, Watch } from "../protocol/message.js";
import { backoff } from "./backoff.js";
import { hear, type Heard } from "./view-hear.js";
import { show, type ViewError } from "./view-show.js";
import { distrust, NO_LINK, NOTHING, severity, shown, type Draft, type LinkTerms, type ViewState } from "./view-state.js";

/** All that can happen to a view. */
export type ViewInput<M> =
  /** What is wished from now on; `watch: undefined` = nothing, and all is dropped. `renew`: also what the server ended. */
  | { readonly type: "wish"; readonly watch: Watch | undefined; readonly present: boolean; readonly renew?: boolean }
  | { readonly type: "meta"; readonly meta: M | undefined }
  /** A `welcome` came. */
  | { readonly type: "up"; readonly link: LinkTerms }
  | { readonly type: "down"; readonly error?: ViewError | undefined }
  /** The time that `due` named has come. */
  | { readonly type: "timer" }
  /** It is over for good. */
  | { readonly type: "close" }
  | Heard<M>;

/** What a step is given besides: local ms that never run back, a number in [0, 1), and the next free `n`. */
export type Moment = { readonly now: number; readonly chance: number; readonly n: number };

/** What a step says: messages to send, each with the next `n`, and what people would notice. */
export type Stepped<M> = { readonly state: ViewState<M>; readonly send: readonly ClientMessage[]; readonly changes: readonly Change<M>[] };

/** Asking never gets rarer than this, in ms. */
const SELDOM = 30_000;

/** The state after an input, what to send, and what changed. Pure. */
export function step<M>(state: ViewState<M>, input: ViewInput<M>, moment: Moment): Stepped<M> {
  const s: Draft<M> = { ...state };
  const { now } = moment;
  const send: ClientMessage[] = [];
  let changes: readonly Change<M>[] = [];
  const part = (): void => {
    if (s.asked && !s.ended) send.push({ type: "leave", n: moment.n, room: s.options.name });
  };
  switch (input.type) {
    case "wish":
      if (!input.watch) {
        part();
        // What the server ended stays ended: only a renewed wish is a new one.
        const { link, ended, error } = s;
        Object.assign(s, NO_LINK, NOTHING, { link, ended, error: ended && error, room: emptyRoom<M>() });
      } else {
        const { watch, present } = input;
        const renew = input.renew && s.ended;
        if (renew) s.ended = s.error = undefined;
        if (watch !== s.watch) distrust(s);
        else if (present === s.present && !renew) break;
        Object.assign(s, { watch, present });
        again(s, now);
      }
      break;
    case "meta":
      s.meta = input.meta;
      s.updateAt ??= now + s.options.flush;
      break;
    case "up":
      Object.assign(s, NO_LINK, { link: input.link, heard: now });
      if (s.ended?.up) s.ended = undefined;
      if (!s.ended) s.error = undefined;
      distrust(s);
      again(s, now);
      break;
    case "down":
      Object.assign(s, NO_LINK);
      if (!s.ended) s.error = input.error;
      break;
    case "close":
      part();
      Object.assign(s, NO_LINK, NOTHING, {
        room: emptyRoom<M>(),
        ended: { at: Infinity, up: false },
        error: { code: "closed", message: "This client was closed; create another." },
      });
      break;
    case "timer":
      break;
    default:
      if (s.link && s.watch && !s.ended) changes = hear(s, input, moment);
  }
  if (s.ended && s.ended.at <= now) {
    s.ended = s.error = undefined;
    again(s, now);
  }
  s.due = s.ended ? s.ended.at : pursue(s, moment, send);
  if (s.due === Infinity) s.due = undefined;
  s.view = show(s, isLive(s), now);
  return { state: s, send, changes };
}

function isLive<M>(s: Draft<M>): boolean {
  return !!s.link && !!s.watch && !severity(s);
}

/** Joins at the next chance, whatever went out before. */
function again<M>(s: Draft<M>, at: number): void {
  s.acked = s.out = false;
  s.rank = -1;
  s.askAt = at;
}

/** Asks and tells what is to be asked and told now, and says when to look again. */
function pursue<M>(s: Draft<M>, { now, chance, n }: Moment, send: ClientMessage[]): number {
  const { link, options } = s;
  if (!link || !s.watch) return Infinity;
  const silence = Math.max(1_000, 2 * link.every);
  const spread = now + chance * link.jitter;
  // 100-500 ms: time for what was overtaken to arrive.
  const soon = 100 + 400 * chance;
  if (s.watch !== "none" && !severity(s) && s.heard + silence <= now) {
    distrust(s);
    s.rank = 4;
    s.out = false;
    s.askAt = spread;
  }
  const rank = severity(s);
  if (!rank && s.acked) {
    if (s.askAt !== undefined) s.error = undefined;
    s.askAt = undefined;
    s.out = false;
    s.rank = 0;
    const mine = shown(s);
    if (mine) s.tries = 0;
    else if (mine === false) again(s, now + Math.min(SELDOM, backoff(s.tries++, soon, SELDOM)));
  } else if (!rank) {
    // In step before it was answered: it no longer stands in the way of a new reason.
    s.rank = Math.min(s.rank, 0);
  } else if (rank > s.rank && !(s.pages && s.askAt !== undefined)) {
    s.askAt = Math.min(s.askAt ?? Infinity, rank > 1 ? spread : now + soon);
  }
  if (s.askAt !== undefined && s.askAt <= now) {
    if (rank <= s.rank) {
      s.tries++;
      if (s.out) s.error = { code: "unanswered", message: "The server has not answered yet; asking goes on." };
    }
    send.push(request(s, n));
    Object.assign(s, { asked: n++, next: false, out: true, rank, askAt: now + backoff(s.tries, options.answer, SELDOM) * (1 + chance / 4), pages: undefined });
  }
  const mayUpdate = s.acked && s.present;
  if (mayUpdate && s.updateAt !== undefined && s.updateAt <= now) {
    s.updateAt = undefined;
    if (!sameJson(s.meta, s.sent)) {
      send.push({ type: "update", n, room: options.name, meta: s.meta });
      s.updated = n;
      s.sent = s.meta;
    }
  }
  return Math.min(s.askAt ?? Infinity, mayUpdate ? (s.updateAt ?? Infinity) : Infinity, isLive(s) && s.watch !== "none" ? s.heard + silence : Infinity);
}

/** `join` until it was acknowledged, then `sync`. */
function request<M>(s: Draft<M>, n: number): ClientMessage {
  const { watch = "none", present, meta, options } = s;
  const ask = watch === "users" && askOf(doubt(s.room));
  const where = ask && { ...(ask.pos && { pos: [ask.pos.epoch, ask.pos.seq, ask.pos.digest] as const }), ...(ask.full && { full: true }) };
  if (s.acked) return { type: "sync", n, room: options.name, ...where };
  s.updateAt = undefined;
  if (present) s.sent = meta;
  return { type: "join", n, room: options.name, watch, present, ...(present && meta !== undefined && { meta }), ...where };
}
