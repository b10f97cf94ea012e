import type { Snapshot } from "../../core/event.js";
import type { Watch } from "../../protocol/message.js";
import type { How } from "../../server/host-input.js";
import { after, nobody, type Deed as ModelDeed, type Model } from "../model.js";
import { createAbsences } from "./absences.js";
import { chanceFrom } from "./chance.js";
import type { History } from "./command.js";
import type { Fault } from "./faults.js";
import { hearing } from "./kick.js";
import { createLine, type End, type Line } from "./line.js";
import { isAskedAgain, isMissed, startServer, type Meta, type Server } from "./server.js";
import { createStanding } from "./standing.js";
import { createTab, type Hands } from "./tab.js";
import { createTime, type Time } from "./time.js";
import { createTrace, type Trace } from "./trace.js";
import { createWitness, type Context, type Witness } from "./witness.js";

/** Where everybody's clocks stand when a world begins. */
const WALL = 1_700_000_000_000;

/** Something that must never be, and when it was seen. */
export type Complaint = { readonly at: number; readonly what: string };

/** Server, network and people of one history. */
export type World = {
  readonly history: History;
  readonly time: Time;
  readonly trace: Trace;
  readonly tabs: Map<number, Hands>;
  model: Model;
  /** The server's life that is running; undefined between two. */
  server: Server | undefined;
  witness: Witness | undefined;
  /** Ms for which the app thinks about `authorize`. */
  thinking: number;
  /** Who was ever blocked, and from where. */
  readonly barred: { readonly user: string; readonly room: string }[];
  /** Lines to which it was said that a stay has ended. */
  readonly toldOut: Set<Line>;
  /** By when all that was set going is over. */
  busy: number;
  readonly complaints: Complaint[];
  readonly faults: Set<Fault>;
  /** Requests for what was missed so far. */
  syncs: number;
  readonly complain: (what: string) => void;
  readonly deed: (deed: ModelDeed) => void;
  readonly open: (tab: number, kind: Hands["tab"]["kind"], user: string) => Hands;
  readonly startServer: () => void;
  /** All lines break, as the process ends. */
  readonly endServer: () => void;
  readonly lineOf: (tab: number) => Line | undefined;
};

/** By what a text to a client shows that something struck. */
const SIGNS: readonly (readonly [string, Fault])[] = [['"page":', "pages"], ['"limited":true', "limited"], ['"code":"room_full"', "capacity"], ['"code":"too_many_rooms"', "too many rooms"], ['"code":"refused"', "refused"]];

/** Nobody but this one user is kept out of this one room. */
export const FORBIDDEN = { user: "dan", room: "vault" };
export const LOBBY = "lobby";

export function createWorld(history: History): World {
  const { seed, setup } = history;
  const trace = createTrace();
  const time = createTime((at, machine) => { trace.add(`${at} ${machine}`); });
  const lines = new Set<Line>();
  const absences = createAbsences(time.now, setup.grace + 2_000);
  let lives = 0;
  let dials = 0;

  const world: World = {
    history, time, trace,
    tabs: new Map(),
    model: nobody,
    server: undefined,
    witness: undefined,
    thinking: 0,
    barred: [],
    toldOut: new Set(),
    busy: 0,
    complaints: [],
    faults: new Set(),
    syncs: 0,
    complain(what) { world.complaints.push({ at: time.now(), what }); },
    deed(deed) { world.model = after(world.model, deed); },
    open(tab, kind, user) {
      const hands = createTab(tab, kind, user, {
        machine: (page) => time.machine(`tab ${tab}.${page}`, WALL + (chanceFrom(seed, "wall", tab)() - 0.5) * 1e9),
        chance: (page) => chanceFrom(seed, "page", tab, page),
        dial: (end) => dial(tab, end),
        complain: world.complain,
        render(room) {
          if (!world.server || world.server.machine.asleep()) return undefined;
          world.faults.add("initial");
          return JSON.parse(JSON.stringify(world.server.registry.snapshot(room))) as Snapshot<Meta>;
        },
        // A server whose clock is put forward waits for nobody.
        wasAway: (room, user) => world.faults.has("server clock") || absences.ever(room, user),
      });
      world.tabs.set(tab, hands);
      return hands;
    },
    startServer() {
      lives++;
      const machine = time.machine(`server ${lives}`, WALL);
      const chance = chanceFrom(seed, "server", lives);
      const { lobby, identify, ...options } = setup;
      const server = startServer({
        machine, chance, options,
        thinks: (about) => (about === "identify" ? identify : world.thinking),
        mayEnter: (user, room) => !(user === FORBIDDEN.user && room === FORBIDDEN.room),
        autoJoin: lobby ? [LOBBY] : [],
        onGone(line: Line, how: How) { if (how !== "timeout") witness.vanished(line); },
      });
      const witness = createWitness({
        registry: server.registry, now: time.now, grace: setup.grace, maxRooms: setup.maxRooms, mayLimit: (room) => room !== LOBBY, complain: world.complain, absences,
        expects: (code) => code === "authorize_timeout" || code === "identify_timeout",
      });
      world.server = server;
      world.witness = witness;
    },
    endServer() {
      absences.ended();
      world.server?.end();
      world.server = undefined;
      // Those that were about to be taken in.
      for (const line of lines) line.close("server");
    },
    lineOf: (tab) => world.tabs.get(tab)?.tab.page.line(),
  };

  function dial(id: number, end: End): Line {
    const chance = chanceFrom(seed, "line", id, ++dials);
    const line = createLine(dials, {
      time, chance,
      mayLose: (to, text) => (to === "server" ? isAskedAgain(text) : isMissed(text, (room) => shownTo(id, room), world.faults.has("logout"))),
      struck: (fault) => { world.faults.add(fault); },
      client: {
        on: end.on,
        opened: () => { end.opened?.(); },
        heard(text) {
          trace.add(text);
          for (const [sign, fault] of SIGNS) if (text.includes(sign)) world.faults.add(fault);
          hearing(world, id, line.over() ? "" : text, () => { end.heard(text); });
        },
        closed() {
          lines.delete(line);
          end.closed();
        },
      },
    });
    const told = createStanding(world.complain);
    const watched: Line = {
      ...line,
      send(to, text) {
        // Who is logged out and does not know it is not answered.
        if (to === "server" && world.tabs.get(id)?.tab.user !== undefined && text.includes('"type":"sync"')) world.syncs++;
        if (to === "client" && text.includes('"type":"ended"')) world.toldOut.add(watched);
        if (to === "client") told(text);
        line.send(to, text);
      },
    };
    lines.add(line);
    const trip = 10 + Math.floor(chance() * 100);
    time.at(time.now() + trip, () => {
      const hands = world.tabs.get(id);
      // Its packets go nowhere, and nobody says so.
      if (line.over() || !hands || time.now() < hands.tab.offline) return;
      const { server } = world;
      if (!server) {
        end.on.arrive(time.now() + trip, () => { line.close("server"); });
        return;
      }
      server.machine.arrive(time.now(), () => {
        if (line.over()) return;
        const context: Context = { tab: id, line: watched };
        absences.began();
        server.take(watched, hands.tab.kind, hands.tab.user, context);
      });
    });
    return watched;
  }

  /** What a tab is told of a room: where a room may be too large to be listed, no more than counts are certain. */
  function shownTo(tab: number, room: string): Watch | undefined {
    const watch = world.tabs.get(tab)?.tab.seats.get(room)?.watch;
    return watch === "users" && setup.maxWatched < 5_000 ? "count" : watch;
  }

  world.startServer();
  return world;
}
