import type { Pos } from "../../protocol/message.js";
import { messagesIn } from "./server.js";

/** Looks at what one line is told, and says when a heartbeat goes ahead of it: that would send everybody asking. */
export function createStanding(complain: (what: string) => void): (text: string) => void {
  /** Up to where it was told of each room. */
  const rooms = new Map<string, Pos>();
  return (text) => {
    if (!text.includes('"pos"') && !text.includes('"settling"')) return;
    for (const { type, code, room = "", pos } of messagesIn(text)) {
      // Who has to wait stands nowhere, and is told by a heartbeat when to ask.
      if (code === "settling") rooms.delete(room);
      if (!pos || type === "joined") continue;
      const [epoch, seq] = rooms.get(room) ?? [];
      if (type !== "heartbeat") rooms.set(room, pos);
      else if (epoch === pos[0] && seq !== undefined && pos[1] > seq) complain(`a heartbeat of ${room} names ${pos[0]}/${pos[1]} to who was told ${epoch}/${seq}`);
    }
  };
}
