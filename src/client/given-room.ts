import type { RoomName } from "../core/event.js";
import type { Client } from "./client.js";
import { badOption } from "./option.js";
import { modeOf, type ClientRoom, type RoomOptions } from "./room.js";
import type { View, ViewError } from "./view-show.js";

const OPTIONS: Readonly<Record<keyof RoomOptions<unknown>, 0>> = { meta: 0, watch: 0, present: 0, initial: 0 };

/** What was wrong so far, each with a room that only shows it. */
const wrongs = new Map<string, ClientRoom<unknown>>();

/**
 * The room that a component names, or gives. What makes no sense must not break a page:
 * it gets a room that is `idle`, shows why as its error, and does nothing else.
 */
export function givenRoom<M>(client: Client | undefined, given: RoomName | ClientRoom<M>, options: RoomOptions<M>): ClientRoom<M> {
  try {
    for (const name in options) if (!(name in OPTIONS)) throw badOption(name, `one of ${Object.keys(OPTIONS).join(", ")}`);
    modeOf(options.watch ?? "none");
    if ((given as Partial<ClientRoom<M>> | undefined)?.subscribe) return given as ClientRoom<M>;
    return (client as Client).room<M>(given as RoomName, { initial: options.initial });
  } catch (thrown) {
    return wrongRoom(thrown) as unknown as ClientRoom<M>;
  }
}

/** What was thrown at a wrong argument, as a view shows it. The console is told of each once. */
export function wrong(thrown: unknown): ViewError {
  return wrongRoom(thrown).getSnapshot().error as ViewError;
}

function wrongRoom(thrown: unknown): ClientRoom<unknown> {
  const { message } = thrown as Error;
  let room = wrongs.get(message);
  if (!room) {
    console.warn(message);
    const error = { code: "bad_option", message };
    const view = { status: "idle", error } as View<unknown>;
    const nothing = (): (() => void) => nothing;
    const getSnapshot = (): View<unknown> => view;
    const enter = (): Promise<void> => {
      const entry = Promise.reject(Object.assign(Error(message), error));
      // As a room's own: who doesn't look at the promise finds the error in the view.
      entry.catch(nothing);
      return entry;
    };
    room = { name: "", subscribe: nothing, onChange: nothing, getSnapshot, getServerSnapshot: getSnapshot, enter, leave: nothing, update: nothing };
    wrongs.set(message, room);
  }
  return room;
}
