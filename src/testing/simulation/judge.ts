import { toSnapshot } from "../../core/snapshot.js";
import type { View } from "../../client/view-show.js";
import { peopleIn } from "../model.js";
import type { Meta } from "./server.js";
import { wants, type Seat } from "./tab.js";
import { FORBIDDEN, LOBBY, type World } from "./world.js";

export const ROOMS: readonly string[] = ["hall", FORBIDDEN.room, "attic"];

/** Once all is calm: compares the server, its events and every view with the model, and complains of what differs. */
export function judge(world: World): void {
  const { server, witness, history: { setup } } = world;
  if (!server || !witness) { world.complain("the server is not there"); return; }
  for (const room of setup.lobby ? [...ROOMS, LOBBY] : ROOMS) {
    const { registry } = server;
    const here = registry.users(room);
    const real = here.map(({ id, connections }) => line(id, connections.map(({ meta }) => meta))).sort();
    const wanted = expected(world, room);
    const full = wanted.length > setup.maxUsers;
    if (full) {
      if (here.length !== setup.maxUsers || real.some((one) => !wanted.includes(one))) world.complain(`${room} holds ${setup.maxUsers} people, and should have some of ${list(wanted)}; the server has ${list(real)}`);
    } else if (list(real) !== list(wanted)) world.complain(`${room} should have ${list(wanted)}; the server has ${list(real)}`);
    const ids = here.map(({ id }) => id).sort();
    if (list(witness.people(room)) !== list(ids)) world.complain(`by its events ${room} has ${list(witness.people(room))}; the server has ${list(ids)}`);
    for (const { id, meta, connections } of here) if (connections[connections.length - 1]?.meta !== meta) world.complain(`${id} shows in ${room} what is not their youngest connection's`);
    for (const { tab } of world.tabs.values()) {
      const seat = tab.seats.get(room);
      if (seat) judgeSeat(world, tab.id, tab.user, room, seat, full);
    }
  }
  const repairs = server.registry.audit();
  if (repairs > 0) world.complain(`an audit mends ${repairs} things`);
}

/** A person as one line: who, and what each of their tabs shows. */
function line(user: string, metas: readonly Meta[]): string {
  return `${user} (${metas.map(({ name, shows }) => `${String(name)} ${String(shows)}`).sort().join(", ")})`;
}

function expected(world: World, room: string): string[] {
  const isOut = (tab: number): boolean => world.tabs.get(tab)?.tab.seats.get(room)?.room.getSnapshot().status === "ended";
  if (room !== LOBBY) {
    const people = peopleIn(world.model, room, isOut);
    if (room === FORBIDDEN.room) (people as Map<string, unknown>).delete(FORBIDDEN.user);
    return [...people].map(([user, tabs]) => line(user, tabs.map(({ meta }) => ({ name: user, ...(meta as Meta) })))).sort();
  }
  const users = new Map<string, Meta[]>();
  // A client that wants nothing has no link, unless it shares the app's.
  for (const { tab, user } of world.model) if (user !== undefined && world.lineOf(tab)) users.set(user, [...(users.get(user) ?? []), { name: user }]);
  return [...users].map(([user, metas]) => line(user, metas)).sort();
}

function judgeSeat(world: World, id: number, user: string | undefined, name: string, seat: Seat, full: boolean): void {
  const { room, watch, watcher, waiting } = seat;
  const wanted = wants(seat);
  const view = room.getSnapshot();
  const complain = (what: string): void => { world.complain(`tab ${id} in ${name}: ${what}`); };
  const { registry } = world.server as NonNullable<World["server"]>;
  if (user === undefined) return;
  if (view.status === "ended") {
    const stay = world.model.find(({ tab }) => tab === id)?.stays.find((one) => one.room === name);
    const mayBe = stay?.putOut === true || (full && view.error.code === "room_full") || (user === FORBIDDEN.user && name === FORBIDDEN.room);
    if (!mayBe) complain(`shows "ended" (${view.error.code}), and nobody has put it out`);
    return;
  }
  if (seat.putOut) complain(`shows "${view.status}", was told that it is out, and has not asked again`);
  if (!wanted && (watch ?? "none") === "none") return;
  // It asks again, and again in vain.
  if (full && view.status === "syncing" && !view.self) return;
  if (view.status !== "live") { complain(`shows "${view.status}" ${view.error ? `(${view.error.code}) ` : ""}although all is calm`); return; }
  if (waiting > 0) complain("is live, and enter() is still waited for");
  if (view.error) complain(`is live, and shows the error ${view.error.code}`);
  const self = wanted ? registry.users(name).find((one) => one.id === user)?.connections.find(({ conn }) => conn === view.self?.conn) : undefined;
  if (wanted && (view.self?.user !== user || !self)) complain(`is ${user}'s, and takes itself for ${view.self ? view.self.user : "nobody"}`);
  if (watch === undefined || watch === "none") return;
  if (view.userCount !== registry.userCount(name) || view.connectionCount !== registry.connectionCount(name)) {
    complain(`counts ${String(view.userCount)} people with ${String(view.connectionCount)} connections; there are ${registry.userCount(name)} with ${registry.connectionCount(name)}`);
  }
  if (watch !== "users" || view.limited) return;
  judgeList(view, registry.snapshot(name), watcher.told(), complain);
}

function judgeList(view: View<Meta>, truth: ReturnType<typeof toSnapshot<Meta>>, told: ReadonlySet<string> | undefined, complain: (what: string) => void): void {
  const shown = (view.users ?? []).map(({ id }) => id);
  // Not by position: that of a view lags where nothing visible has changed.
  if (!view.room || JSON.stringify(toSnapshot(view.room, 0).connections) !== JSON.stringify(truth.connections)) {
    const real = [...new Set(truth.connections.map(({ user }) => user))];
    complain(list(shown) === list(real) ? `lists ${list(shown)} with other connections or metas than the server` : `still lists ${list(shown)}; there are ${list(real)}`);
  }
  if (list([...(told ?? [])].sort()) !== list([...shown].sort())) complain(`lists ${list(shown)}, but was told of ${list([...(told ?? [])])}`);
}

function list(items: readonly string[]): string {
  return items.length === 0 ? "nobody" : items.join("; ");
}
