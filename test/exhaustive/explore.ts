import { hashOf, keyOf } from "./key.js";
import { actionsOf, calm, check, heartbeat, STARTS, Violation, wrongAtRest, type World } from "./world.js";

export type Explored = {
  readonly start: string;
  readonly depth: number;
  readonly states: number;
  readonly edges: number;
  /** How many actions a calm run took at most. */
  readonly longest: number;
  /** The first that was found, by its story; undefined: none. */
  readonly violation: readonly string[] | undefined;
};

/** A run that is calm and does not end: more than any needs. */
const ENDLESS = 80;

/** Visits every state that is at most `depth` actions away from a start, breadth first, and lets a calm run begin at each. */
export function explore(start: string, depth: number, progress: (level: number, states: number, edges: number) => void = () => undefined): Explored {
  const root = STARTS.get(start);
  if (!root) throw new RangeError(`No start is called ${JSON.stringify(start)}: ${[...STARTS.keys()].join(", ")}.`);
  const visited = new Hashes();
  const converging = new Hashes();
  let edges = 0;
  let longest = 0;
  /** By the actions that lead there from the start, each the place among those that could happen. */
  let frontier: Uint8Array[] = [];
  const found = (path: Uint8Array, error: unknown): Explored => {
    if (!(error instanceof Violation)) throw error;
    return { start, depth, states: visited.size, edges, longest, violation: [...tell(root, path), ...error.message.split("\n")] };
  };

  const visit = (world: World, path: Uint8Array): void => {
    const hash = hashOf(keyOf(world));
    if (!visited.add(hash)) return;
    longest = Math.max(longest, settle(world, hash, converging));
    // Nobody goes on from the last ones.
    if (path.length < depth) frontier.push(path);
  };
  try {
    visit(root, new Uint8Array());
  } catch (error) {
    return found(new Uint8Array(), error);
  }
  for (let level = 1; level <= depth; level++) {
    const paths = frontier;
    frontier = [];
    for (const path of paths) {
      const world = walk(root, path);
      const actions = actionsOf(world);
      for (const [i, action] of actions.entries()) {
        const further = new Uint8Array(level);
        further.set(path);
        further[level - 1] = i;
        edges++;
        try {
          const next = action.act(world);
          check(world, next);
          visit(next, further);
        } catch (error) {
          return found(further, error);
        }
      }
    }
    progress(level, visited.size, edges);
  }
  return { start, depth, states: visited.size, edges, longest, violation: undefined };
}

/** Lets all settle; how many actions it took. Runs into what is known to settle are not run to their end again. */
function settle(from: World, hash: number, converging: Hashes): number {
  const told: string[] = [];
  const wrong = (why: string): never => {
    throw new Violation([...told.map((words) => `then, calmly: ${words}`), why].join("\n"));
  };
  let world = from;
  for (let beats = 0; ; ) {
    // Before the heartbeat what follows depends on the state alone.
    if (beats === 0 && !converging.add(told.length === 0 ? hash : hashOf(keyOf(world)))) return told.length;
    const action = calm(world) ?? (beats++ === 0 ? heartbeat : undefined);
    if (!action) break;
    told.push(action.words);
    if (told.length > ENDLESS) wrong("it never comes to rest");
    try {
      const next = action.act(world);
      check(world, next);
      world = next;
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      wrong(error.message);
    }
  }
  const why = wrongAtRest(world);
  return why === undefined ? told.length : wrong(why);
}

function walk(root: World, path: Uint8Array): World {
  let world = root;
  for (const i of path) world = actionsOf(world)[i]!.act(world);
  return world;
}

function tell(root: World, path: Uint8Array): string[] {
  const story: string[] = [];
  let world = root;
  for (const [at, i] of path.entries()) {
    const action = actionsOf(world)[i]!;
    story.push(action.words);
    if (at < path.length - 1) world = action.act(world);
  }
  return story;
}

/** A set of numbers, eight bytes each; a `Set` holds 2^24 at most. */
class Hashes {
  size = 0;
  #table = new Float64Array(1 << 16);

  /** Whether it was not there yet. */
  add(hash: number): boolean {
    if (this.size * 2 > this.#table.length) {
      const old = this.#table;
      this.#table = new Float64Array(old.length * 2);
      this.size = 0;
      for (const one of old) if (one !== 0) this.add(one - 1);
    }
    // 0 is an empty place.
    const kept = hash + 1;
    const mask = this.#table.length - 1;
    let at = (hash % 4_294_967_291) & mask;
    for (; this.#table[at] !== 0; at = (at + 1) & mask) if (this.#table[at] === kept) return false;
    this.#table[at] = kept;
    this.size++;
    return true;
  }
}
