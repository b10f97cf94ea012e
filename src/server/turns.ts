import type { RoomName } from "../core/event.js";

/** What a client says of its rooms, each room's done in the order in which it came. */
export type Turns<T> = {
  /** At once when nothing of that room is awaited, else once what came before is done. */
  readonly take: (said: T) => void;
  /** What waits for the room comes to nothing, and what is awaited is over. */
  readonly drop: (room: RoomName) => void;
};

export type TurnsOptions<T> = {
  /** Never called for a room while it is awaited. `over`: whether the room was dropped meanwhile. */
  readonly act: (said: T, over: () => boolean) => void | Promise<void>;
  /** What to do instead of two that wait, one right behind the other; undefined when both have to be done. */
  readonly instead: (first: T, next: T) => T | undefined;
  readonly onDefect: (room: RoomName, cause: unknown) => void;
};

/** What is under way in a room; kept no longer than that. */
type Turn<T> = { readonly waiting: T[]; over: boolean };

export function createTurns<T extends { readonly room: RoomName }>({ act, instead, onDefect }: TurnsOptions<T>): Turns<T> {
  const turns = new Map<RoomName, Turn<T>>();

  function go(room: RoomName, turn: Turn<T>): void {
    for (let said; (said = turn.waiting.shift()); ) {
      const done = start(room, turn, said);
      if (done) {
        void done.then(() => { go(room, turn); });
        return;
      }
    }
    if (!turn.over) turns.delete(room);
  }

  function start(room: RoomName, turn: Turn<T>, said: T): Promise<void> | undefined {
    const defect = (cause: unknown): void => { onDefect(room, cause); };
    try {
      return act(said, () => turn.over)?.catch(defect);
    } catch (cause) {
      defect(cause);
      return undefined;
    }
  }

  return {
    take(said) {
      const { room } = said;
      const turn = turns.get(room);
      if (turn) {
        const last = turn.waiting.at(-1);
        const both = last && instead(last, said);
        if (both) turn.waiting.pop();
        turn.waiting.push(both ?? said);
        return;
      }
      const begun: Turn<T> = { waiting: [said], over: false };
      turns.set(room, begun);
      go(room, begun);
    },
    drop(room) {
      const turn = turns.get(room);
      if (!turn) return;
      turn.over = true;
      turn.waiting.length = 0;
      turns.delete(room);
    },
  };
}
