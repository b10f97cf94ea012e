import { encodeFrame } from "../../src/protocol/frame.js";
import { createRegistry, type Link, type Registry } from "../../src/server/index.js";
import type { How } from "../../src/server/host-input.js";
import { chanceFrom } from "../../src/testing/simulation/chance.js";
import { createLine, type End, type Line } from "../../src/testing/simulation/line.js";
import { createLineWire } from "../../src/testing/simulation/line-wire.js";
import { openPage, type Page } from "../../src/testing/simulation/page.js";
import { createTime, type Machine } from "../../src/testing/simulation/time.js";
import { createDeeds, type Tab } from "./deeds.js";
import { naiveCounter } from "./naive-counter.js";
import { createWay } from "./rough-way.js";
import { DOWN, LATE, ROOM, SLEEP, TIMES } from "./script.js";
import { headcountBelief, naiveBelief, type Untimed, type World, type WorldOptions } from "./world.js";

const WALL = 1_700_000_000_000;

type Server = { readonly machine: Machine; readonly registry: Registry<unknown>; readonly take: (line: Line, user: string) => void; readonly gone: (line: Line, how: How) => void; readonly end: () => void };
type SimulatedTab = Tab<Page> & { line: Line | undefined };

/** The network of `headcount/testing`, with a second counter on its lines: virtual time, the same for the same seed. */
export function createSimulatedWorld({ hear, seed }: WorldOptions): World {
  const time = createTime(() => undefined);
  let pages = 0;
  let dials = 0;
  let lives = 0;
  let server: Server | undefined = startServer();

  const say = (happening: Untimed): void => { hear({ ...happening, at: time.now() }); };
  const later = (ms: number, run: () => void): void => { time.at(time.now() + ms, run); };

  function startServer(): Server {
    const machine = time.machine(`server ${++lives}`, WALL);
    const registry = createRegistry({ ...TIMES, clock: machine.clock, random: chanceFrom(seed, "server", lives) });
    const links = new Map<Line, Link<unknown>>();
    const sockets = new Map<Line, { readonly send: (text: string) => void; readonly on: (event: "close", run: () => void) => unknown; readonly closed: () => void }>();
    let connection: (socket: { send: (text: string) => void; on: (event: "close", run: () => void) => unknown }, request: { readonly url: string }) => void = () => undefined;
    naiveCounter({ clients: { [Symbol.iterator]: () => sockets.values() }, on: (_event, run) => { connection = run; } });

    /** Both counters hear of it in the same turn. */
    function gone(line: Line, how: How): void {
      const socket = sockets.get(line);
      sockets.delete(line);
      links.get(line)?.closed(how);
      links.delete(line);
      socket?.closed();
    }
    const wire = createLineWire(encodeFrame, {
      close(line, why) {
        line.close("server");
        machine.later(0, () => { gone(line, why); });
      },
      open: (line) => links.has(line),
      ready: (line) => { links.get(line)?.ready(); },
    });
    return {
      machine, registry, gone,
      take(line, user) {
        const closing: (() => void)[] = [];
        sockets.set(line, { send: (text) => { line.send("client", text); }, on: (_event, run) => closing.push(run), closed: () => { for (const run of closing) run(); } });
        const link = registry.open<Line>({ user, authorize: () => true, wire, peer: line });
        links.set(line, link);
        line.accept({ on: machine, heard: (text) => { link.frame(text); }, closed: () => { gone(line, "vanished"); } });
        const socket = sockets.get(line);
        if (socket) connection(socket, { url: `/?user=${user}` });
      },
      end() {
        registry.close();
        machine.kill();
        for (const line of [...links.keys()]) line.close("server");
      },
    };
  }

  function dial(tab: SimulatedTab, end: End): Line {
    const out = createWay(chanceFrom(seed, "out", ++dials));
    const back = createWay(chanceFrom(seed, "back", dials));
    const mine = (): boolean => tab.line === line;
    const raw = createLine(dials, {
      time, chance: chanceFrom(seed, "line", dials), struck: () => undefined, mayLose: () => false,
      client: {
        on: end.on,
        opened() {
          say({ type: "line", tab: tab.id, up: true });
          end.opened?.();
        },
        heard(text) {
          const belief = naiveBelief(text);
          if (belief && mine()) say({ type: "belief", tab: tab.id, counter: "naive", belief });
          end.heard(text);
        },
        closed() {
          if (mine()) say({ type: "line", tab: tab.id, up: false });
          end.closed();
        },
      },
    });
    const line: Line = {
      ...raw,
      send(to, text) {
        const wait = (to === "server" ? out : back).wait(time.now(), rough.has(tab.user));
        if (wait === 0) raw.send(to, text);
        else time.at(time.now() + wait, () => { raw.send(to, text); });
      },
      close(by) {
        if (by === "client" && mine() && !raw.over()) say({ type: "line", tab: tab.id, up: false });
        raw.close(by);
      },
    };
    tab.line = line;
    const arrives = time.now() + 50 + out.wait(time.now(), rough.has(tab.user));
    time.at(arrives, () => {
      if (raw.over()) return;
      if (server) {
        const { machine, take } = server;
        machine.arrive(time.now(), () => { if (!raw.over()) take(line, tab.user); });
      } else raw.close("server");
    });
    return line;
  }

  function load(tab: SimulatedTab): void {
    const id = ++pages;
    const machine = time.machine(`page ${id}`, WALL);
    const page = openPage({ kind: "bare", machine, chance: chanceFrom(seed, "page", id), dial: (end) => dial(tab, end) });
    tab.page = page;
    page.client.room(ROOM).subscribe((view) => { if (tab.page === page) say({ type: "belief", tab: tab.id, counter: "headcount", belief: headcountBelief(view) }); });
    const left = (sleeping.get(tab.device) ?? 0) - time.now();
    if (left > 0) machine.sleep(left);
  }

  function unload(tab: SimulatedTab): void {
    const { page } = tab;
    // What its line and its client still say is nobody's.
    tab.page = undefined;
    page?.unload();
    tab.line = undefined;
  }

  const { act, sleeping, rough } = createDeeds<SimulatedTab>({
    say, later, load, unload,
    now: time.now,
    make: (tab) => ({ ...tab, line: undefined }),
    cut({ line }) { line?.cut(); },
    halfOpen({ id, line }) {
      line?.mute();
      if (line && !line.over()) say({ type: "silent", tab: id });
    },
    late({ id, line }, refresh) {
      const of = server;
      line?.mute();
      say({ type: "late", tab: id, until: time.now() + LATE });
      refresh();
      if (line) later(LATE, () => { of?.machine.arrive(time.now(), () => { of.gone(line, "vanished"); }); });
    },
    sleep(own) {
      for (const { page } of own) page?.machine.sleep(SLEEP);
      return (awake) => { for (const { page } of awake) page?.machine.arrive(time.now(), page.wake); };
    },
    restart() {
      if (!server) return;
      server.end();
      server = undefined;
      say({ type: "server", up: false });
      later(DOWN, () => {
        server = startServer();
        say({ type: "server", up: true });
      });
    },
  });

  return { now: time.now, act, run: (ms) => time.run(time.now() + ms), stop: () => { server?.registry.close(); } };
}
