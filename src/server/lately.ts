import type { Reason, RoomName, UserId } from "../core/event.js";

/** How somebody left a room last. All times in wall-clock ms. */
export type Farewell = {
  readonly at: number;
  /** undefined when it was learned from a snapshot. */
  readonly reason: Reason | undefined;
  /** When this process had heard of them last, if it ever did. */
  readonly lastHeard: number | undefined;
};

/** What somebody was refused last in a room, or ended with. */
export type Turned = { readonly at: number; readonly code: string; readonly message: string };

type News = { readonly left?: Farewell; readonly refused?: Turned };

/** What became of people lately who are not there any more: the latest, so many of them. */
export type Lately = {
  readonly left: (room: RoomName, user: UserId, how: Farewell) => void;
  readonly refused: (room: RoomName, user: UserId, why: Turned) => void;
  readonly of: (room: RoomName, user: UserId) => News;
};

/** Memory follows the living: of others it is bounded. */
const MOST = 512;

export function createLately(): Lately {
  const news = new Map<string, News>();
  const keyOf = (room: RoomName, user: UserId): string => JSON.stringify([room, user]);

  function note(room: RoomName, user: UserId, one: News): void {
    const key = keyOf(room, user);
    const before = news.get(key);
    // The latest stand last.
    news.delete(key);
    news.set(key, { ...before, ...one });
    if (news.size > MOST) for (const oldest of news.keys()) { news.delete(oldest); return; }
  }

  return {
    left(room, user, left) { note(room, user, { left }); },
    refused(room, user, refused) { note(room, user, { refused }); },
    of: (room, user) => news.get(keyOf(room, user)) ?? {},
  };
}
