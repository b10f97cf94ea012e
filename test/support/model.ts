import type { Delta, RoomEvent } from "../../src/core/event.js";
import type { BehindReason, Room } from "../../src/core/room.js";

/** Where a room stands and what it is behind by, without its content: R3, R5, R6 and R7 word by word. */
export type Standing = {
  readonly epoch: number;
  readonly seq: number;
  readonly why: BehindReason | undefined;
  readonly heard: { readonly epoch: number; readonly seq: number };
  readonly held: readonly Delta<unknown>[];
};

export const nowhere: Standing = { epoch: 0, seq: 0, why: undefined, heard: { epoch: 0, seq: 0 }, held: [] };

export function standingOf({ epoch, seq, behind }: Room<unknown>): Standing {
  return { epoch, seq, why: behind?.reason, heard: behind?.to ?? { epoch, seq }, held: behind?.held ?? [] };
}

const strength = [undefined, "gap", "link", "epoch", "drift"] as const;
const strongest = (...whys: Standing["why"][]): Standing["why"] => strength[Math.max(...whys.map((why) => strength.indexOf(why)))];
type Point = { readonly epoch: number; readonly seq: number };
const highest = (...points: Point[]): Point => {
  const [{ epoch, seq }] = points.sort((a, b) => b.epoch - a.epoch || b.seq - a.seq) as [Point];
  return { epoch, seq };
};
const isAt = (a: Point, b: Point): boolean => a.epoch === b.epoch && a.seq === b.seq;

export function standingAfterDoubt(s: Standing): Standing {
  return { ...s, why: strongest(s.why, "link"), heard: { epoch: 0, seq: 0 }, held: [] };
}

/** `truth`: what the content at a position really sums to. Nobody holds more than it may here. */
export function standingAfter(s: Standing, event: RoomEvent<unknown>, truth: (epoch: number, seq: number) => number): Standing {
  const { epoch } = event;
  switch (event.type) {
    case "connect":
    case "disconnect":
      return standingAfter(s, { type: "delta", epoch, from: event.seq - 1, to: event.seq, at: event.at, digest: undefined, facts: [event] }, truth);
    case "heartbeat": {
      const isLie = event.digest !== truth(epoch, event.seq);
      if (epoch !== s.epoch) return { ...s, why: strongest(s.why, "epoch"), heard: highest(s.heard, event) };
      if (event.seq > s.seq) return { ...s, why: strongest(s.why, "gap"), heard: highest(s.heard, event) };
      return event.seq === s.seq ? settled({ ...s, why: isLie ? "drift" : s.why, heard: highest(s.heard, event) }) : s;
    }
    case "delta": {
      if (epoch < s.epoch || (epoch === s.epoch && event.to < s.seq)) return s;
      if (epoch > s.epoch || event.from > s.seq) {
        const held = s.held.some((d) => isAt({ epoch, seq: event.from }, { epoch: d.epoch, seq: d.from }) && d.to === event.to) ? s.held : [...s.held, event];
        return { ...s, why: strongest(s.why, epoch > s.epoch ? "epoch" : "gap"), heard: highest(s.heard, { epoch, seq: event.to }), held };
      }
      return settled(applied(s, event, truth));
    }
    case "snapshot": {
      const own = epoch === s.epoch;
      const earlier = own && event.seq < s.seq;
      const later = epoch > s.epoch || (own && event.seq > s.seq);
      const hasHeardLess = isAt(highest(s, s.heard), s) && !isAt(s, s.heard);
      const adopts =
        s.epoch === 0 ||
        (s.why === undefined ? later : s.why === "gap" ? later || (own && !earlier) : earlier ? hasHeardLess : true);
      if (!adopts) return s;
      const held = s.held.filter((d) => d.epoch === epoch);
      const heard = highest(event, s.heard.epoch === epoch ? s.heard : event, ...held.map((d) => ({ epoch, seq: d.to })));
      const why = event.digest === truth(epoch, event.seq) ? "gap" : "drift";
      return settled(released({ epoch, seq: event.seq, why, heard, held }, truth));
    }
  }
}

function applied(s: Standing, delta: Delta<unknown>, truth: (epoch: number, seq: number) => number): Standing {
  const isLie = delta.digest !== undefined && delta.digest !== truth(s.epoch, delta.to);
  return released({ ...s, seq: delta.to, why: isLie ? "drift" : s.why, heard: highest(s.heard, { epoch: s.epoch, seq: delta.to }) }, truth);
}

/** What was held for this place follows. */
function released(s: Standing, truth: (epoch: number, seq: number) => number): Standing {
  const [next] = s.held.filter((d) => d.epoch === s.epoch && d.from <= s.seq).sort((a, b) => a.from - b.from);
  if (!next) return s;
  const rest = { ...s, held: s.held.filter((d) => d !== next) };
  return next.to > s.seq ? applied(rest, next, truth) : released(rest, truth);
}

function settled(s: Standing): Standing {
  const isThere = isAt(highest(s, s.heard), s);
  if ((s.why === "gap" || s.why === "link") && isThere) return { ...s, why: undefined, heard: { epoch: s.epoch, seq: s.seq }, held: [] };
  return s.why === undefined ? { ...s, heard: { epoch: s.epoch, seq: s.seq } } : s;
}
