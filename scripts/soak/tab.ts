import { connect, type Socket } from "node:net";
import { WebSocket } from "ws";
import type { ServerMessage } from "../../src/protocol/message.js";
import { createCopy } from "./copy.js";
import { countsText, roomText, type Shown } from "./lists.js";
import { complain, type Tally } from "./tally.js";

export type TabOptions = {
  readonly port: number;
  /** The loopback address that it calls from: one alone has not enough ports. */
  readonly address: string | undefined;
  readonly user: string;
  readonly room: string;
  /** Its number in its room. */
  readonly tab: number;
  readonly mode: "users" | "count";
  readonly tally: Tally;
  /** From 0 to below 1. */
  readonly random: () => number;
  /** Something happened here: others may be told a little later. */
  readonly onChange: () => void;
  /** The socket is gone, and it was none of its doing. */
  readonly onLost: () => void;
};

/** A page with a socket of its own that speaks the protocol by itself, in one room. */
export type Tab = {
  readonly who: string;
  readonly open: () => void;
  /** Ends the socket: as a page that goes, as a line that is cut (once with a reset, once without), or by reading nothing any more, for so many ms. */
  readonly end: (how: "page" | "line" | { readonly silent: number }) => void;
  readonly leave: () => void;
  readonly join: () => void;
  readonly update: () => void;
  /** Whether it is in the room, as far as it knows. */
  readonly isIn: () => boolean;
  /** Whether it wants to be. */
  readonly wishes: () => boolean;
  /** What it shows, for the list of those who are there. */
  readonly self: () => Shown;
  /** The room as it shows it; why it can't, if it can't. */
  readonly shows: () => string;
};

/** Ms after which a request counts as unanswered. */
const ANSWER = 5_000;

export function createTab({ port, address, user, room, tab, mode, tally, random, onChange, onLost }: TabOptions): Tab {
  const who = `${user}, tab ${tab} (${mode})`;
  const copy = createCopy();
  let socket: WebSocket | undefined;
  let line: Socket | undefined;
  let n = 0;
  /** The latest `join` or `sync`, and the latest `update` as long as nothing answered it. */
  let asked = 0;
  let updating = 0;
  let version = 0;
  let wish = false;
  let acked = false;
  let counted: Extract<ServerMessage, { type: "count" }> | undefined;
  let alarm: NodeJS.Timeout | undefined;

  function say(message: object): void {
    if (socket?.readyState !== WebSocket.OPEN) return;
    tally.said++;
    socket.send(JSON.stringify(["hc", message]));
  }

  function open(): void {
    wish = true;
    const own = new WebSocket(`ws://127.0.0.1:${port}/?user=${user}`, {
      perMessageDeflate: false,
      createConnection: () => (line = connect({ host: "127.0.0.1", port, ...(address === undefined ? {} : { localAddress: address }) })),
    });
    let opened = false;
    socket = own;
    tally.opening++;
    own.on("open", () => {
      opened = true;
      tally.opening--;
      tally.opened++;
      if (own === socket) say({ type: "hello", v: [1], features: [] });
    });
    own.on("message", (data: Buffer) => {
      tally.heard++;
      if (own === socket) for (const message of (JSON.parse(data.toString()) as [string, ...ServerMessage[]]).slice(1)) hear(message as ServerMessage);
    });
    own.on("error", () => undefined);
    own.on("close", (code) => {
      if (!opened) tally.opening--;
      if (own !== socket) return;
      if (opened) complain(tally, `${room}: the socket of ${who} was closed (${code}), and nobody here did it`);
      else tally.failed++;
      reset();
      onLost();
    });
  }

  function reset(): void {
    socket = undefined;
    acked = false;
    updating = 0;
    settle();
  }

  function hear(message: ServerMessage): void {
    switch (message.type) {
      case "welcome":
        if (wish) join();
        return;
      case "joined":
        if (message.re === asked) {
          acked = true;
          counted = undefined;
          onChange();
        } else if (message.re === updating && updating > 0) {
          updating = 0;
          onChange();
        } else if (message.re === undefined) complain(tally, `${room}: ${who} was announced again as ${String(message.conn)}, unasked`);
        return;
      case "snapshot": case "delta": case "heartbeat":
        if (!acked) return;
        copy.take(message);
        doubtful();
        return;
      case "count":
        if (!acked) return;
        if (mode === "users") complain(tally, `${room}: ${who} is sent counts`);
        if (!counted || message.pos[0] > counted.pos[0] || (message.pos[0] === counted.pos[0] && message.pos[1] >= counted.pos[1])) counted = message;
        return;
      case "error": case "ended":
        complain(tally, `${room}: ${who} is told ${message.type} ${message.code}: ${message.message}`);
        return;
      case "synced": case "pong": case "bye":
    }
  }

  function join(): void {
    wish = true;
    acked = false;
    asked = ++n;
    copy.doubt();
    say({ type: "join", n, room, watch: mode, present: true, meta: self().meta, ...(mode === "users" ? copy.ask() : {}) });
    settle();
    doubtful(ANSWER);
  }

  /** Asks for what is missing, a little later: it may be on its way. */
  function doubtful(wait = 100 + 400 * random()): void {
    if (mode === "count" || !copy.behind()) settle();
    else alarm ??= setTimeout(() => {
      alarm = undefined;
      if (!acked) return;
      tally.asked++;
      asked = ++n;
      say({ type: "sync", n, room, ...copy.ask() });
      doubtful(ANSWER);
    }, wait);
  }

  function settle(): void {
    clearTimeout(alarm);
    alarm = undefined;
  }

  function self(): Shown {
    return { user, meta: { tab, version } };
  }

  return {
    who, open, join, self,
    end(how) {
      const own = socket;
      wish = false;
      reset();
      if (!own) return;
      if (how === "page") {
        // The page that comes next knows nothing.
        copy.forget();
        own.close(1001);
      } else if (how === "line") {
        if (random() < 0.5) line?.resetAndDestroy();
        else line?.destroy();
      } else {
        own.pause();
        setTimeout(() => { own.terminate(); }, how.silent);
      }
    },
    leave() {
      say({ type: "leave", n: ++n, room });
      wish = acked = false;
      asked = n;
      updating = 0;
      copy.forget();
      settle();
    },
    update() {
      version++;
      updating = ++n;
      say({ type: "update", n, room, meta: self().meta });
    },
    isIn: () => acked && updating === 0,
    wishes: () => wish,
    shows() {
      if (!acked) return "not in, or not answered yet";
      if (updating > 0) return "its update is not answered yet";
      if (mode === "count") return counted ? countsText(counted.users, counted.connections) : "no count yet";
      if (copy.behind()) return "knows that it is missing something";
      const connections = [...copy.connections()];
      return roomText(new Set(connections.map((one) => one.user)).size, connections.length, connections);
    },
  };
}
