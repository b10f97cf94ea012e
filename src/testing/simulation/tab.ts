import type { Snapshot } from "../../core/event.js";
import type { Client, ClientRoom } from "../../client/index.js";
import type { Random, Stop } from "../../ports.js";
import type { Watch } from "../../protocol/message.js";
import type { End, Line } from "./line.js";
import { openPage, type Kind, type Page } from "./page.js";
import type { Meta } from "./server.js";
import type { Machine } from "./time.js";
import { createWatcher, type Watcher } from "./watch.js";

type Opening = { readonly present: boolean; readonly initial: boolean };

/** What a tab has of a room. */
export type Seat = {
  readonly room: ClientRoom<Meta>;
  readonly watcher: Watcher;
  /** As the page opened it. */
  readonly plan: Opening;
  watch: Watch | undefined;
  entered: boolean;
  /** It has left, and is not in by its subscription either. */
  left: boolean;
  /** It was told that it is out, and stays out until it asks again. */
  putOut: boolean;
  /** Stops what it is told. */
  stop: Stop | undefined;
  /** Entries that are still waited for. */
  waiting: number;
};

/** Whether a tab wants to be in a room. */
export function wants({ plan, watch, entered, left }: Seat): boolean {
  return entered || (plan.present && !left && watch !== undefined);
}

/** A person's tab: pages that follow one another. */
export type Tab = {
  readonly id: number;
  readonly kind: Kind;
  /** Who is logged in; undefined = nobody. */
  user: string | undefined;
  page: Page;
  readonly seats: Map<string, Seat>;
  readonly shows: Map<string, string>;
  /** It has no network until then. */
  offline: number;
  /** Between two pages. */
  loading: boolean;
};

export type TabOptions = {
  readonly machine: (page: number) => Machine;
  readonly chance: (page: number) => Random;
  readonly dial: (end: End) => Line;
  readonly complain: (what: string) => void;
  readonly wasAway: (room: string, user: string) => boolean;
  /** What the server would put on a page that it renders now. */
  readonly render: (room: string) => Snapshot<Meta> | undefined;
};

/** What the pages of a tab do to their rooms. */
export type Hands = {
  readonly tab: Tab;
  readonly load: () => void;
  /** `opening`: counts the first time that a page names a room. */
  readonly seat: (room: string, opening?: Opening) => Seat;
  readonly watch: (room: string, watch: Watch | undefined) => void;
  readonly enter: (room: string) => void;
  readonly leave: (room: string) => void;
  readonly update: (room: string, shows: string) => void;
};

export function createTab(id: number, kind: Kind, user: string, { machine, chance, dial, complain, wasAway, render }: TabOptions): Hands {
  let pages = 0;
  const seats = new Map<string, Seat>();
  const shows = new Map<string, string>();

  function newPage(): Page {
    pages++;
    return openPage({ kind, machine: machine(pages), chance: chance(pages), dial });
  }

  const tab: Tab = { id, kind, user, page: newPage(), seats, shows, offline: 0, loading: false };

  function seat(name: string, plan: Opening = { present: false, initial: false }): Seat {
    const known = seats.get(name);
    if (known) return known;
    const { client }: { client: Client } = tab.page;
    const initial = plan.initial ? render(name) : undefined;
    const room = client.room<Meta>(name, { present: plan.present, meta: metaOf(shows.get(name) ?? `${id}`), ...(initial && { initial }) });
    const made: Seat = { room, watcher: createWatcher((what) => { complain(`tab ${id} in ${name}: ${what}`); }, (who) => wasAway(name, who)), plan, watch: undefined, entered: false, left: false, putOut: false, stop: undefined, waiting: 0 };
    seats.set(name, made);
    return made;
  }

  return {
    tab, seat,
    load() {
      const before = [...seats];
      seats.clear();
      tab.page = newPage();
      tab.loading = false;
      for (const [room, { plan, watch, entered }] of before) {
        seat(room, plan);
        if (watch !== undefined) this.watch(room, watch);
        if (entered) this.enter(room);
      }
    },
    watch(name, watch) {
      const here = seat(name);
      const { stop } = here;
      here.watch = watch;
      here.stop = undefined;
      if (watch !== undefined) {
        const stops = [here.room.subscribe(here.watcher.see, { watch })];
        if (watch === "users") stops.push(here.room.onChange(here.watcher.hear));
        here.watcher.begin(here.room.getSnapshot());
        here.stop = () => { for (const one of stops) one(); };
      }
      stop?.();
    },
    enter(name) {
      const here = seat(name);
      here.entered = true;
      here.left = here.putOut = false;
      here.watcher.renewed();
      here.waiting++;
      const done = (): void => { here.waiting--; };
      here.room.enter().then(done, done);
    },
    leave(name) {
      const here = seat(name);
      here.entered = false;
      here.left = true;
      here.room.leave();
    },
    update(name, what) {
      shows.set(name, what);
      seat(name).room.update(metaOf(what));
    },
  };
}

/** A page may say of itself what it likes: whose it is says the server. */
function metaOf(shows: string): Meta {
  return { name: "the admin", shows };
}
