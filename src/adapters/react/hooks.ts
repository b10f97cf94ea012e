import {
  createContext, createElement, useCallback, useContext, useEffect, useMemo, useRef, useState, useSyncExternalStore, type ReactElement, type ReactNode,
} from "react";
import { givenRoom, wrong } from "../../client/given-room.js";
import type { Change, Client, ClientRoom, RoomOptions, View, ViewError, Watch } from "../../client/index.js";
import type { RoomName } from "../../core/event.js";
import type { User } from "../../core/room.js";

/** Says once for a whole app what its meta is: `declare module "headcount/react" { interface Register { meta: Meta } }`. */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- apps add to it
export interface Register {}

/** The meta that `Register` names, else `unknown`. */
export type RegisteredMeta = Register extends { readonly meta: infer M } ? M : unknown;

/** A view, and what can be done with its room: functions that stay the same while the room does. */
export type RoomPresence<M> = View<M> & Pick<ClientRoom<M>, "update" | "leave" | "enter">;

export type PresenceProviderProps = { readonly client: Client; readonly children?: ReactNode };

const ClientContext = createContext<Client | undefined>(undefined);

/** Gives its client to the hooks below it. It never closes it: who made it does. */
export function PresenceProvider({ client, children }: PresenceProviderProps): ReactElement {
  return createElement(ClientContext.Provider, { value: client }, children);
}

/**
 * I am in the room while this is mounted, and `linger` ms more; the view, drawn again at each visible change.
 * `meta` may be written inline: while it is equal as JSON nothing is sent. A wrong argument is the view's `error`.
 * Takes a room's name, or a room: that one needs no provider. @throws Error without a provider for the name.
 */
export function usePresence<M = RegisteredMeta>(given: RoomName | ClientRoom<M>, options: RoomOptions<NoInfer<M>> = {}): RoomPresence<M> {
  const room = useRoom(given, options);
  const { meta, watch, present } = options;
  const [error, fail] = useState<ViewError>();
  /** The room that shows what I want to show. */
  const fit = useRef<ClientRoom<M>>(undefined);
  /** The room that was told a meta from here. */
  const told = useRef<ClientRoom<M>>(undefined);
  let text: unknown = meta;
  try {
    text = JSON.stringify(meta);
  } catch {
    // `update` says what is wrong with it.
  }
  // Before the subscription, so that the first that others see of me has its meta.
  useEffect(() => {
    let problem;
    try {
      const given = meta !== undefined;
      // To take it back is to show what a server makes of none.
      if (given || told.current === room) room.update(given ? meta : {} as M);
      told.current = given ? room : undefined;
      fit.current = room;
    } catch (thrown) {
      problem = wrong(thrown);
    }
    fail(problem);
    // `text` stands for `meta`, which is another object at each render; a function has none, as nothing has.
  }, [room, text, typeof meta]);
  const subscribe = useCallback(
    // With meta that can't be sent I stay as I was, and don't come in without what I should show.
    (listener: () => void) => room.subscribe(listener, { watch, present: fit.current === room ? present : false }),
    [room, watch, present, error],
  );
  const view = useSyncExternalStore(subscribe, room.getSnapshot, room.getServerSnapshot);
  return useMemo(() => {
    const { update, leave, enter } = room;
    // Not spread: the list is sorted when it is first looked at.
    const shown: PropertyDescriptorMap = Object.getOwnPropertyDescriptors(view);
    if (error) shown.error = { value: error, enumerable: true };
    return Object.defineProperties({ update, leave, enter }, shown) as RoomPresence<M>;
  }, [room, view, error]);
}

/**
 * The people of a room, or what `selector` makes of them; undefined while they are not known. I am not in the room by it.
 * Drawn again only when the selection is another by `isEqual`; by default lists and plain objects are compared one level deep.
 * What the selector throws goes to the nearest error boundary. @throws Error without a provider for a room's name.
 */
export function useUsers<M = RegisteredMeta>(given: RoomName | ClientRoom<M>): readonly User<M>[] | undefined;
export function useUsers<T, M = RegisteredMeta>(given: RoomName | ClientRoom<M>, selector: (users: readonly User<M>[]) => T, isEqual?: (a: T, b: T) => boolean): T | undefined;
export function useUsers<T, M>(given: RoomName | ClientRoom<M>, selector?: (users: readonly User<M>[]) => T, isEqual: (a: T, b: T) => boolean = alike): T | undefined {
  const shown = useRef<T>(undefined);
  const select = useMemo(() => {
    let last: View<M>["users"];
    let value = shown.current;
    return ({ users }: View<M>): T | undefined => {
      if (users === last) return users && value;
      const next = users && (selector ? selector(users) : users as T);
      value = value !== undefined && next !== undefined && isEqual(value, next) ? value : next;
      // Not before: what threw throws again when React draws, and there its boundaries catch.
      last = users;
      return value;
    };
  }, [selector, isEqual]);
  const value = useView(useRoom(given), select, "users");
  useEffect(() => {
    shown.current = value;
  });
  return value;
}

/** How many people are in a room; undefined while it is not known. It asks for numbers only, and I am not in the room by it. @throws Error without a provider for a room's name. */
export function useUserCount<M = RegisteredMeta>(given: RoomName | ClientRoom<M>): number | undefined {
  return useView(useRoom(given), ({ userCount }) => userCount, "count");
}

/**
 * Calls the listener, always that of the latest render, for each thing that a person would notice. I am not in the room by it.
 * What it throws goes to the nearest error boundary. @throws Error without a provider for a room's name.
 */
export function useChanges<M = RegisteredMeta>(given: RoomName | ClientRoom<M>, listener: (change: Change<M>) => void): void {
  const room = useRoom(given);
  const latest = useRef(listener);
  const [, fail] = useState();
  useEffect(() => {
    latest.current = listener;
  });
  useEffect(() => room.onChange((change) => {
    try {
      latest.current(change);
    } catch (error) {
      // Where React draws, its boundaries catch.
      fail(() => { throw error; });
    }
  }, { present: false }), [room]);
}

function useRoom<M>(given: RoomName | ClientRoom<M>, options: RoomOptions<M> = {}): ClientRoom<M> {
  const client = useContext(ClientContext);
  if (!client && !(given as Partial<ClientRoom<M>> | undefined | null)?.subscribe) throw Error("headcount: a room's name needs a <PresenceProvider>");
  return givenRoom(client, given, options);
}

/** What a view that only looks shows. */
function useView<M, T>(room: ClientRoom<M>, select: (view: View<M>) => T, watch: Watch): T {
  const subscribe = useCallback((listener: () => void) => room.subscribe(listener, { watch, present: false }), [room, watch]);
  return useSyncExternalStore(subscribe, () => select(room.getSnapshot()), () => select(room.getServerSnapshot()));
}

/** Lists and plain objects with the same items. Of a `Map` or a `Date` the items don't tell. */
function alike(a: unknown, b: unknown): boolean {
  const mine = itemsOf(a);
  const theirs = itemsOf(b);
  return Object.is(a, b) || (!!mine && mine.length === theirs?.length && mine.every((item, i) => Object.is(item, theirs[i])));
}

function itemsOf(value: unknown): unknown[] | undefined {
  return Array.isArray(value) ? value : (value as object | undefined)?.constructor === Object ? Object.entries(value as object).flat() : undefined;
}
