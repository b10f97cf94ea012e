import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "ws";
import { createClient, type Change, type Client, type ClientRoom, type View } from "../../src/client/index.js";
import { chanceOf, type Chance } from "../bots/chance.js";
import { bodyOf, noise, ROOM } from "./frames.js";
import { ask } from "./requests.js";
import { startTarget, type Kind, type Meta, type Target } from "./target.js";

export type FuzzOptions = { readonly kind: Kind; readonly runs: number; readonly seed: number; /** Messages a second of one link; undefined = the default. */ readonly rate: number | undefined };
export type Fuzzed = {
  readonly kind: Kind;
  readonly frames: number;
  readonly requests: number;
  /** Frames that presence took for its own, which it then decodes. */
  readonly reached: number;
  readonly reopened: number;
  /** What honest clients noticed, or the server said of itself. None is right. */
  readonly noticed: readonly string[];
};

const ATTACKERS = 8;
const BATCH = 250;
/** How long an answer may take; only a server that hangs takes as long. */
const PATIENCE = 10_000;

/** Throws hostile frames and requests at a live server, with two honest clients in the same room, who must notice nothing. */
export async function fuzz({ kind, runs, seed, rate }: FuzzOptions): Promise<Fuzzed> {
  const chance = chanceOf(seed);
  const target = await startTarget(kind, rate);
  const noticed: string[] = [];
  target.registry.on("error", ({ code, message }) => { if (code === "internal" || code === "audit_repaired" || code === "wire_failed") noticed.push(`the server: ${code}: ${message}`); });
  const ann = honest(target, "ann", noticed);
  const bob = honest(target, "bob", noticed);
  await until(() => isRight(ann.view(), 0) && isRight(bob.view(), 0), "ann and bob see each other");
  for (const one of [ann, bob]) one.settled();
  const attackers = await Promise.all(Array.from({ length: ATTACKERS }, (_, i) => attacker(target, `mallory-${i}`)));
  let frames = 0;
  let requests = 0;
  let round = 0;
  try {
    while (frames + requests < runs) {
      round++;
      const asked: Promise<void>[] = [];
      const last = new Map<Attacker, () => void>();
      for (let i = 0; i < BATCH && frames + requests < runs; i++) {
        if (chance.next() < 0.04) {
          requests++;
          asked.push(ask(target.port, chance));
        } else {
          const { data, raw, deadly } = attackOf(target, chance);
          const by = attackers[chance.between(0, ATTACKERS - 1)] as Attacker;
          // One a round and socket, once all the others were read: of what comes with it socket.io drops even what came before.
          if (deadly && !last.has(by) && last.size < 3) last.set(by, () => { if (by.send(data, raw)) frames++; });
          else if (!deadly && by.send(data, raw)) frames++;
        }
      }
      await Promise.all([...asked, ...attackers.map((one) => one.sync())]);
      for (const send of last.values()) send();
      await Promise.all([...last.keys()].map((one) => one.sync()));
      // The honest go on: what bob shows, ann sees.
      bob.room.update({ round });
      await until(() => isRight(ann.view(), round), `round ${round}: ann sees what bob shows`);
      if (noticed.length > 10) break;
    }
    const repairs = target.registry.audit();
    if (repairs > 0) noticed.push(`the audit mended ${repairs}`);
    if ((Object.prototype as { polluted?: unknown }).polluted !== undefined) noticed.push("Object.prototype was polluted");
  } catch (error) {
    noticed.push(String(error));
  }
  const reopened = attackers.reduce((sum, one) => sum + one.reopened(), 0);
  // Each socket has said its hello.
  const reached = target.reached() - ATTACKERS - reopened;
  for (const one of attackers) one.close();
  for (const one of [ann, bob]) one.client.close();
  await target.close();
  return { kind, frames, requests, reached, reopened, noticed };
}

function isRight(view: View<Meta>, round: number): boolean {
  const users = view.room?.users;
  return view.status === "live" && users?.get("ann") !== undefined && (users.get("bob")?.meta as { round?: number } | undefined)?.round === round;
}

async function until(holds: () => boolean, what: string): Promise<void> {
  for (const end = Date.now() + PATIENCE; !holds(); await sleep(2)) if (Date.now() > end) throw new Error(`${what}: not within ${PATIENCE} ms`);
}

type Honest = { readonly client: Client; readonly room: ClientRoom<Meta>; readonly view: () => View<Meta>; readonly settled: () => void };

function honest(target: Target, user: string, noticed: string[]): Honest {
  const client = createClient({ transport: target.transport(user), flush: 0 });
  const room = client.room<Meta>(ROOM, { meta: { round: 0 } });
  let calm = false;
  room.subscribe((view) => { if (calm && view.status !== "live" && view.error?.code !== "closed") noticed.push(`${user}'s view is ${view.status}`); });
  room.onChange(({ type, user: who }: Change<Meta>) => { if (calm && (who === "ann" || (who === "bob" && type !== "updated"))) noticed.push(`${user} is told: ${type} ${who}`); });
  return { client, room, view: room.getSnapshot, settled: () => { calm = true; } };
}

type Attacker = { readonly send: (data: string | Buffer, raw: boolean) => boolean; /** Resolves once all that was sent is dealt with; opens a new socket where the old one is gone. */ readonly sync: () => Promise<void>; readonly close: () => void; readonly reopened: () => number };

async function attacker(target: Target, user: string): Promise<Attacker> {
  let socket = await open();
  let opened = 0;
  let syncs = 0;

  function open(): Promise<WebSocket> {
    return new Promise((resolve, reject) => {
      const made = new WebSocket(target.address(user));
      made.on("error", reject);
      const begin = (): void => {
        made.send(target.frame('{"type":"hello","v":[1],"features":[]}'));
        resolve(made);
      };
      made.on("open", () => {
        if (target.greeting === undefined) begin();
        else made.send(target.greeting);
      });
      made.on("message", (data: Buffer) => {
        const text = data.toString();
        if (target.greeting === undefined) return;
        if (text.startsWith("40")) begin();
        else if (text === "2") made.send("3");
      });
    });
  }

  return {
    reopened: () => opened,
    send(data, raw) {
      if (socket.readyState !== WebSocket.OPEN) return false;
      if (raw) (socket as unknown as { _socket: { write: (bytes: Buffer) => void } })._socket.write(data as Buffer);
      else socket.send(data);
      return true;
    },
    async sync() {
      const token = `sync-${++syncs}`;
      const answered = await new Promise<boolean>((resolve) => {
        if (socket.readyState !== WebSocket.OPEN) { resolve(false); return; }
        const late = setTimeout(() => { resolve(false); }, 500);
        const done = (yes: boolean): void => { clearTimeout(late); socket.off("message", hear); socket.off("close", gone); resolve(yes); };
        const gone = (): void => { done(false); };
        const hear = (data: Buffer): void => { if (data.toString().includes(token)) done(true); };
        socket.on("message", hear);
        socket.on("close", gone);
        socket.send(target.own(token));
      });
      if (answered) return;
      socket.terminate();
      opened++;
      socket = await open();
    },
    close() { socket.terminate(); },
  };
}

/** Something hostile to send. `raw`: past the WebSocket. `deadly`: the server's WebSocket or socket.io closes the socket for it, and reads nothing after it. */
type Attack = { readonly data: string | Buffer; readonly raw: boolean; readonly deadly: boolean };

function attackOf(target: Target, chance: Chance): Attack {
  const io = target.kind === "socket.io";
  const roll = chance.next();
  if (roll < 0.002) return { data: noise(chance), raw: true, deadly: true };
  if (roll < 0.02) return { data: noise(chance), raw: false, deadly: io };
  if (roll < 0.03) return { data: target.own(`the app's ${chance.between(0, 99)}`), raw: false, deadly: false };
  const { text, json } = bodyOf(chance);
  return { data: target.frame(text), raw: false, deadly: io && !json };
}
