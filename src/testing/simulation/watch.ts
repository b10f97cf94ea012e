import type { Change } from "../../client/index.js";
import type { View } from "../../client/view-show.js";
import type { Meta } from "./server.js";

/** Looks at each view of one room as it is shown, and at each change that is told, and says what must never be. */
export type Watcher = {
  /** Listens from now on, to a view that was there before. */
  readonly begin: (view: View<Meta>) => void;
  readonly see: (view: View<Meta>) => void;
  readonly hear: (change: Change<Meta>) => void;
  /** The person asked to be let in again. */
  readonly renewed: () => void;
  /** Who is there by the changes that were told; undefined while nothing is known. */
  readonly told: () => ReadonlySet<string> | undefined;
};

/** Codes of an end that stays until the person asks again. */
const FINAL: ReadonlySet<string> = new Set(["kicked", "blocked", "refused"]);

/** `wasAway`: whether somebody was really out of the room at any time. */
export function createWatcher(complain: (what: string) => void, wasAway: (user: string) => boolean): Watcher {
  let ended: string | undefined;
  let told: Set<string> | undefined;
  let epoch = 0;
  let seq = 0;

  return {
    begin({ users }) { told = users && new Set(users.map(({ id }) => id)); },
    see(view) {
      const { users, userCount, connectionCount, room, status, error } = view;
      if (ended !== undefined && status !== "ended") complain(`shows "${status}" although it was put out of the room (${ended})`);
      ended = status === "ended" && FINAL.has(error.code) ? error.code : undefined;
      if (!users) {
        told = undefined;
        epoch = seq = 0;
        return;
      }
      told ??= new Set();
      const tabs = users.reduce((sum, user) => sum + user.connections.length, 0);
      if (userCount !== users.length || connectionCount !== tabs) complain(`lists ${users.length} people with ${tabs} connections, but counts ${String(userCount)} and ${String(connectionCount)}`);
      if (!room) return;
      if (room.epoch === epoch && room.seq < seq) complain(`goes back from ${epoch}/${seq} to ${room.epoch}/${room.seq}`);
      ({ epoch, seq } = room);
    },
    hear({ type, user }) {
      told ??= new Set();
      if (type === "joined") {
        if (told.has(user)) complain(`is told that ${user} joined, who was there already`);
        told.add(user);
      } else if (type === "left") {
        if (!told.delete(user)) complain(`is told that ${user} left, who was not there`);
        if (!wasAway(user)) complain(`is told that ${user} left, who was back in time`);
      } else if (!told.has(user)) complain(`is told that ${user} was ${type}, who is not there`);
    },
    renewed() { ended = undefined; },
    told: () => told,
  };
}
