import type { Pos, ServerState, WireConnection } from "../../src/protocol/message.js";
import type { Shown } from "./lists.js";

/** A room as a tab follows it that was written from docs/PROTOCOL.md alone: it shares no code with the library, keeps no early deltas and takes no pages. */
export type Copy = {
  readonly take: (state: Exclude<ServerState, { type: "count" }>) => void;
  /** A link came up. */
  readonly doubt: () => void;
  readonly forget: () => void;
  readonly behind: () => boolean;
  /** What to say in a `join` or `sync`. */
  readonly ask: () => { readonly pos?: Pos; readonly full?: boolean };
  readonly connections: () => Iterable<Shown>;
};

type Held = Shown & { readonly tag: number };
type Fact = { readonly seq: number; readonly conn: string; readonly held: Held | undefined };

const STEP = ["step", "gap", "link", "epoch", "drift"] as const;
type Behind = (typeof STEP)[number];
const SUM = 2 ** 48;

export function createCopy(): Copy {
  let epoch = 0;
  let seq = 0;
  let digest = 0;
  let behind: Behind = "link";
  /** The highest seq of this epoch that was heard of. */
  let to = 0;
  let held = new Map<string, Held>();

  const worse = (reason: Behind): void => {
    if (STEP.indexOf(reason) > STEP.indexOf(behind)) behind = reason;
  };
  const compare = (named: number): void => {
    if (named !== digest) worse("drift");
    else if (seq >= to && (behind === "gap" || behind === "link")) behind = "step";
  };
  const put = (conn: string, next: Held | undefined): void => {
    const former = held.get(conn);
    digest = (digest - (former?.tag ?? 0) + (next?.tag ?? 0) + SUM) % SUM;
    if (!next) held.delete(conn);
    else held.set(conn, former ? { ...former, tag: next.tag, meta: next.meta } : next);
  };

  return {
    take(state) {
      const [ofEpoch, at, named] = state.pos;
      if (state.type === "snapshot") {
        const later = ofEpoch > epoch || (ofEpoch === epoch && at > seq);
        const same = ofEpoch === epoch && at === seq;
        const taken = epoch === 0 || later || (behind === "gap" && same) || (STEP.indexOf(behind) > 1 && (same || ofEpoch !== epoch || to < seq));
        if (!taken || state.page) return;
        const heard = ofEpoch === epoch ? to : 0;
        epoch = ofEpoch;
        seq = at;
        digest = 0;
        held = new Map();
        for (const one of state.connections) put(one[0], heldOf(one));
        behind = named !== digest ? "drift" : seq < heard ? "gap" : "step";
        to = Math.max(heard, seq);
        return;
      }
      if (ofEpoch !== epoch) {
        if (state.type === "heartbeat" || ofEpoch > epoch) worse("epoch");
        return;
      }
      if (at < seq) return;
      to = Math.max(to, at);
      if (state.type === "delta" && state.from <= seq && at > seq) {
        const facts: Fact[] = [
          ...state.on.map(([offset, ...one]) => ({ seq: state.from + offset, conn: one[0], held: heldOf(one) })),
          ...state.off.map(([offset, conn]) => ({ seq: state.from + offset, conn, held: undefined })),
        ];
        for (const fact of facts.sort((a, b) => a.seq - b.seq)) if (fact.seq > seq) put(fact.conn, fact.held);
        seq = at;
      }
      if (at > seq) worse("gap");
      else compare(named);
    },
    doubt() {
      worse("link");
      to = 0;
    },
    forget() {
      epoch = seq = digest = to = 0;
      behind = "link";
      held = new Map();
    },
    behind: () => behind !== "step",
    ask: () => (epoch === 0 ? {} : { pos: [epoch, seq, digest], ...(behind === "epoch" || behind === "drift" ? { full: true } : {}) }),
    connections: () => held.values(),
  };
}

function heldOf([, user, tag, meta]: WireConnection): Held {
  return { user, tag, meta };
}
