import type { Answer, Ask } from "../core/event.js";
import type { Log } from "../ports.js";
import { encodeCount, encodeDelta, encodeHeartbeat, encodeSnapshot } from "../protocol/encode.js";
import type { ServerState } from "../protocol/message.js";
import type { Audience } from "./audience.js";

/** An encoded answer (several messages are pages), or the ms after which to ask again. */
export type Answered = readonly ServerState[] | { readonly later: number };

/** What is told at one boundary, each encoded once. */
export type Memo = Map<string, Answered | Promise<Answered>>;

/** Asks the log for what a follower missed, and encodes it. `page`: bytes of a snapshot's page. */
export function answerFrom<M>(log: Log<M>, { room, head }: Pick<Audience<M>, "room" | "head">, ask: Ask, page: number): Answered | Promise<Answered> {
  const answer = log.since(room, ask);
  return answer instanceof Promise ? answer.then(encode) : encode(answer);

  function encode(state: Answer<M>): Answered | Promise<Answered> {
    switch (state.type) {
      case "later":
        return { later: state.ms };
      case "heartbeat":
        return [encodeHeartbeat(room, state.at, state)];
      case "snapshot":
        return encodeSnapshot(room, state, page);
      case "delta":
        // A whole room is smaller than a delta of more facts than it has connections.
        if (state.facts.length > head.connectionCount + 1 && !ask.full) return answerFrom(log, { room, head }, { ...ask, full: true }, page);
        return [encodeDelta(room, state)];
    }
  }
}

/** Equal for asks that get the same answer at one boundary. */
export function askKey({ pos, full }: Ask): string {
  return pos ? `${full} ${pos.epoch} ${pos.seq} ${pos.digest}` : "";
}

/** The count as it is now, or instead of a list that would be too long. */
export function countOf<M>({ room, head }: Pick<Audience<M>, "room" | "head">, limited: boolean, memo: Memo): readonly ServerState[] {
  const key = `count ${limited}`;
  const found = (memo.get(key) as readonly ServerState[] | undefined) ?? [encodeCount(room, head, head.users.size, head.connectionCount, limited)];
  memo.set(key, found);
  return found;
}

export function sameCount(a: ServerState | undefined, b: ServerState | undefined): boolean {
  return a?.type === "count" && b?.type === "count" && a.users === b.users && a.connections === b.connections && a.limited === b.limited;
}
