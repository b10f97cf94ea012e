import { setTimeout as sleep } from "node:timers/promises";
import { chanceOf } from "../bots/chance.js";
import { answering } from "./ask.js";
import { watchLag, type Lag } from "./lag.js";
import { createOpener, type Opener } from "./opener.js";
import { PARTS } from "./options.js";
import { createRoom, type Finding, type RoomPlan, type SoakRoom } from "./room.js";
import { emptyTally, type Act, type Tally } from "./tally.js";
import type { Times } from "./times.js";

export type CrowdPlan = {
  readonly port: number;
  readonly addresses: readonly string[];
  readonly rooms: readonly RoomPlan[];
  readonly times: Times;
  /** Reconnects a second, and sockets that may be opened a second, of this process. */
  readonly rate: number;
  readonly pace: number;
  /** Ms from one quiet moment to the next. */
  readonly check: number;
  readonly seed: number;
};

/** What a quiet moment showed. */
export type Quiet = {
  /** What is so in each room: for the server to be compared with. */
  readonly truth: readonly (readonly [room: string, text: string])[];
  readonly views: number;
  /** Views that were right, but later than promised, and by how many ms at most. */
  readonly late: number;
  readonly lateBy: number;
  /** Views that did not become right. */
  readonly wrong: number;
  readonly findings: readonly Finding[];
  /** Rooms that could not be compared, since a tab there waited too long for the server; the tab. */
  readonly stuck: readonly string[];
};

export type CrowdState = { readonly tally: Tally; readonly full: boolean; readonly lag: Lag };

export type Crowd = typeof answers;

/** Ms that a tab may take to get in. Longer than that, and nothing can be said of its room. */
const ANSWERED = 30_000;
/** Seconds' worth of sockets that may be on their way in; with more, the churn pauses. */
const AHEAD = 2;
const EVERY = 50;
const FINDINGS = 3;
/** Of what opens a socket anew. Silence only where there is time for it. */
const BREAKS: readonly (readonly [Act, number])[] = [["refresh", 0.35], ["cut", 0.35], ["away", 0.25], ["silent", 0.05]];
/** How many updates and leaves there are for each reconnect. */
const WORDS: readonly (readonly [Act, number])[] = [["update", 0.23], ["leave", 0.1]];

const lag = watchLag();
const tally = emptyTally();
let rooms: readonly SoakRoom[] = [];
let opener: Opener | undefined;
let lastPart = 0;
let patience = 0;
let churn: NodeJS.Timeout | undefined;
let act: () => void = () => undefined;

const answers = {
  start(plan: CrowdPlan): void {
    const chance = chanceOf(plan.seed);
    patience = plan.times.late;
    const made = (opener = createOpener(plan.pace));
    rooms = plan.rooms.map((room) => createRoom(room, { ...plan, chance, opener: made, tally }));
    for (const room of rooms) room.begin();

    let owed = 0;
    let last = performance.now();
    act = () => {
      const now = performance.now();
      // What a process that stood still did not do it does not do at once.
      owed += (plan.rate * Math.min(1_000, now - last)) / 1_000;
      last = now;
      // Whoever takes sockets away faster than the server can take new ones measures nothing but that.
      if (made.waiting() + tally.opening > AHEAD * plan.pace) owed = 0;
      for (; owed >= 1; owed--) {
        some(BREAKS);
        for (const [word, share] of WORDS) if (chance.next() < share) one(word);
        if (chance.next() < 0.002) chance.pick(rooms)?.cutWatcher();
      }
    };
    const { lease, tick } = plan.times;
    /** Whether the room's next quiet moment is far enough for a lease to run out before. */
    const hasTime = (part: number): boolean => (((part - lastPart + PARTS - 1) % PARTS)) * plan.check > lease + 4 * tick + 1_000;
    const some = (acts: typeof BREAKS): void => {
      let dice = chance.next();
      for (const [name, share] of acts) if ((dice -= share) < 0) { one(name); return; }
    };
    const one = (name: Act): void => {
      // Some are away just now, some rooms are quiet.
      for (let tries = 0; tries < 8; tries++) {
        const room = chance.pick(rooms);
        if (!room) return;
        const does = name === "silent" && !hasTime(room.part) ? "cut" : name;
        if (!room.act(does)) continue;
        tally.acts[does]++;
        return;
      }
    };
  },
  churn(on: boolean): void {
    clearInterval(churn);
    if (on) churn = setInterval(act, EVERY);
  },
  state(): CrowdState {
    const state = { tally, full: rooms.every((room) => room.isFull()), lag: lag.read() };
    lag.reset();
    return state;
  },
  /** Of the rooms of one part, or of all (undefined): nothing happens there until `thaw`. */
  async quiet(part: number | undefined): Promise<Quiet> {
    const frozen = rooms.filter((room) => part === undefined || room.part === part);
    if (part !== undefined) lastPart = part;
    for (const room of frozen) room.freeze();
    const isWaiting = (room: SoakRoom): boolean => room.unanswered().length > 0;
    for (const since = performance.now(); frozen.some(isWaiting) && performance.now() - since < ANSWERED; ) await sleep(EVERY);
    const stuck = frozen.filter(isWaiting);
    const chosen = frozen.filter((room) => !stuck.includes(room));
    await sleep(Math.max(0, ...chosen.map((room) => room.settled() - performance.now())));
    const began = performance.now();
    let wrong = chosen.flatMap((room) => room.findings());
    const late = wrong.length;
    while (wrong.length > 0 && performance.now() - began < patience) {
      await sleep(200);
      const still = new Set(wrong.map(({ room }) => room));
      wrong = chosen.filter(({ name }) => still.has(name)).flatMap((room) => room.findings());
    }
    return {
      truth: chosen.map((room) => [room.name, room.truth()]),
      views: chosen.reduce((sum, room) => sum + room.views(), 0),
      late: Math.max(0, late - wrong.length),
      lateBy: late > wrong.length ? performance.now() - began : 0,
      wrong: wrong.length,
      findings: oneEach(wrong).slice(0, FINDINGS),
      stuck: stuck.map((room) => `${room.name}: ${room.unanswered().join("; ")}`),
    };
  },
  thaw(): void { for (const room of rooms) room.thaw(); },
  /** Everybody goes, for good. */
  end(): void {
    answers.churn(false);
    opener?.close();
    for (const room of rooms) room.close();
  },
};

/** One of each room: twenty tabs of it would say the same. */
function oneEach(findings: readonly Finding[]): readonly Finding[] {
  return [...new Map(findings.map((finding) => [finding.room, finding])).values()];
}

answering(answers);
