import type { RoomName } from "../core/event.js";
import { createClient, type Client, type ClientOptions } from "./client.js";
import type { ClientRoom, RoomOptions } from "./room.js";

/** One room with a client of its own. */
export type Presence<M> = ClientRoom<M> & Pick<Client, "close">;

/** The shortcut for a page with one room. @throws TypeError naming an option that makes no sense. */
export function createPresence<M = unknown>(options: ClientOptions & RoomOptions<M> & { readonly room: RoomName }): Presence<M> {
  const { room, close } = createClient(options);
  return { ...room<M>(options.room, options), close };
}
