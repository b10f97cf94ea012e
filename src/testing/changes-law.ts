import type { Change } from "../core/change.js";
import type { RoomEvent } from "../core/event.js";
import { sameJson } from "../core/json.js";
import { reduce as ours } from "../core/reduce.js";
import type { Room } from "../core/room.js";
import { courses, type Delivery, type History } from "./arbitraries.js";
import { followed } from "./follow.js";
import { law, type LawOptions, type Reducer, type Shown, type Watched } from "./law.js";
import { name } from "./story.js";

/** What is said to have changed between a state and the one after an event. */
export type Says<S> = (before: S, event: RoomEvent<unknown>, after: S) => readonly Change<unknown>[];

/** `reduce`: what the states come from; ours unless given. `connections`: `connected` and `disconnected` must be said too. */
export type ChangesLawOptions<S> = LawOptions<S> & ([S] extends [Room<unknown>] ? { readonly reduce?: Reducer<S> } : { readonly reduce: Reducer<S> }) & { readonly connections?: boolean };

type One = Extract<Delivery, { readonly doubt: false }>["event"];

/**
 * What is said leads from the people shown before to those shown after: each transition once, metas that really differ, with the
 * right cause and the reason of the last goodbye (R14). Throws a `LawError`.
 */
export function changes(says: Says<Room<unknown>>, options?: ChangesLawOptions<Room<unknown>>): void;
export function changes<S>(says: Says<S>, options: ChangesLawOptions<S>): void;
export function changes<S>(says: Says<S>, options?: ChangesLawOptions<S>): void {
  if (typeof says !== "function") throw new TypeError(`changes must be a function, not ${String(says)}.`);
  const { connections = false, reduce = ours as unknown as Reducer<S> } = (options ?? {}) as { readonly connections?: boolean; readonly reduce?: Reducer<S> };
  const judge = law("changes (R14)", (subject, hold) => {
    const { show, ask } = subject as unknown as Watched<S>;
    hold(courses({ lies: true }), (one) => {
      // A link came up, and what was missed meanwhile has not come yet.
      let doubted = false;
      return followed(subject as unknown as Watched<S>, one, (before, delivery, after) => {
        if (delivery.doubt) {
          doubted = ask(after) !== undefined;
          return [];
        }
        const { event } = delivery;
        const resync = event.type === "snapshot" || (doubted && ask(before)?.full === false);
        const [was, is] = [show(before), show(after)];
        if (ask(after) === undefined || (event.type === "snapshot" && (was.epoch !== is.epoch || was.seq !== is.seq))) doubted = false;
        return wrongIn(says(before, event, after), { histories: one[0], was, is, event, cause: resync ? "resync" : "live", connections });
      });
    });
  });
  judge(reduce, options as LawOptions<S>);
}

type Case = { readonly histories: readonly History[]; readonly was: Shown; readonly is: Shown; readonly event: One; readonly cause: string; readonly connections: boolean };

function wrongIn(said: readonly Change<unknown>[], { histories, was, is, event, cause, connections }: Case): string[] {
  const wrong: string[] = [];
  const told = new Set<string>();
  const people = new Map(was.users.map(({ id, meta }) => [id, meta]));
  const tabs = new Map(was.users.flatMap(({ id, connections: own }) => own.map(({ conn }) => [conn, id])));
  // The goodbyes that were heard, and not only learned of by who is missing.
  const heard = histories.find(({ epoch }) => epoch === is.epoch)?.facts.slice(event.type === "snapshot" ? event.seq : was.seq, is.seq) ?? [];
  const lastReason = (user: string, conn?: string): string | undefined =>
    heard.flatMap((fact) => (fact.type === "disconnect" && fact.user === user && fact.conn === (conn ?? fact.conn) ? [fact.reason] : [])).at(-1);

  for (const change of said) {
    const { type, user } = change;
    const conn = "conn" in change ? change.conn : undefined;
    const complain = (what: string): void => { wrong.push(`it says that ${name(user)}${conn === undefined ? "" : ` (${name(conn)})`} ${type}: ${what}`); };
    const key = JSON.stringify([user, conn]);
    if (told.has(key)) complain("it has said something of them already");
    told.add(key);
    if (change.cause !== cause) complain(`its cause is "${change.cause}", and should be "${cause}"`);
    if ((change.type === "left" || change.type === "disconnected") && change.reason !== lastReason(user, conn)) complain(`its reason is "${String(change.reason)}", and should be "${String(lastReason(user, conn))}"`);
    if (change.type === "joined" || change.type === "connected") {
      if (conn === undefined ? people.has(user) : tabs.has(conn)) complain("they were there");
      if (conn === undefined) people.set(user, change.meta);
      else tabs.set(conn, user);
    } else {
      if (conn === undefined ? !people.has(user) : tabs.get(conn) !== user) complain("they were not there");
      if (change.type === "updated") {
        if (!sameJson(change.previous, people.get(user))) complain("they showed something else before");
        if (sameJson(change.previous, change.meta)) complain("they showed the same before");
        people.set(user, change.meta);
      } else if (conn === undefined) {
        if (!sameJson(change.meta, people.get(user))) complain("they showed something else");
        people.delete(user);
      } else tabs.delete(conn);
    }
  }
  const all = new Map(is.users.map(({ id, meta }) => [id, meta]));
  if (people.size !== all.size || [...people].some(([id, meta]) => !all.has(id) || !sameJson(meta, all.get(id)))) wrong.push(`by what it says the people are ${listed(people)}`, `the people are ${listed(all)}`);
  const conns = is.users.flatMap((user) => user.connections.map(({ conn }) => conn));
  if (connections && (tabs.size !== conns.length || conns.some((conn) => !tabs.has(conn)))) wrong.push(`by what it says the connections are ${[...tabs.keys()].map(name).join(", ") || "none"}`, `the connections are ${conns.map(name).join(", ") || "none"}`);
  return wrong;
}

function listed(people: ReadonlyMap<string, unknown>): string {
  return [...people].map(([id, meta]) => `${name(id)} ${JSON.stringify(meta)}`).join(", ") || "nobody";
}
