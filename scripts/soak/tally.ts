/** What the tabs of a process did and met, counted up from the start. */
export type Tally = {
  /** Frames heard, and said. */
  heard: number;
  said: number;
  /** Sockets that opened, and attempts that came to nothing. */
  opened: number;
  failed: number;
  /** Sockets that are on their way to be open now. */
  opening: number;
  /** How often a tab asked for what it missed. */
  asked: number;
  readonly acts: Record<Act, number>;
  /** What no tab should meet: refusals, errors, sockets that the server closed. */
  complaints: number;
  /** The first of them, in words. */
  readonly words: string[];
};

export const ACTS = ["refresh", "cut", "away", "silent", "update", "leave"] as const;
export type Act = (typeof ACTS)[number];

export function emptyTally(): Tally {
  return { heard: 0, said: 0, opened: 0, failed: 0, opening: 0, asked: 0, acts: { refresh: 0, cut: 0, away: 0, silent: 0, update: 0, leave: 0 }, complaints: 0, words: [] };
}

export function sumOf(tallies: readonly Tally[]): Tally {
  const sum = emptyTally();
  for (const tally of tallies) {
    for (const name of ["heard", "said", "opened", "failed", "opening", "asked", "complaints"] as const) sum[name] += tally[name];
    for (const act of ACTS) sum.acts[act] += tally.acts[act];
    sum.words.push(...tally.words);
  }
  return sum;
}

export function complain(tally: Tally, words: string): void {
  tally.complaints++;
  if (tally.words.length < 8) tally.words.push(words);
}
