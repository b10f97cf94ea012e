import { decodeFrame } from "../../protocol/frame.js";
import type { World } from "./world.js";

/**
 * Puts a user out of a room, and looks whether it was done as it is promised: at once nobody of theirs is in it any more, and who holds
 * a line that takes something is told at once. (Who was just asking to be let in may get in by that; who was told stays out until they ask again.)
 */
export function kick(world: World, user: string, room: string, block: number | undefined): void {
  const { server, witness, time } = world;
  if (!server || !witness) return;
  const theirs = witness.linesOf(room, user);
  const takers = server.lines().filter((line) => theirs.includes(line) && line.takes() && !line.waitedFor());
  world.toldOut.clear();
  server.registry.kick(user, room, block === undefined ? undefined : { block });
  for (const line of takers) if (!world.toldOut.has(line)) world.complain(`${user} is kicked out of ${room}, and a line that takes something is not told`);
  if (server.registry.users(room).some(({ id }) => id === user)) world.complain(`${user} is kicked out of ${room}, and still there`);
  if (block !== undefined) witness.block(room, user, time.now() + block);
}

/** A tab hears a text ("": of a line that has ended, which it may have given up already). If that says that the connection it takes for its own was put out, it must show so at once. */
export function hearing(world: World, id: number, text: string, hear: () => void): void {
  const seats = world.tabs.get(id)?.tab.seats;
  const ends = text.includes('"kicked"') ? endsIn(text) : [];
  const mine = ends.filter(({ room, conn }) => conn !== undefined && seats?.get(room)?.room.getSnapshot().self?.conn === conn);
  hear();
  for (const { room } of mine) {
    const seat = seats?.get(room);
    if (!seat) continue;
    seat.putOut = seat.room.getSnapshot().status === "ended";
    if (!seat.putOut) world.complain(`tab ${id} in ${room}: is told that it was kicked, and shows "${seat.room.getSnapshot().status}"`);
  }
}

type End = { readonly type: string; readonly room: string; readonly conn?: string; readonly reason?: string };

function endsIn(text: string): readonly End[] {
  const messages = decodeFrame(text).messages ?? (JSON.parse(text) as unknown);
  return (Array.isArray(messages) ? messages : [messages]).filter((one): one is End => (one as End).type === "ended" && (one as End).reason === "kicked");
}
