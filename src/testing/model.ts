import { produce } from "immer";

/** What people and servers do, as far as it decides who is present. */
export type Deed =
  /** A tab of a user's is there (undefined: nobody is logged in). */
  | { readonly type: "open"; readonly tab: number; readonly user: string | undefined }
  /** It is gone, and so is all that it wanted. */
  | { readonly type: "close"; readonly tab: number }
  /** The tab is another user's from now on; undefined = logged out. */
  | { readonly type: "login"; readonly tab: number; readonly user: string | undefined }
  /** The tab wants to be in a room. `again`: also if it was put out. */
  | { readonly type: "enter"; readonly tab: number; readonly room: string; readonly again: boolean }
  /** It wants so no longer. */
  | { readonly type: "leave"; readonly tab: number; readonly room: string }
  /** What it shows in a room, or will once it is in. */
  | { readonly type: "show"; readonly tab: number; readonly room: string; readonly meta: unknown }
  /** It may be out of a room by the server's will, as soon as it knows. */
  | { readonly type: "put-out"; readonly tab: number; readonly room: string };

type Stay = { readonly room: string; wanted: boolean; putOut: boolean; meta: unknown };
type Tab = { readonly tab: number; user: string | undefined; readonly stays: Stay[] };

/** Which tabs there are, whose they are, and what each wants of which rooms. */
export type Model = readonly Tab[];

export const nobody: Model = [];

/** What is so after a deed. Written to be obviously right: it shares nothing with what it judges. */
export function after(model: Model, deed: Deed): Model {
  return produce(model, (draft) => {
    if (deed.type === "open") draft.push({ tab: deed.tab, user: deed.user, stays: [] });
    const at = draft.findIndex(({ tab }) => tab === deed.tab);
    const own = draft[at];
    if (!own || deed.type === "open") return;
    if (deed.type === "close") draft.splice(at, 1);
    else if (deed.type === "login") own.user = deed.user;
    else {
      if (!own.stays.some(({ room }) => room === deed.room)) own.stays.push({ room: deed.room, wanted: false, putOut: false, meta: undefined });
      const stay = own.stays.find(({ room }) => room === deed.room) as Stay;
      if (deed.type === "enter") stay.wanted = true;
      if (deed.type === "enter" && deed.again) stay.putOut = false;
      if (deed.type === "leave") stay.wanted = false;
      if (deed.type === "show") stay.meta = deed.meta;
      if (deed.type === "put-out") stay.putOut = true;
    }
  });
}

/** A tab that is in a room, and what it shows there. */
export type Presence = { readonly tab: number; readonly meta: unknown };

/** Who is in a room, by user. `isOut`: of a tab that was put out, whether it knows. */
export function peopleIn(model: Model, room: string, isOut: (tab: number) => boolean): ReadonlyMap<string, readonly Presence[]> {
  const people = new Map<string, Presence[]>();
  for (const { tab, user, stays } of model) {
    const stay = stays.find((one) => one.room === room);
    if (user === undefined || !stay?.wanted || (stay.putOut && isOut(tab))) continue;
    people.set(user, [...(people.get(user) ?? []), { tab, meta: stay.meta }]);
  }
  return people;
}
