import type { ExplainedConnection, ExplainedLink, Explanation } from "./explain.js";
import { named, person, roughly } from "./words.js";

const REASONS: ReadonlyMap<string | undefined, string> = new Map([
  ["leave", "by word"],
  ["vanished", "their line was gone without a word, and the grace is over"],
  ["timeout", "nothing was heard of them for their lease"],
  ["kicked", "they were kicked"],
  ["node-lost", "their server was lost"],
  [undefined, "it was learned afterwards, from a snapshot"],
]);

/** An explanation as a person would say it: one line, then one for each thing that has to do with it. */
export function inWords(told: Omit<Explanation, "text">, now: number): string {
  const { room, user, shown, since, connections, links, left, refused } = told;
  const ago = (at: number): string => `${roughly(now - at)} ago`;
  const heard = (at: number | undefined): string => (at === undefined ? "" : `, last heard ${ago(at)}`);
  const who = person(user);
  const count = connections.filter(({ state }) => state !== "announcing").length;

  const connectionLine = ({ conn, link, state, claims, lastHeard, ends }: ExplainedConnection): string => {
    const of = link === undefined ? "" : ` of ${link}`;
    const wanted = claims.length === 2 ? "its client and the server want it there" : claims[0] === "server" ? "the server wants it there" : "its client wants it there";
    const end = ends && `ends in ${roughly(ends.in)}`;
    switch (state) {
      case "elsewhere": return `${conn}: another process holds it; what will end it is known there.`;
      case "announcing": return `${conn}${of}: ${wanted}, but it is on its way to the log.`;
      case "open": return `${conn}${of}: ${wanted}${heard(lastHeard)}; its lease of ${roughly(ends?.of ?? 0)} ${end ?? "is not known"}, unless it is heard.`;
      case "grace": return `${conn}: its line is gone without a word${heard(lastHeard)}; it is kept for a grace of ${roughly(ends?.of ?? 0)}, which ${end ?? "is not known"}, or at once when ${who} is back.`;
      case "drained": return `${conn}: it was sent elsewhere${heard(lastHeard)}; it is kept for ${roughly(ends?.of ?? 0)}, which ${end ?? "is not known"}, or at once when ${who} is back.`;
    }
  };
  const linkLine = ({ link, lastHeard, asks, watches }: ExplainedLink): string =>
    `${link}, ${heard(lastHeard).slice(2)}: ${asks ? "it asks to be in, and the answer is still to come" : watches === undefined || watches === "none" ? "it is not in, and does not ask to be" : "it only watches"}.`;

  const lines = [...connections.map(connectionLine), ...links.map(linkLine)];
  if (!shown) {
    if (left) lines.push(`Left ${ago(left.at)}: ${REASONS.get(left.reason) ?? ""}${heard(left.lastHeard)}.`);
    if (refused) lines.push(`Told ${ago(refused.at)}: ${refused.code}: ${refused.message}`);
    if (shown !== undefined && connections.length + links.length === 0) lines.push(`No link of this process is ${who}'s.`);
  }
  const head = shown
    ? `${who} is shown in ${named(room)}, for ${roughly(now - (since ?? now))} now, by ${count} ${count === 1 ? "connection" : "connections"}:`
    : shown === undefined
      ? `This process does not follow ${named(room)}: whether ${who} is there is not known here.`
      : `${who} is not shown in ${named(room)}:`;
  return [head, ...lines.map((line) => `- ${line}`)].join("\n");
}
