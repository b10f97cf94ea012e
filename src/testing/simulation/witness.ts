import type { Registry } from "../../server/registry.js";
import type { Absences } from "./absences.js";
import type { Line } from "./line.js";
import type { Meta } from "./server.js";

/** Which tab a link of the server is, as the app says it by `context`. */
export type Context = { readonly tab: number; readonly line: Line };

/** Listens to the events of one life of the server, and says what must never be. */
export type Witness = {
  /** A line ended without a word. */
  readonly vanished: (line: Line) => void;
  /** The lines by which somebody is in a room. */
  readonly linesOf: (room: string, user: string) => readonly Line[];
  /** Somebody may not be in a room before that moment. */
  readonly block: (room: string, user: string, until: number) => void;
  /** Its clock is put elsewhere: when a block ends is not known any more. */
  readonly forgetBlocks: () => void;
  /** Who is in a room by the events. */
  readonly people: (room: string) => readonly string[];
};

export type WitnessOptions = {
  readonly registry: Registry<Meta>;
  readonly now: () => number;
  readonly grace: number;
  readonly maxRooms: number;
  /** Whether a room counts for that: not one that the server puts everybody into. */
  readonly mayLimit: (room: string) => boolean;
  readonly complain: (what: string) => void;
  readonly absences: Absences;
  /** Codes of errors that a history brings about by itself. */
  readonly expects: (code: string) => boolean;
};

/** The host's clock counts a step as two ticks at most: one that is put forward makes a grace shorter by so much. */
const SLACK = 3_500;

export function createWitness({ registry, now, grace, maxRooms, mayLimit, complain, absences, expects }: WitnessOptions): Witness {
  const rooms = new Map<string, Set<string>>();
  const connections = new Map<string, { readonly room: string; readonly user: string; readonly since: number; readonly line: Line | undefined }>();
  const gone = new Map<Line, number>();
  const blocked = new Map<string, number>();

  function peopleOf(room: string): Set<string> {
    const people = rooms.get(room) ?? new Set();
    rooms.set(room, people);
    return people;
  }

  function connectionsOf(room: string, user: string): readonly { readonly since: number }[] {
    return [...connections.values()].filter((one) => one.room === room && one.user === user);
  }

  registry.on("joined", ({ room, user }) => {
    if (peopleOf(room).has(user)) complain(`the server says that ${user} joined ${room}, who was in it already`);
    peopleOf(room).add(user);
    absences.joined(room, user);
  });
  registry.on("left", ({ room, user }) => {
    if (!peopleOf(room).delete(user)) complain(`the server says that ${user} left ${room}, who was not in it`);
    if (connectionsOf(room, user).length > 0) complain(`the server says that ${user} left ${room}, and never that their connection ended`);
    absences.left(room, user);
  });
  registry.on("updated", ({ room, user }) => {
    if (!peopleOf(room).has(user)) complain(`the server says that ${user} was updated in ${room}, who is not in it`);
  });
  registry.on("connected", ({ room, user, conn, context }) => {
    if (now() < (blocked.get(`${room} ${user}`) ?? 0)) complain(`${user} is in ${room} again, and blocked there`);
    const { line } = (context as Context | undefined) ?? {};
    const others = new Set([...connections.values()].flatMap((one) => (line && one.line === line && one.room !== room && mayLimit(one.room) ? [one.room] : [])));
    if (mayLimit(room) && others.size >= maxRooms) complain(`a tab of ${user}'s is in ${[...others, room].join(" and ")}, which is more than ${maxRooms}`);
    connections.set(conn, { room, user, since: now(), line });
  });
  registry.on("disconnected", ({ room, user, conn, reason }) => {
    const known = connections.get(conn);
    if (!connections.delete(conn)) complain(`the server says that a connection of ${user} in ${room} ended, of which it never said that it began`);
    if (reason === "leave" && known?.line && gone.has(known.line)) complain(`${user} is said to have left ${room} of their own, and the line went without a word`);
    if (reason !== "vanished" || !known?.line) return;
    const at = gone.get(known.line);
    const others = connectionsOf(room, user).map(({ since }) => since);
    const returned = others.some((since) => at === undefined || since >= at);
    const back = Math.min(...others.filter((since) => at !== undefined && since > at));
    if (back < now()) complain(`${user} is back in ${room} for ${now() - back} ms, and is kept there in grace all the same`);
    if (at === undefined) complain(`${user} vanished from ${room}, but the line is still there`);
    else if (!returned && now() - at < grace - SLACK) complain(`${user} vanished from ${room} ${now() - at} ms after the line went, which is less than the grace of ${grace} ms`);
  });
  registry.on("error", ({ code, message, cause }) => {
    if (!expects(code)) complain(`the server reports ${code}: ${message}${cause instanceof Error ? ` (${String(cause.stack)})` : ""}`);
  });

  return {
    vanished: (line) => { gone.set(line, now()); },
    linesOf: (room, user) => [...connections.values()].flatMap((one) => (one.room === room && one.user === user && one.line ? [one.line] : [])),
    block: (room, user, until) => { blocked.set(`${room} ${user}`, until); },
    forgetBlocks: () => { blocked.clear(); },
    people: (room) => [...(rooms.get(room) ?? [])].sort(),
  };
}
