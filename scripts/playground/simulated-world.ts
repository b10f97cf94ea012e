import { encodeFrame } from "../../src/protocol/frame.js";
import { createRegistry, type Link, type Registry } from "../../src/server/index.js";
import type { How } from "../../src/server/host-input.js";
import { chanceFrom } from "../../src/testing/simulation/chance.js";
import { createLine, type End, type Line } from "../../src/testing/simulation/line.js";
import { createLineWire } from "../../src/testing/simulation/line-wire.js";
import { openPage, type Page } from "../../src/testing/simulation/page.js";
import { createTime, type Machine } from "../../src/testing/simulation/time.js";
import { naiveCounter } from "./naive-counter.js";
import { createWay } from "./rough-way.js";
import { DEVICES, DOWN, LATE, LOAD, ROOM, SLEEP, TIMES, type Deed } from "./script.js";
import { headcountBelief, naiveBelief, nothing, type Untimed, type World, type WorldOptions } from "./world.js";

const WALL = 1_700_000_000_000;

type Server = { readonly machine: Machine; readonly registry: Registry<unknown>; readonly take: (line: Line, user: string) => void; readonly gone: (line: Line, how: How) => void; readonly end: () => void };
type Tab = { readonly id: number; readonly device: string; readonly user: string; page: Page | undefined; line: Line | undefined };

/** The network of `headcount/testing`, with a second counter on its lines: virtual time, the same for the same seed. */
export function createSimulatedWorld({ hear, seed }: WorldOptions): World {
  const time = createTime(() => undefined);
  const tabs: Tab[] = [];
  const sleeping = new Map<string, number>();
  const rough = new Set<string>();
  let pages = 0;
  let dials = 0;
  let lives = 0;
  let server: Server | undefined = startServer();

  const say = (happening: Untimed): void => { hear({ ...happening, at: time.now() }); };

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

  function dial(tab: Tab, end: End): Line {
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

  function load(tab: Tab): void {
    const id = ++pages;
    const machine = time.machine(`page ${id}`, WALL);
    for (const counter of ["naive", "headcount"] as const) say({ type: "belief", tab: tab.id, counter, belief: nothing[counter] });
    const page = openPage({ kind: "bare", machine, chance: chanceFrom(seed, "page", id), dial: (end) => dial(tab, end) });
    tab.page = page;
    page.client.room(ROOM).subscribe((view) => { if (tab.page === page) say({ type: "belief", tab: tab.id, counter: "headcount", belief: headcountBelief(view) }); });
    const left = (sleeping.get(tab.device) ?? 0) - time.now();
    if (left > 0) machine.sleep(left);
  }

  function unload(tab: Tab): void {
    const { page } = tab;
    // What its line and its client still say is nobody's.
    tab.page = undefined;
    page?.unload();
    tab.line = undefined;
  }

  function refresh(tab: Tab): void {
    unload(tab);
    say({ type: "line", tab: tab.id, up: false });
    for (const counter of ["naive", "headcount"] as const) say({ type: "belief", tab: tab.id, counter, belief: nothing[counter] });
    time.at(time.now() + LOAD, () => { if (tabs.includes(tab) && !tab.page) load(tab); });
  }

  function act(deed: Deed): void {
    // Nobody does anything on a device that sleeps.
    if ("device" in deed && sleeping.has(deed.device)) return;
    say({ type: "deed", deed });
    if (deed.do === "restart") {
      if (!server) return;
      server.end();
      server = undefined;
      say({ type: "server", up: false });
      time.at(time.now() + DOWN, () => {
        server = startServer();
        say({ type: "server", up: true });
      });
      return;
    }
    if ("user" in deed) {
      if (deed.do === "rough") rough.add(deed.user);
      else rough.delete(deed.user);
      say({ type: "rough", user: deed.user, rough: deed.do === "rough" });
      return;
    }
    const { device } = deed;
    const user = DEVICES.find(({ id }) => id === device)?.user ?? "";
    const own = tabs.filter((tab) => tab.device === device);
    if (deed.do === "open") {
      const tab: Tab = { id: ++opened, device, user, page: undefined, line: undefined };
      tabs.push(tab);
      say({ type: "opened", tab: tab.id, device });
      load(tab);
      return;
    }
    const tab = deed.do === "close" ? own.at(-1) : own[0];
    if (!tab) return;
    const { line } = tab;
    switch (deed.do) {
      case "close":
        unload(tab);
        tabs.splice(tabs.indexOf(tab), 1);
        say({ type: "closed", tab: tab.id });
        break;
      case "refresh":
        refresh(tab);
        break;
      case "cut":
        line?.cut();
        break;
      case "half-open":
        line?.mute();
        if (line && !line.over()) say({ type: "silent", tab: tab.id });
        break;
      case "late": {
        const of = server;
        line?.mute();
        say({ type: "late", tab: tab.id, until: time.now() + LATE });
        refresh(tab);
        if (line) time.at(time.now() + LATE, () => { of?.machine.arrive(time.now(), () => { of.gone(line, "vanished"); }); });
        break;
      }
      case "sleep": {
        const wakes = time.now() + SLEEP;
        sleeping.set(device, wakes);
        say({ type: "sleep", device, asleep: true });
        for (const one of own) one.page?.machine.sleep(SLEEP);
        time.at(wakes, () => {
          sleeping.delete(device);
          say({ type: "sleep", device, asleep: false });
          for (const one of tabs) if (one.device === device) one.page?.machine.arrive(time.now(), one.page.wake);
        });
        break;
      }
    }
  }
  let opened = 0;

  return { now: time.now, act, run: (ms) => time.run(time.now() + ms), stop: () => { server?.registry.close(); } };
}
