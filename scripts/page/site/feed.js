// What happens, the newest first.
import { nameOf, tabs } from "./people.js";

const MOST = 80;
const REASONS = { leave: "said goodbye", vanished: "closed the last tab, or lost the line", timeout: "fell silent for too long", kicked: "was sent away", "node-lost": "their server went" };

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });

export const timeOf = (ms) => clock.format(ms);

/** Writes into a list element. */
export function createFeed(list) {
  function say(kind, who, what) {
    const line = document.createElement("li");
    line.dataset.kind = kind;
    const time = document.createElement("time");
    time.textContent = timeOf(Date.now());
    const text = document.createElement("span");
    const name = document.createElement("b");
    name.textContent = who;
    text.append(name, ` ${what}`);
    line.append(time, text);
    list.prepend(line);
    while (list.children.length > MOST) list.lastElementChild.remove();
  }

  /** A change of people. */
  function change(change) {
    const who = nameOf({ id: change.user, meta: change.meta });
    const formerly = nameOf({ id: change.user, meta: change.previous });
    const late = change.cause === "resync" ? " while I was away" : "";
    if (change.type === "joined") say("joined", who, `joined${late}`);
    else if (change.type === "left") say("left", who, `left${late}${change.reason && change.reason in REASONS ? `: ${REASONS[change.reason]}` : ""}`);
    // Who opens a tab that comes by another way shows another meta, of which nothing is written here.
    else if (change.type === "updated" && formerly !== who) say("updated", formerly, `is now ${who}`);
  }

  let before;
  /** Tabs that came or went of people who stay: no change of people, so it is read off the lists. */
  function compare(users) {
    const counts = new Map(users.map((user) => [user.id, user.connections.length]));
    for (const user of before ? users : []) {
      const was = before.get(user.id);
      const is = user.connections.length;
      if (was === undefined || was === is) continue;
      say("tabs", nameOf(user), is > was ? `now has ${tabs(is)}` : `is down to ${tabs(is)}`);
    }
    before = counts;
  }

  return { say, change, compare };
}
