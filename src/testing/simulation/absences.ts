/** Who was really out of a room for a while, over all lives of the server. Nobody else may be said to have left. */
export type Absences = {
  readonly joined: (room: string, user: string) => void;
  readonly left: (room: string, user: string) => void;
  /** The first link of a life has opened: from now on it waits for those who come back. */
  readonly began: () => void;
  /** A life is over, and has said goodbye to nobody. */
  readonly ended: () => void;
  readonly ever: (room: string, user: string) => boolean;
};

/** A return later than so many ms before the end of the wait may come too late. */
const CLOSE = 500;

/** `settle`: ms for which a young log keeps from saying who is not back. */
export function createAbsences(now: () => number, settle: number): Absences {
  const present = new Set<string>();
  /** Those of former lives who are not back yet. */
  const awaited = new Set<string>();
  const absent = new Set<string>();
  let until = Infinity;

  function giveUp(): void {
    if (now() < until - CLOSE) return;
    for (const key of awaited) absent.add(key);
    awaited.clear();
  }

  return {
    joined(room, user) {
      giveUp();
      awaited.delete(`${room} ${user}`);
      present.add(`${room} ${user}`);
    },
    left(room, user) {
      present.delete(`${room} ${user}`);
      absent.add(`${room} ${user}`);
    },
    began() { if (until === Infinity) until = now() + settle; },
    ended() {
      giveUp();
      for (const key of present) awaited.add(key);
      present.clear();
      until = Infinity;
    },
    ever(room, user) {
      giveUp();
      return absent.has(`${room} ${user}`);
    },
  };
}
