import { createBot, type Bot } from "../bots/bot.js";
import type { Chance } from "../bots/chance.js";
import { LINK_KINDS, type LinkKind } from "../bots/sockets.js";

const NAMES = ["Ana Souza", "Ben Okafor", "Lin Wei", "Dina Haddad", "Emil Novak", "Yuki Mori", "Priya Nair", "Tom Byrne"];
const MOODS = ["tea", "lunch", "busy", "reading"];
/** What one of them does next, by weight. */
const DEEDS = ["open", "open", "open", "close", "close", "refresh", "refresh", "cut", "mood", "mood", "step"] as const;

/** Some people who come, go, and lose their line in a leisurely way. Returns what sends them home. */
export function keepCompany(url: string, people: number, chance: Chance): () => void {
  const guests = NAMES.slice(0, people).map((name, i) => ({
    name,
    moody: false,
    // Each has up to three tabs, and not all of them come by the same way.
    tabs: [0, 1, 2].map((tab) => createBot({ url, link: LINK_KINDS[(i + (tab === 2 ? 1 : 0)) % LINK_KINDS.length] as LinkKind, user: `bot ${i + 1}`, name, tab, chance })),
  }));
  const timers = new Set<NodeJS.Timeout>();

  function later(ms: number, run: () => void): void {
    const timer = setTimeout(() => {
      timers.delete(timer);
      run();
    }, ms);
    timers.add(timer);
  }

  function act(): void {
    const guest = chance.pick(guests);
    if (!guest) return;
    const { tabs, name } = guest;
    const open = tabs.filter((tab) => tab.present());
    const tab = chance.pick(open);
    const closed = tabs.find((one) => !one.view());
    const deed = chance.pick(DEEDS);
    if (!tab || deed === "open") closed?.open();
    else if (deed === "close" || deed === "step") leaveBy(deed, tab);
    else if (deed === "refresh") {
      tab.close();
      later(400, tab.open);
    } else if (deed === "cut") tab.cut();
    else {
      guest.moody = !guest.moody;
      const shown = guest.moody ? `${name} (${chance.pick(MOODS) ?? ""})` : name;
      for (const one of tabs) one.rename(shown);
    }
  }

  /** Somebody has to stay. */
  function leaveBy(deed: "close" | "step", tab: Bot): void {
    if (guests.filter(({ tabs }) => tabs.some((one) => one.present())).length <= people / 2) return;
    if (deed === "close") tab.close();
    else tab.step(chance.between(3_000, 8_000));
  }

  function go(): void {
    act();
    later(chance.between(1_500, 3_500), go);
  }

  for (const { tabs } of guests) {
    tabs[0]?.open();
    if (chance.next() < 0.4) tabs[1]?.open();
  }
  if (guests.length > 0) go();
  return () => {
    for (const timer of timers) clearTimeout(timer);
    for (const { tabs } of guests) for (const tab of tabs) tab.close();
  };
}
