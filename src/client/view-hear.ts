import { peopleChanges, type Change } from "../core/change.js";
import type { Snapshot } from "../core/event.js";
import { sameJson } from "../core/json.js";
import { comparePoints } from "../core/position.js";
import { reduce } from "../core/reduce.js";
import { emptyRoom } from "../core/room.js";
import type { ServerEvent } from "../protocol/decode-server.js";
import { isNumber, isText } from "../protocol/check.js";
import type { Moment } from "./view.js";
import { distrust, forget, pass, rejoin, type Draft } from "./view-state.js";

/** What a server says of a room, or of a request. `synced` tells nothing that the state after it doesn't. */
export type Heard<M> = Exclude<ServerEvent<M>, { type: "welcome" | "pong" | "bye" }>;

/** Takes in what the server said of a room that is wished for; the changes that people would notice. */
export function hear<M>(s: Draft<M>, heard: Heard<M>, { now, chance }: Moment): readonly Change<M>[] {
  const { asked, updated, watch } = s;
  const { re } = heard as { readonly re?: number };
  // The answer to a wish that isn't one any more.
  if (re !== undefined && re !== asked && re !== updated) return [];
  if (heard.type !== "error") {
    pass(s);
    s.heard = now;
  }
  switch (heard.type) {
    case "joined": {
      const { conn, user, pos } = heard;
      if (re !== undefined) {
        if (re === updated) s.error = undefined;
        else s.acked = true;
        s.told = s.sent;
        if (watch === "none") drop(s);
      }
      if (s.self?.conn !== conn) s.self = isText(conn) && isText(user) ? { user, conn } : undefined;
      s.since = pos;
      break;
    }
    case "synced":
      break;
    case "ended": {
      const { conn, code, message, retry } = heard;
      // The end of an earlier stay comes too late to mean this one.
      if (re === undefined && conn !== undefined && conn !== s.self?.conn) break;
      forget(s, { at: isNumber(retry) ? now + retry : Infinity, up: retry === true }, { code, message });
      break;
    }
    case "error": {
      const { code, message, retryAfter } = heard;
      const at = isNumber(retryAfter) ? now + retryAfter : undefined;
      s.error = { code, message };
      s.passing = re === undefined ? (at ?? Infinity) : 0;
      if (code === "not_joined") {
        // The `ended` of it never came. Whatever is asked or told would be answered like this for ever; a join is what it lacks.
        rejoin(s, now);
        break;
      }
      if (re === updated) {
        if (at) s.updateAt = at;
        // Said again by the next join, it would cost the whole stay.
        else if (sameJson(s.meta, s.sent)) s.meta = s.told;
        s.sent = s.told;
        break;
      }
      if (code === "settling") distrust(s);
      if (at) {
        s.rank = 4;
        s.askAt = at + chance * 1_000;
      }
      break;
    }
    case "count":
      // Of another mode than is asked for: still on its way when the mode was switched.
      if (watch === "none" || (watch === "users" && !heard.limited)) break;
      if (s.answered && s.count && comparePoints(heard.position, s.count.position) < 0) break;
      drop(s);
      s.count = heard;
      s.answered ||= s.acked;
      break;
    case "state": {
      if (watch !== "users") break;
      const event = heard.page ? gather(s, heard.event as Snapshot<M>, heard.page) : heard.event;
      // More is on its way: no reason to ask again meanwhile.
      if (!event) {
        s.askAt = Math.max(s.askAt, now + s.times.answer);
        break;
      }
      if (event.type === "snapshot") s.pages = undefined;
      const before = s.room;
      s.room = reduce(before, event);
      s.count = undefined;
      return peopleChanges(before, event, s.room);
    }
  }
  return [];
}

/** Forgets who is there. */
function drop<M>(s: Draft<M>): void {
  s.room = emptyRoom();
  s.count = undefined;
}

/** The whole snapshot, once all of its pages are there. */
function gather<M>(s: Draft<M>, event: Snapshot<M>, [i, of]: readonly [number, number]): Snapshot<M> | undefined {
  const { pages } = s;
  const order = pages ? comparePoints(event, pages.snapshot) : 1;
  if (order < 0) return undefined;
  const parts = new Map(order ? [] : pages?.parts).set(i, event.connections);
  s.pages = { snapshot: event, parts };
  if (parts.size < of) return undefined;
  return { ...event, connections: [...parts.values()].flat() };
}
