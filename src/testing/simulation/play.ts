import { act, quit } from "./act.js";
import { tell, inWords, type History } from "./command.js";
import type { Fault } from "./faults.js";
import { judge } from "./judge.js";
import { settled } from "./time.js";
import { createWorld, type Complaint, type World } from "./world.js";

/** What became of a history. */
export type Outcome = {
  /** The same for the same history, to the byte. */
  readonly hash: string;
  readonly faults: ReadonlySet<Fault>;
  /** What must never be; empty when all was well. The first is the one that tells most. */
  readonly complaints: readonly Complaint[];
  /** The history in plain words. */
  readonly story: readonly string[];
  /** Which commands did nothing. */
  readonly idle: ReadonlySet<number>;
  /** Virtual ms that passed. */
  readonly took: number;
};

/** What makes somebody ask for what they missed. In a history without any of it nobody does. */
const LOUD: ReadonlySet<Fault> = new Set(["refresh", "cut", "half-open", "offline", "stall", "slow", "loss", "sleep", "throttle", "client clock", "server clock", "pause", "crash", "deploy", "slow authorize", "kick", "block", "login", "logout", "capacity", "limited"]);

/** By then the longest lease, its grace and the rarest asking are over. */
const CALM = 140_000;

/** Plays a history to its end, lets all settle, and looks whether everybody knows what is so. What is thrown on the way is a complaint; a setup that makes no sense rejects. */
export async function play(history: History): Promise<Outcome> {
  const world = createWorld(history);
  const story: string[] = [];
  const idle = new Set<number>();
  const owner = (tab: number): string => world.tabs.get(tab)?.tab.user ?? "nobody";
  try {
    for (const [i, { wait, deed }] of history.commands.entries()) {
      await world.time.run(world.time.now() + wait);
      const words = tell(deed, owner);
      if (act(world, deed)) story.push(`${inWords(world.time.now()).padStart(8)}  ${words}`);
      else idle.add(i);
      await settled();
      if (world.complaints.length > 0) break;
    }
    if (world.complaints.length === 0) await calm(world);
  } catch (error) {
    world.complain(`something is thrown: ${error instanceof Error ? String(error.stack) : String(error)}`);
  }
  for (const { at, what } of world.complaints.slice(0, 3)) story.push(`${inWords(at).padStart(8)}  WRONG: ${what}`);
  return { hash: world.trace.value(), faults: world.faults, complaints: world.complaints, story, idle, took: world.time.now() };
}

async function calm(world: World): Promise<void> {
  const { time } = world;
  world.thinking = Math.min(world.thinking, 1_000);
  await time.run(Math.max(time.now(), world.busy) + CALM);
  const { syncs } = world;
  if (syncs > 0 && ![...world.faults].some((fault) => LOUD.has(fault))) world.complain(`nothing went wrong, and ${syncs} times somebody asked for what they missed`);
  judge(world);
  await time.run(time.now() + 30_000);
  if (world.syncs > syncs) world.complain("all is calm, and somebody still asks for what they missed");
  for (const { tab } of world.tabs.values()) quit(world, tab);
  await time.run(time.now() + 2_000);
  const { server } = world;
  if (!server) return;
  server.registry.close();
  if (server.machine.pending() > 0) world.complain(`the server has closed its registry, and ${server.machine.pending()} timers are left`);
}
