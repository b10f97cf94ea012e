import { PLAIN, type Command, type History, type Setup } from "./command.js";
import { play, type Outcome } from "./play.js";

/** A history that goes wrong, as short as it was made. */
export type Shrunk = { readonly history: History; readonly outcome: Outcome; /** How many others were tried. */ readonly tries: number };

/** At most so many others are played. */
const MOST_TRIES = 600;

/**
 * Leaves out what the trouble can do without: commands, first many at once, then the waits between them, then what is special about the server.
 * Any complaint will do. The same history shrinks to the same one.
 */
export async function shrink(from: History, played: Outcome): Promise<Shrunk> {
  let history: History = { ...from, commands: from.commands.filter((_, i) => !played.idle.has(i)) };
  let outcome = played;
  let tries = 0;

  async function better(next: History): Promise<boolean> {
    if (tries >= MOST_TRIES) return false;
    tries++;
    const tried = await play(next);
    if (tried.complaints.length === 0) return false;
    history = { ...next, commands: next.commands.filter((_, i) => !tried.idle.has(i)) };
    outcome = tried;
    return true;
  }

  if (!(await better(history))) history = from;
  for (let size = Math.ceil(history.commands.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = Math.max(0, history.commands.length - size); ; at -= size) {
      const start = Math.max(0, at);
      if (start < history.commands.length && history.commands.length > 1) await better(without(history, start, size));
      if (start === 0) break;
    }
  }
  // What went before may be needless now that the rest has gone.
  for (let i = history.commands.length - 1; i >= 0; i--) await better(without(history, i, 1));
  for (let i = 0; i < history.commands.length; i++) {
    for (const wait of [1_000, 20_000]) if (history.commands[i]?.wait === wait || (await better(withWait(history, i, wait)))) break;
  }
  for (const name of Object.keys(PLAIN) as (keyof Setup)[]) {
    if (history.setup[name] !== PLAIN[name]) await better({ ...history, setup: { ...history.setup, [name]: PLAIN[name] } });
  }
  return { history, outcome, tries };
}

/** Who waited goes on waiting: what is left happens when it did. */
function without(history: History, start: number, count: number): History {
  const { commands } = history;
  const gone = commands.slice(start, start + count).reduce((sum, { wait }) => sum + wait, 0);
  const after = commands.slice(start + count).map((command, i): Command => (i === 0 ? { ...command, wait: command.wait + gone } : command));
  return { ...history, commands: [...commands.slice(0, start), ...after] };
}

function withWait(history: History, at: number, wait: number): History {
  return { ...history, commands: history.commands.map((command, i) => (i === at ? { ...command, wait } : command)) };
}
