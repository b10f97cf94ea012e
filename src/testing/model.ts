import { produce } from "immer";

/** What people and servers do, as far as it decides who is present. */
export type Deed =
  /** A tab of a user is there (undefined: nobody is logged in). */
  | { readonly type: "open"; readonly tab: number; readonly user: string | undefined }
  /** It is gone, and so is all that it wanted. */
  | { readonly type: "close"; readonly tab: number }
  /** The tab is another user's from now on; undefined = logged out. */
  | { readonly type: "login"; readonly tab: number; readonly user: string | undefined }
  /** The tab wants to be in a room, or no longer. */
  /** `again`: also if it was put out. */
  | { readonly type: "enter"; readonly tab: number; readonly room: string; readonly again: boolean }
  | { readonly type: "leave"; readonly tab: number; readonly room: string }
  /** What it shows in a room, or will once it is in. */
  | { readonly type: "show"; readonly tab: number; readonly room: string; readonly meta: unknown }
  /** The user's tabs are put out of a room. Those that are just on their way in may get in nevertheless. */
  | { readonly type: "kick"; readonly user: string; readonly room: string };

type Tab = { readonly tab: number; user: string | undefined };
type Stay = { readonly tab: number; readonly room: string; wanted: boolean; kicked: boolean; meta: unknown };

/** Who wants to be where. */
export type Model = { readonly tabs: readonly Tab[]; readonly stays: readonly Stay[] };

export const nobody: Model = { tabs: [], stays: [] };

/** What is so after a deed. Written to be obviously right: it shares nothing with what it judges. */
export function after(model: Model, deed: Deed): Model {
  return produce(model, (draft) => {
    const stayIn = (tab: number, room: string): Stay => {
      const known = draft.stays.find((stay) => stay.tab === tab && stay.room === room);
      if (known) return known;
      draft.stays.push({ tab, room, wanted: false, kicked: false, meta: undefined });
      return draft.stays[draft.stays.length - 1] as Stay;
    };
    const userOf = (tab: number): string | undefined => draft.tabs.find((one) => one.tab === tab)?.user;

    switch (deed.type) {
      case "open":
        draft.tabs.push({ tab: deed.tab, user: deed.user });
        break;
      case "close":
        draft.tabs = draft.tabs.filter(({ tab }) => tab !== deed.tab);
        draft.stays = draft.stays.filter(({ tab }) => tab !== deed.tab);
        break;
      case "login":
        for (const one of draft.tabs) if (one.tab === deed.tab) one.user = deed.user;
        break;
      case "enter":
        stayIn(deed.tab, deed.room).wanted = true;
        if (deed.again) stayIn(deed.tab, deed.room).kicked = false;
        break;
      case "leave":
        stayIn(deed.tab, deed.room).wanted = false;
        break;
      case "show":
        stayIn(deed.tab, deed.room).meta = deed.meta;
        break;
      case "kick":
        for (const stay of draft.stays) if (stay.room === deed.room && userOf(stay.tab) === deed.user) stay.kicked = true;
        break;
    }
  });
}

/** A tab that is in a room, whose it is and what it shows there. */
export type Presence = { readonly tab: number; readonly user: string; readonly meta: unknown };

/** Who is in a room, by user. `isOut`: of a tab that was kicked, whether it knows. */
export function peopleIn({ tabs, stays }: Model, room: string, isOut: (tab: number) => boolean): ReadonlyMap<string, readonly Presence[]> {
  const people = new Map<string, Presence[]>();
  for (const { tab, user } of tabs) {
    const stay = stays.find((one) => one.tab === tab && one.room === room);
    if (user === undefined || !stay?.wanted || (stay.kicked && isOut(tab))) continue;
    people.set(user, [...(people.get(user) ?? []), { tab, user, meta: stay.meta }]);
  }
  return people;
}
