import { isDeepStrictEqual } from "node:util";
import type { User } from "../../src/index.js";
import type { Bot } from "./bot.js";
import { ROOM, type BotServer } from "./server.js";
import type { Meta } from "./sockets.js";

/** What one comparison found. */
export type Finding = {
  readonly people: number;
  readonly connections: number;
  readonly views: number;
  /** What disagrees, in words; empty when all is right. */
  readonly wrong: readonly string[];
};

/** Compares every bot's view with the registry, and both with the bots' own count of their open tabs. */
export function compare(bots: readonly Bot[], { registry }: BotServer): Finding {
  const wrong: string[] = [];
  const open = bots.filter((bot) => bot.present());
  const people = new Set(open.map((bot) => bot.user)).size;
  expect(registry.userCount(ROOM), people, "the registry's people");
  expect(registry.connectionCount(ROOM), open.length, "the registry's connections");
  const listed = plain(registry.users(ROOM));
  let views = 0;
  for (const bot of bots) {
    const view = bot.view();
    if (!view) continue;
    views++;
    const whose = `${bot.user}, tab ${bot.tab} (${bot.link})`;
    expect(view.status, "live", `${whose}: the view's status`);
    expect(view.userCount, people, `${whose}: people`);
    expect(view.connectionCount, open.length, `${whose}: connections`);
    if (!isDeepStrictEqual(plain(view.users ?? []), listed)) wrong.push(`${whose}: another list than the registry's`);
    if (bot.present() && !view.users?.some((user) => user.id === bot.user)) wrong.push(`${whose}: does not see itself`);
  }
  return { people, connections: open.length, views, wrong };

  function expect(found: unknown, wanted: unknown, what: string): void {
    if (found !== wanted) wrong.push(`${what}: ${String(found)} instead of ${String(wanted)}`);
  }
}

function plain(users: readonly User<Meta>[]): unknown {
  return users.map((user) => ({ id: user.id, since: user.since, meta: user.meta, connections: user.connections }));
}
