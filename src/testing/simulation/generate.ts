import type { Random } from "../../ports.js";
import type { Watch } from "../../protocol/message.js";
import { between, chanceFrom, pick } from "./chance.js";
import type { Command, Deed, History, Plan, Setup } from "./command.js";
import { ROOMS } from "./judge.js";
import type { Kind } from "./page.js";
import { FORBIDDEN } from "./world.js";

const USERS = ["ann", "bob", "cid", FORBIDDEN.user];
const KINDS: readonly Kind[] = ["websocket", "bare", "socket.io", "socket.io"];
const MOST_TABS = 7;

/** How often a deed is done, in comparison with the others. The first group is what people do, the second what networks, machines and operators do. */
const PEOPLE: readonly (readonly [Deed["what"], number])[] = [
  ["open", 8], ["watch", 3], ["unwatch", 2], ["enter", 4], ["leave", 4], ["update", 7], ["close", 4], ["quit", 2],
];
const FAULTS: readonly (readonly [Deed["what"], number])[] = [
  ["refresh", 5], ["cut", 5], ["mute", 4], ["offline", 3], ["stall", 4], ["slow", 5], ["lose-news", 4], ["lose-asks", 2], ["sleep", 3], ["throttle", 2], ["clock", 2],
  ["server-clock", 2], ["pause", 3], ["crash", 2], ["deploy", 2], ["think", 3], ["kick", 3], ["block", 2], ["login", 3], ["logout", 2],
];

/** The history of a run: the same for the same seed and number. */
export function historyOf(seed: number, run: number): History {
  const chance = chanceFrom("history", seed, run);
  // Some are calm: what holds only then is looked at, too.
  const calm = chance() < 0.08;
  const deeds = calm ? PEOPLE : [...PEOPLE, ...FAULTS];
  const commands: Command[] = [];
  const tabs: number[] = [];
  let next = 1;
  const length = between(chance, 6, 32);
  for (let i = 0; i < length; i++) {
    // A world with one tab shows little.
    const what = next <= 3 ? "open" : weighted(chance, deeds);
    const deed = what === "open" && tabs.length >= MOST_TABS ? undefined : deedOf(chance, what, what === "open" ? next : pick(chance, tabs));
    if (!deed) continue;
    if (deed.what === "open") tabs.push(next++);
    else if (deed.what === "close" || deed.what === "quit") tabs.splice(tabs.indexOf(deed.tab), 1);
    commands.push({ wait: waitOf(chance), deed });
    if (tabs.length === 0) next = Math.max(next, 4);
  }
  return { seed: `${seed} ${run}`, setup: setupOf(chance, calm), commands };
}

function setupOf(chance: Random, calm: boolean): Setup {
  const lobby = chance() < 0.2;
  return {
    grace: pick(chance, [10_000, 10_000, 10_000, 3_000, 0]),
    flush: pick(chance, [50, 50, 50, 0, 1_000]),
    window: pick(chance, [512, 512, 3]),
    page: pick(chance, [65_536, 65_536, 150]),
    maxWatched: !calm && chance() < 0.2 ? between(chance, 0, 1) : 5_000,
    maxRooms: !calm && chance() < 0.25 ? between(chance, 1, 2) : 100,
    maxUsers: !calm && !lobby && chance() < 0.3 ? between(chance, 1, 2) : Infinity,
    lobby,
    identify: pick(chance, [0, 0, 0, 5, 700]),
  };
}

/** Often so short that things meet on their way, at times long enough for leases to run out. */
function waitOf(chance: Random): number {
  const kind = chance();
  if (kind < 0.25) return between(chance, 0, 20);
  if (kind < 0.6) return between(chance, 20, 400);
  if (kind < 0.85) return between(chance, 400, 4_000);
  return between(chance, 4_000, kind < 0.98 ? 20_000 : 100_000);
}

function weighted(chance: Random, deeds: readonly (readonly [Deed["what"], number])[]): Deed["what"] {
  let left = chance() * deeds.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [what, weight] of deeds) if ((left -= weight) < 0) return what;
  return "update";
}

function watchOf(chance: Random): Watch {
  return pick(chance, ["users", "users", "users", "count", "none"]);
}

/** Two of three tabs enter, one is in by its subscription; some only watch. */
function planOf(chance: Random, room: string): Plan {
  const how = chance();
  return { room, watch: chance() < 0.9 ? watchOf(chance) : undefined, enter: how < 0.55, present: how > 0.5 && how < 0.85, initial: chance() < 0.25 };
}

function deedOf(chance: Random, what: Deed["what"], tab: number | undefined): Deed | undefined {
  const user = pick(chance, USERS);
  const room = pick(chance, [ROOMS[0], ROOMS[0], ROOMS[0], ROOMS[1], ROOMS[2]] as string[]);
  const kind = pick(chance, KINDS);
  const long = between(chance, 1, 100);
  switch (what) {
    case "kick":
      return { what, user, room };
    case "block":
      return { what, user, room, ms: long * 500 };
    case "crash":
      return { what, ms: long * long };
    case "deploy":
      return { what, ms: long * 100 };
    case "pause":
      return { what, ms: long * 600 };
    case "server-clock":
      return { what, ms: pick(chance, [-1, 1]) * pick(chance, [500, 30_000, 3_600_000]) };
    case "think":
      return { what, ms: pick(chance, [0, 50, 700, 4_000, 15_000]) };
    default:
  }
  if (tab === undefined) return undefined;
  switch (what) {
    case "open": {
      const others = ROOMS.filter((other) => other !== room && chance() < 0.15);
      const plans = [room, ...others].map((one) => planOf(chance, one));
      return { what, tab, user, kind, plans: plans.filter((plan) => plan.enter || plan.watch !== undefined) };
    }
    case "watch":
      return { what, tab, room, watch: watchOf(chance) };
    case "unwatch":
    case "enter":
    case "leave":
      return { what, tab, room };
    case "update":
      return { what, tab, room, shows: pick(chance, ["away", "busy", "typing", "x".repeat(40), `${tab}`]) };
    case "close":
    case "quit":
    case "logout":
    case "cut":
    case "mute":
    case "lose-news":
    case "lose-asks":
      return { what, tab };
    case "refresh":
      return { what, tab, ms: long * 30 };
    case "offline":
      return { what, tab, ms: long * 300 };
    case "stall":
      return { what, tab, ms: long * 100 };
    case "slow":
      return { what, tab, ms: long * 200 };
    case "sleep":
      return { what, tab, ms: long * 1_000 };
    case "throttle":
      return { what, tab, ms: 60_000 + long * 1_000 };
    case "clock":
      return { what, tab, ms: pick(chance, [-1, 1]) * pick(chance, [2_000, 60_000, 86_400_000]) };
    case "login":
      return { what, tab, user };
  }
}
