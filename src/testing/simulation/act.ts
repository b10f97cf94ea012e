import type { Deed } from "./command.js";
import { kick } from "./kick.js";
import { wants, type Hands, type Tab } from "./tab.js";
import { FORBIDDEN, type World } from "./world.js";

/** Does one deed to a world. False when it could do nothing: the tab is not there, or the server is not. */
export function act(world: World, deed: Deed): boolean {
  const { time, faults, tabs } = world;
  const hands = "tab" in deed ? tabs.get(deed.tab) : undefined;
  const during = (ms: number): void => { world.busy = Math.max(world.busy, time.now() + ms); };
  if (deed.what === "open") return open(world, deed);
  if ("tab" in deed) {
    if (!hands || hands.tab.loading) return false;
    const { tab } = hands;
    const { page } = tab;
    const line = page.line();
    if ("room" in deed && !tab.seats.has(deed.room)) {
      hands.seat(deed.room);
      world.deed({ type: "show", tab: tab.id, room: deed.room, meta: { shows: tab.shows.get(deed.room) ?? `${tab.id}` } });
    }
    switch (deed.what) {
      case "watch":
        hands.watch(deed.room, deed.watch);
        wish(world, hands, deed.room, false);
        break;
      case "unwatch":
        if (hands.seat(deed.room).watch === undefined) return false;
        hands.watch(deed.room, undefined);
        wish(world, hands, deed.room, false);
        break;
      case "enter": {
        const again = hands.seat(deed.room).room.getSnapshot().status === "ended";
        hands.enter(deed.room);
        wish(world, hands, deed.room, again);
        break;
      }
      case "leave":
        if (!wants(hands.seat(deed.room))) return false;
        hands.leave(deed.room);
        wish(world, hands, deed.room, false);
        faults.add("leave");
        break;
      case "update":
        hands.update(deed.room, deed.shows);
        world.deed({ type: "show", tab: tab.id, room: deed.room, meta: { shows: deed.shows } });
        if (wants(hands.seat(deed.room))) faults.add("update");
        break;
      case "close":
        page.unload();
        tabs.delete(tab.id);
        world.deed({ type: "close", tab: tab.id });
        faults.add("close");
        break;
      case "quit":
        quit(world, tab);
        tabs.delete(tab.id);
        world.deed({ type: "close", tab: tab.id });
        faults.add("quit");
        break;
      case "refresh":
        page.unload();
        tab.loading = true;
        during(deed.ms);
        time.at(time.now() + deed.ms, () => {
          if (tabs.get(tab.id) !== hands) return;
          hands.load();
          for (const room of tab.seats.keys()) wish(world, hands, room, true);
        });
        faults.add("refresh");
        break;
      case "login":
      case "logout": {
        const user = deed.what === "login" ? deed.user : undefined;
        if (tab.user === user) return false;
        tab.user = user;
        world.deed({ type: "login", tab: tab.id, user });
        forbid(world);
        if (line) world.server?.login(line, user, { tab: tab.id, line });
        faults.add(deed.what);
        break;
      }
      case "cut":
        if (!line || line.over()) return false;
        line.cut();
        faults.add("cut");
        break;
      case "mute":
        if (!line || line.over()) return false;
        line.mute();
        faults.add("half-open");
        break;
      case "lose-news":
        line?.lose("client", 1);
        break;
      case "lose-asks":
        line?.lose("server", 1);
        break;
      case "offline":
        line?.mute();
        tab.offline = time.now() + deed.ms;
        during(deed.ms);
        time.at(tab.offline, () => { if (tabs.get(tab.id) === hands && !tab.loading) tab.page.machine.arrive(time.now(), tab.page.wake); });
        faults.add("offline");
        break;
      case "stall":
        line?.stall(deed.ms);
        during(deed.ms);
        break;
      case "slow":
        line?.slow(deed.ms);
        during(deed.ms);
        break;
      case "sleep":
        page.machine.sleep(deed.ms);
        during(deed.ms);
        page.machine.arrive(time.now() + deed.ms, page.wake);
        faults.add("sleep");
        break;
      case "throttle":
        page.machine.throttle(deed.ms);
        during(deed.ms);
        faults.add("throttle");
        break;
      case "clock":
        page.machine.step(deed.ms);
        faults.add("client clock");
        break;
    }
    return true;
  }
  const { server } = world;
  switch (deed.what) {
    case "think":
      world.thinking = deed.ms;
      during(deed.ms);
      if (deed.ms > 0) faults.add("slow authorize");
      return true;
    case "crash":
      if (!server) return false;
      world.endServer();
      during(deed.ms);
      time.at(time.now() + deed.ms, world.startServer);
      faults.add("crash");
      return true;
    case "deploy":
      if (!server || server.registry.health().draining) return false;
      deploy(world, deed.ms);
      during(deed.ms + 2_000);
      faults.add("deploy");
      return true;
    case "pause":
      if (!server) return false;
      server.machine.sleep(deed.ms);
      during(deed.ms);
      faults.add("pause");
      return true;
    case "server-clock":
      if (!server) return false;
      server.machine.step(deed.ms);
      world.witness?.forgetBlocks();
      faults.add("server clock");
      return true;
    case "kick":
    case "block":
      if (!server || server.machine.asleep()) return false;
      putOut(world, deed);
      if (deed.what === "block") world.barred.push({ user: deed.user, room: deed.room });
      kick(world, deed.user, deed.room, deed.what === "block" ? deed.ms : undefined);
      faults.add(deed.what);
      return true;
  }
}

function open(world: World, { tab: id, user, kind, plans }: Extract<Deed, { what: "open" }>): boolean {
  if (world.tabs.has(id)) return false;
  if ([...world.tabs.values()].some(({ tab }) => tab.user === user)) world.faults.add("two tabs");
  const hands = world.open(id, kind, user);
  world.deed({ type: "open", tab: id, user });
  if (plans.length > 1) world.faults.add("rooms");
  for (const { room, watch, enter, present = false, initial = false } of plans) {
    world.deed({ type: "show", tab: id, room, meta: { shows: `${id}` } });
    hands.seat(room, { present, initial });
    if (watch !== undefined) hands.watch(room, watch);
    if (enter) hands.enter(room);
    wish(world, hands, room, true);
  }
  return true;
}

/** What a tab wants of a room now. `again`: it asks anew, and may get in where it was put out. */
function wish(world: World, { tab }: Hands, room: string, again: boolean): void {
  const seat = tab.seats.get(room);
  if (seat && wants(seat)) {
    world.deed({ type: "enter", tab: tab.id, room, again });
    if (seat.plan.present && !seat.entered) world.faults.add("present");
  } else world.deed({ type: "leave", tab: tab.id, room });
  forbid(world);
}

/** Who may not enter, or could not when they asked, learns so later, and stays out for it whatever is so by then. */
function forbid(world: World): void {
  for (const one of [FORBIDDEN, ...world.barred]) putOut(world, one);
  for (const { tab } of world.tabs.values()) {
    if (tab.seats.size > world.history.setup.maxRooms) for (const room of tab.seats.keys()) world.deed({ type: "put-out", tab: tab.id, room });
  }
}

/** All tabs of a user's, from a room. */
function putOut(world: World, { user, room }: { readonly user: string; readonly room: string }): void {
  for (const { tab } of world.tabs.values()) if (tab.user === user && tab.seats.has(room)) world.deed({ type: "put-out", tab: tab.id, room });
}

/** A clean end: nothing of the client's may be left. */
export function quit(world: World, { id, page, seats }: Pick<Tab, "id" | "page" | "seats">): void {
  page.client.close();
  const { machine } = page;
  if (machine.pending() > 0) world.complain(`tab ${id} has closed its client, and ${machine.pending()} timers are left`);
  if (page.listeners() > 0) world.complain(`tab ${id} has closed its client, and ${page.listeners()} listeners are left`);
  world.time.at(world.time.now() + 1, () => {
    for (const [room, { waiting }] of seats) if (waiting > 0) world.complain(`tab ${id} has closed its client, and still waits to enter ${room}`);
    page.unload();
  });
}

/** As it should be done: the links are sent away one by one, then the process ends and another begins. */
function deploy(world: World, ms: number): void {
  const { server } = world;
  if (!server) return;
  const { registry, machine } = server;
  void registry.drain({ reconnectWithin: ms }).then(() => {
    if (world.server !== server) return;
    registry.close();
    if (machine.pending() > 0) world.complain(`the server has closed its registry, and ${machine.pending()} timers are left`);
    world.endServer();
    world.time.at(world.time.now() + 200, world.startServer);
  });
}
