import { addTag, dropTag } from "../src/core/digest.js";
import type { Delta, Fact } from "../src/core/event.js";

type Live = { readonly conn: string; readonly user: string; readonly tag: number };
type TrafficRoom = { readonly name: string; seq: number; digest: number; readonly live: Live[] };

/** Endless traffic of rooms that keep their size, the same for the same seed. */
export class Traffic {
  readonly #random: () => number;
  readonly #rooms: { readonly name: string; seq: number; digest: number; readonly live: Live[] }[];

  constructor(rooms: number, seed: number) {
    this.#random = mulberry32(seed);
    this.#rooms = Array.from({ length: rooms }, (_, i) => ({ name: `room-${String(i)}`, seq: 0, digest: 0, live: [] }));
  }

  /** Fills each room to so many connections. */
  fill(size: number): [room: string, fact: Fact<unknown>][] {
    return fresh(this.#rooms.flatMap((room) => Array.from({ length: size }, (): [string, Fact<unknown>] => [room.name, this.#join(room)])));
  }

  /** Joins and leaves in turn, three in ten of the joins another tab of somebody present. */
  facts(count: number): [room: string, fact: Fact<unknown>][] {
    const all: [string, Fact<unknown>][] = [];
    while (all.length < count) {
      const room = this.#pick(this.#rooms);
      all.push([room.name, this.#join(room)], [room.name, this.#leave(room, room.live.length)]);
    }
    return fresh(all);
  }

  /** The same as deltas of `size` facts, half of them of those who were there. */
  deltas(count: number, size: number): [room: string, delta: Delta<unknown>][] {
    return fresh(
      Array.from({ length: count }, (): [string, Delta<unknown>] => {
        const room = this.#pick(this.#rooms);
        const from = room.seq;
        const facts: Fact<unknown>[] = [];
        let there = room.live.length;
        while (facts.length < size) facts.push(this.#leave(room, there--), this.#join(room));
        return [room.name, { type: "delta", epoch: 1, from, to: room.seq, at: 0, digest: room.digest, facts }];
      }),
    );
  }

  #join(room: TrafficRoom): Fact<unknown> {
    const conn = this.#id();
    const user = room.live.length > 0 && this.#random() < 0.3 ? this.#pick(room.live).user : this.#id();
    const tag = 1 + Math.floor(this.#random() * 2 ** 47);
    const seq = ++room.seq;
    room.live.push({ conn, user, tag });
    room.digest = addTag(room.digest, tag);
    return { type: "connect", epoch: 1, seq, at: seq, conn, user, tag, first: seq, since: seq, meta: { name: `Name ${String(seq)}`, status: "here" } };
  }

  /** One of the first `among` goes; the last one takes its place in the list. */
  #leave(room: TrafficRoom, among: number): Fact<unknown> {
    const i = Math.floor(this.#random() * among);
    const { conn, user, tag } = room.live[i]!;
    room.live[i] = room.live[among - 1]!;
    room.live[among - 1] = room.live[room.live.length - 1]!;
    room.live.pop();
    room.digest = dropTag(room.digest, tag);
    const seq = ++room.seq;
    return { type: "disconnect", epoch: 1, seq, at: seq, conn, user, reason: "leave" };
  }

  #pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.#random() * list.length)]!;
  }

  #id(): string {
    return Math.floor(this.#random() * 2 ** 50).toString(36);
  }
}

/** Strings as they come off a wire: of no known hash, and identical to none that is held. */
function fresh<T>(events: T): T {
  return JSON.parse(JSON.stringify(events)) as T;
}

function mulberry32(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
