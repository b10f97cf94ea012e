import { show } from "./check-options.js";
import { stepsOf, type Step, type What } from "./history.js";
import { readStep, tellStep } from "./words.js";

/** The steps of the option `story`. `not`: what the other options do not offer. @throws TypeError that names the line which makes no sense. */
export function storyOf(story: unknown, not: ReadonlySet<What>): readonly Step[] {
  if (!Array.isArray(story) || story.length === 0) throw new TypeError(`checkServer: option "story" must be an array of steps, as a report tells them, not ${show(story)}.`);
  const moves = story.map((line: unknown, i) => {
    const move = typeof line === "string" ? readStep(line) : undefined;
    if (!move) throw new TypeError(`checkServer: option "story", step ${i + 1}: ${show(line)} is nothing that can be done. Steps are told as in a report, such as "ann opens tab 1" or "at once, ann refreshes tab 1".`);
    if (not.has(move.what)) throw new TypeError(`checkServer: option "story", step ${i + 1}: "${tellStep(move)}" needs option "${move.what === "silence" ? "lease" : "reconnects"}".`);
    return move;
  });
  const steps = stepsOf(moves);
  const impossible = moves.findIndex((_, i) => stepsOf(moves.slice(0, i + 1)).length <= i);
  if (impossible >= 0) throw new TypeError(`checkServer: option "story", step ${impossible + 1}: "${show(story[impossible]).slice(1, -1)}" can't happen after the steps before it.`);
  return steps;
}
