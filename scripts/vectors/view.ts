import { step, type Moment, type ViewInput } from "../../src/client/view.js";
import type { View } from "../../src/client/view-show.js";
import { emptyView } from "../../src/client/view-state.js";
import type { Position, RoomEvent } from "../../src/core/event.js";
import { decodeServer } from "../../src/protocol/decode-server.js";
import { encodeCount, encodeSnapshot, toPos } from "../../src/protocol/encode.js";
import type { ServerMessage, Watch } from "../../src/protocol/message.js";
import type { Case } from "./core.js";
import { nineFacts, scripted } from "./history.js";
import { encoded } from "./protocol.js";

const ROOM = "lobby";
const TIMES = { flush: 50, answer: 5_000 };
const LINK = { lease: 75_000, every: 25_000, jitter: 1_000 };

/** A view that is told what happens. Chance is always one half. */
type Play = {
  wish(watch: Watch | undefined, present: boolean, renew?: boolean): Play;
  meta(meta: unknown): Play;
  up(): Play;
  down(): Play;
  /** So many ms pass. */
  wait(ms: number): Play;
  /** The time named by `due` has come. */
  due(): Play;
  close(): Play;
  state(event: RoomEvent<unknown>): Play;
  say(message: ServerMessage): Play;
  /** Acknowledges the latest request; present as `conn` where that is given. */
  ack(type: "joined" | "synced", conn?: string, at?: Position): Play;
  /** How many requests went out so far. */
  asked(): number;
  end(): Case;
};

function play(name: string, rules: readonly string[]): Play {
  let state = emptyView<unknown>(ROOM, TIMES);
  let now = 1_000;
  let n = 1;
  let last = 0;
  const steps: unknown[] = [];
  const put = (written: object, input: ViewInput<unknown> | undefined): Play => {
    const before = state.view;
    const moment: Moment = { now, chance: 0.5, n };
    const stepped = input && step(state, input, moment);
    state = stepped?.state ?? state;
    for (const message of stepped?.send ?? []) if ("n" in message) last = message.n;
    n += stepped?.send.length ?? 0;
    const { due, view } = state;
    steps.push({
      ...moment,
      ...written,
      ...(stepped?.send.length && { send: stepped.send }),
      ...(stepped?.changes.length && { changes: stepped.changes }),
      view: view === before ? "same" : shown(view),
      due: due === Infinity ? null : due,
    });
    return me;
  };
  const say = (message: ServerMessage): Play => put({ message }, decodeServer<unknown>(JSON.parse(JSON.stringify(message))) as ViewInput<unknown>);
  const me: Play = {
    wish: (watch, present, renew = false) => put({ wish: { watch: watch ?? null, present, renew } }, { type: "wish", watch, present, renew }),
    meta: (meta) => put({ meta }, { type: "meta", meta }),
    up: () => put({ up: LINK }, { type: "up", link: LINK }),
    down: () => put({ down: true }, { type: "down" }),
    wait(ms) {
      now += ms;
      return me;
    },
    due() {
      now = Math.max(now, state.due);
      return put({ timer: true }, { type: "timer" });
    },
    close: () => put({ close: true }, { type: "close" }),
    state: (event) => say(encoded(event)),
    say,
    ack: (type, conn, at) => say({ type, re: last, room: ROOM, ...(conn !== undefined && at && { conn, user: "ann", pos: toPos(at) }) }),
    asked: () => last,
    end: () => ({ name, rules, steps }),
  };
  return me;
}

function shown({ status, users, userCount, connectionCount, self, limited, staleSince, error }: View<unknown>): unknown {
  const people = users?.map(({ id, meta, connections }) => [id, connections.length, meta]);
  return { status, users: people ?? null, userCount: userCount ?? null, connectionCount: connectionCount ?? null, self: self ?? null, limited, staleSince: staleSince ?? null, error: error ?? null };
}

/** Watches, and is live at seq 4. */
function live(name: string, rules: readonly string[], log = nineFacts()): Play {
  return play(name, rules).wish("users", false).up().ack("joined").state(log.snapshot(4));
}

export function viewVectors(): Case[] {
  const log = nineFacts();
  const { delta, snapshot, heartbeat } = log;
  const next = nineFacts(8);
  const pages = encodeSnapshot(ROOM, snapshot(9), 150);
  const count = (seq: number, users: number, connections: number, limited = false): ServerMessage => encodeCount(ROOM, heartbeat(seq), users, connections, limited);
  const present = (name: string, rules: readonly string[]): Play => play(name, rules).meta({ s: "old tab" }).wish("users", true).up().ack("joined", "a1", heartbeat(1)).state(snapshot(4));

  const old = play("an answer to an earlier request is dropped", ["V5"]).wish("count", false).up().wish("users", false);
  const kick = (retry: boolean | number): ServerMessage => ({ type: "ended", room: ROOM, conn: "a1", reason: "kicked", code: "kicked", message: "Removed.", retry });
  const without = scripted(9);
  without.join("bob", "b1", 201);

  return [
    play("from idle over syncing to live", ["V1", "V2"]).wish("users", false).up().ack("joined").state(snapshot(4)).state(delta(4, 7)).end(),
    live("a link that is lost and comes back", ["V3", "V5"]).down().wait(60_000).up().ack("joined").state(heartbeat(4)).end(),
    live("what was missed meanwhile is learned late", ["V3", "V5"]).down().up().ack("joined").state(delta(4, 9)).end(),
    live("a gap that fills itself asks nothing", ["V6"]).state(delta(5, 6)).wait(20).state(delta(4, 5)).end(),
    live("a gap is asked about after a while", ["V6"]).state(delta(5, 6)).due().ack("synced").state(delta(4, 6)).end(),
    live("drift asks for everything", ["V6"]).state({ ...heartbeat(4), digest: 1 }).due().ack("synced").state(snapshot(6)).end(),
    live("another epoch asks for everything", ["V6"]).state(next.heartbeat(2)).due().ack("synced").state(next.snapshot(3)).end(),
    live("a request that nobody answers is repeated, ever more rarely", ["V6"]).state(heartbeat(6)).due().due().due().due().due().ack("synced").state(delta(4, 6)).end(),
    live("silence is doubted", ["V6"]).due().due().ack("synced").state(heartbeat(4)).end(),
    live("a server that has just started", ["L6", "V3"]).down().up().say({ type: "error", code: "settling", re: 2, room: ROOM, message: "Later.", retryAfter: 8_000 }).due().ack("joined").state(next.snapshot(4)).end(),
    old.say({ type: "joined", re: 1, room: ROOM }).due().ack("joined").state(snapshot(4)).end(),
    play("counting", ["V1", "P6"]).wish("count", false).up().ack("joined").say(count(4, 2, 3)).say(count(6, 2, 3)).say(count(5, 3, 3)).say(count(7, 3, 4)).end(),
    live("from the list to the count and back", ["V5", "P6"]).wish("count", false).state(delta(4, 5)).ack("joined").say(count(5, 3, 4)).wish("users", false).ack("joined").state(snapshot(5)).end(),
    live("a room that has become too large for a list", ["P6"]).say(count(5, 5_001, 5_002, true)).say(count(6, 5_000, 5_001, true)).state(snapshot(7)).end(),
    play("present, and not watching", ["V1", "V4"]).wish("none", true).up().ack("joined", "a1", heartbeat(1)).end(),
    play("a snapshot in pages", ["P7"]).wish("users", false).up().ack("joined").say(pages[0]!).state(delta(7, 9)).say(pages[1]!).say(pages[2] ?? pages[1]!).end(),
    present("present, and an update that replaces another", ["V4", "V10"]).meta({ s: "1" }).wait(20).meta({ s: "2" }).due().ack("joined", "a1", heartbeat(4)).end(),
    present("meta that is equal as JSON is no update", ["V10"]).meta({ s: "old tab" }).due().end(),
    (() => {
      const p = present("an update that is refused", ["V4"]).meta({ s: 1 }).due();
      return p.say({ type: "error", code: "bad_meta", re: p.asked(), room: ROOM, message: "No.", }).end();
    })(),
    present("kicked for good, and wished again by hand", ["V4"]).say(kick(false)).down().up().wish("users", true, true).ack("joined", "a9", heartbeat(4)).end(),
    present("ended for a while", ["V4"]).say(kick(10_000)).due().ack("joined", "a1", heartbeat(1)).state(snapshot(4)).end(),
    present("ended until the next welcome", ["V4"]).say(kick(true)).up().ack("joined", "a1", heartbeat(1)).state(snapshot(4)).end(),
    present("the end of an earlier stay is none", ["V4"]).say({ ...kick(false), conn: "a0" } as ServerMessage).end(),
    present("I am not listed: I join again", ["V4"]).due().state(without.heartbeat(1)).due().ack("synced").state(without.snapshot(1)).due().end(),
    present("leaving", ["V10"]).wish(undefined, false).state(delta(4, 5)).wish("users", false).ack("joined").state(snapshot(5)).end(),
    present("closing", ["V10"]).close().state(delta(4, 5)).end(),
  ];
}
