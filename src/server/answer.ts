import type { Answer, Ask } from "../core/event.js";
import type { Log } from "../ports.js";
import { encodeCount, encodeDelta, encodeHeartbeat, encodeSnapshot } from "../protocol/encode.js";
import type { ServerState } from "../protocol/message.js";
import type { Audience } from "./audience.js";

/** An encoded answer (several messages are pages), the ms after which to ask again, or why the log could not be reached. */
export type Answered = readonly ServerState[] | { readonly later: number } | { readonly unavailable: unknown };

/** What is told at one boundary, each encoded once. */
export type Memo = Map<string, Answered | Promise<Answered>>;

/** Asks the log for what a follower missed, and encodes it. `page`: bytes of a snapshot's page. */
export function answerFrom<M>(log: Log<M>, audience: Pick<Audience<M>, "room" | "head">, ask: Ask, memo: Memo, page: number): Answered | Promise<Answered> {
  const { room, head } = audience;
  const answer = log.since(room, ask);
  return answer instanceof Promise ? answer.then(encode, (cause: unknown) => ({ unavailable: cause })) : encode(answer);

  function encode(state: Answer<M>): Answered | Promise<Answered> {
    switch (state.type) {
      case "later":
        return { later: state.ms };
      case "heartbeat":
        return [encodeHeartbeat(room, state.at, state)];
      case "snapshot":
        // Whoever is answered with it, whatever they asked, is answered with the same one.
        return once(memo, `snapshot ${state.epoch} ${state.seq}`, () => encodeSnapshot(room, state, page));
      case "delta":
        // A whole room is smaller than a delta of more facts than it has connections.
        if (state.facts.length > head.connectionCount + 1 && !ask.full) return answerFrom(log, audience, { ...ask, full: true }, memo, page);
        return [encodeDelta(room, state)];
    }
  }
}

/** Equal for asks that get the same answer at one boundary. */
export function askKey({ pos, full }: Ask): string {
  return pos ? `${full} ${pos.epoch} ${pos.seq} ${pos.digest}` : "";
}

/**
 * Ms for which a young log's count is only that of those who were back first; undefined when it can be told.
 * A log that answers late is not waited for: its nodes don't all start at once.
 */
export function settleLeft<M>(log: Log<M>, { room, head }: Pick<Audience<M>, "room" | "head">, { pos }: Ask): number | undefined {
  if (!pos || pos.epoch === 0 || pos.epoch === head.epoch) return undefined;
  const answer = log.since(room, { pos, full: true });
  if (!(answer instanceof Promise)) return answer.type === "later" ? answer.ms : undefined;
  answer.catch(() => undefined);
  return undefined;
}

/** The count as it is now, or instead of a list that would be too long. */
export function countOf<M>({ room, head }: Pick<Audience<M>, "room" | "head">, limited: boolean, memo: Memo): readonly ServerState[] {
  return once(memo, `count ${limited}`, () => [encodeCount(room, head, head.users.size, head.connectionCount, limited)]);
}

/** What became of the room since the boundary, where that is known. */
export function deltaOf<M>({ room, boundary, head, pending, at }: Audience<M>): readonly ServerState[] | undefined {
  if (!pending?.size || boundary.epoch !== head.epoch) return undefined;
  return [encodeDelta(room, { type: "delta", epoch: head.epoch, from: boundary.seq, to: head.seq, at, digest: head.digest, facts: [...pending.values()] })];
}

/** "We stand here." */
export function heartbeatOf<M>({ room, head, at }: Pick<Audience<M>, "room" | "head" | "at">, memo: Memo): readonly ServerState[] {
  return once(memo, "heartbeat", () => [encodeHeartbeat(room, at, head)]);
}

export function sameCount(a: ServerState | undefined, b: ServerState | undefined): boolean {
  return a?.type === "count" && b?.type === "count" && a.users === b.users && a.connections === b.connections && a.limited === b.limited;
}

function once(memo: Memo, key: string, encode: () => readonly ServerState[]): readonly ServerState[] {
  const found = (memo.get(key) as readonly ServerState[] | undefined) ?? encode();
  memo.set(key, found);
  return found;
}
