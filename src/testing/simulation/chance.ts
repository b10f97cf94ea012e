import type { Random } from "../../ports.js";

/** Numbers in [0, 1) that are the same for the same seeds: one stream for each part of a world, so that a part less changes nothing for the others. */
export function chanceFrom(...seeds: readonly (string | number)[]): Random {
  let state = hash(seeds.join(" "));
  // mulberry32
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** 32 bits of a text (FNV-1a). */
export function hash(text: string, from = 0x811c9dc5): number {
  let h = from;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

/** A whole number from `least` to `most`. */
export function between(chance: Random, least: number, most: number): number {
  return least + Math.floor(chance() * (most - least + 1));
}

/** One of them. */
export function pick<T>(chance: Random, from: readonly T[]): T {
  return from[Math.floor(chance() * from.length)] as T;
}
