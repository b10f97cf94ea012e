import {
  computed, effectScope, getCurrentInstance, getCurrentScope, hasInjectionContext, inject, onActivated, onDeactivated, onMounted, shallowRef, toValue, watch,
  type ComputedRef, type EffectScope, type InjectionKey, type MaybeRefOrGetter, type ShallowRef,
} from "vue";
import { givenRoom, wrong } from "../client/given-room.js";
import { badOption } from "../client/option.js";
import type { Client, ClientRoom, RoomOptions, SubscribeOptions, View } from "../client/index.js";
import type { RoomName } from "../core/event.js";

/** `app.provide(presenceKey, client)`: the client whose rooms are named below. It is never closed here: who made it does. */
export const presenceKey: InjectionKey<Client> = Symbol("headcount");

/** As a room's, but that all except `initial` may be refs or getters, and are followed; `meta` is told when it is another as JSON. */
export type PresenceOptions<M> = Pick<RoomOptions<M>, "initial"> & { readonly [K in "meta" | "watch" | "present"]?: MaybeRefOrGetter<RoomOptions<M>[K]> | undefined };

/** The view, whole and in parts, and what can be done with its room: functions that follow the room. */
export type RoomPresence<M> = { readonly [K in keyof View<M>]: ComputedRef<View<M>[K]> } & Pick<ClientRoom<M>, "update" | "leave" | "enter"> & {
  readonly view: Readonly<ShallowRef<View<M>>>;
};

const PARTS = ["status", "users", "userCount", "connectionCount", "room", "self", "limited", "staleSince", "error"] as const satisfies readonly (keyof View<unknown>)[];

/**
 * I am in the room until the scope ends, and `linger` ms more. On a server nothing is joined: the view is what `initial` says.
 * Takes a room's name, or a room, each also as a ref or a getter; a room needs no `presenceKey`. A wrong argument is the view's `error`.
 * In a setup function of your own it is called before the first `await`, after which nothing ends it (`<script setup>` sees to that itself).
 * @throws Error where a name is given and no client provided.
 */
export function usePresence<M = unknown>(given: MaybeRefOrGetter<RoomName | ClientRoom<M>>, { meta, watch: mode, present, ...options }: PresenceOptions<M> = {}): RoomPresence<M> {
  const asked = (): SubscribeOptions => ({ watch: toValue(mode), present: toValue(present) });
  const room = useRoom(given, () => ({ ...asked(), ...options }));
  const view = shallowRef(firstOf(room.value));
  /** The meta that the room was told from here last, as JSON: an equal one must not undo what `update` said since. */
  let told: string | undefined;
  const problem = shallowRef<View<M>["error"]>();
  /** The room that shows what I want to show. */
  let fit: ClientRoom<M> | undefined;
  whenMounted(() => {
    // Before the subscription, so that the first that others see of me has its meta.
    watch([room, () => toValue(meta)], ([now, shown], [was]) => {
      const last = now === was ? told : undefined;
      told = undefined;
      try {
        const text = JSON.stringify(shown) as string | undefined;
        // To take it back is to show what a server makes of none.
        if (last ? text !== last : shown !== undefined) now.update(shown === undefined ? {} as M : shown);
        told = text;
        fit = now;
        problem.value = undefined;
      } catch {
        problem.value = wrong(badOption("meta", "JSON"));
      }
    }, { immediate: true, deep: true });
    // With meta that can't be sent I stay as I was, and don't come in without what I should show.
    follow(room, view, (seen) => seen, (now) => ({ ...asked(), ...(problem.value && fit !== now && { present: false }) }));
  });
  const parts = PARTS.map((part) => [part, computed(() => (part === "error" ? (problem.value ?? view.value.error) : view.value[part]))]);
  return {
    ...(Object.fromEntries(parts) as { readonly [K in keyof View<M>]: ComputedRef<View<M>[K]> }),
    view,
    update: (told) => { room.value.update(told); },
    leave: () => { room.value.leave(); },
    enter: () => room.value.enter(),
  };
}

/** How many people are in a room; undefined while it is not known. It asks for numbers only, and I am not in the room by it. @throws Error where a name is given and no client provided. */
export function useUserCount<M = unknown>(given: MaybeRefOrGetter<RoomName | ClientRoom<M>>): Readonly<ShallowRef<number | undefined>> {
  const room = useRoom(given);
  const count = shallowRef(firstOf(room.value).userCount);
  whenMounted(() => { follow(room, count, ({ userCount }) => userCount, () => ({ watch: "count", present: false })); });
  return count;
}

function useRoom<M>(given: MaybeRefOrGetter<RoomName | ClientRoom<M>>, options: () => RoomOptions<M> = () => ({})): ComputedRef<ClientRoom<M>> {
  const client = hasInjectionContext() ? inject(presenceKey, undefined) : undefined;
  return computed(() => {
    const named = toValue(given);
    if (!client && !(named as Partial<ClientRoom<M>> | undefined | null)?.subscribe) throw Error("headcount: a room's name needs app.provide(presenceKey, client)");
    return givenRoom(client, named, options());
  });
}

/** Never on a server. In a scope of its own at once, for there nothing is mounted. What `<KeepAlive>` has put away is not mounted. */
function whenMounted(start: () => void): void {
  const instance = getCurrentInstance() as { readonly scope?: unknown; readonly isMounted?: boolean } | null;
  if (!instance) {
    start();
    return;
  }
  // A scope that was made in a component's setup, as those of shared composables and stores, may end before or after the component.
  const scope = getCurrentScope();
  let inner: EffectScope | undefined;
  const begin = (): void => {
    if (!inner) scope?.run(() => { (inner = effectScope()).run(start); });
  };
  if (instance.isMounted) begin();
  else onMounted(begin);
  if (scope !== instance.scope) return;
  onActivated(begin);
  onDeactivated(() => {
    inner?.stop();
    inner = undefined;
  });
}

/** Shows what the room shows, until the scope ends. */
function follow<M, T>(room: ComputedRef<ClientRoom<M>>, shown: ShallowRef<T>, select: (view: View<M>) => T, ask: (room: ClientRoom<M>) => SubscribeOptions): void {
  watch(() => [room.value, ask(room.value)] as const, ([now, asked], _, onCleanup) => {
    const show = (): void => { shown.value = select(now.getSnapshot()); };
    show();
    onCleanup(now.subscribe(show, asked));
  }, { immediate: true });
}

/** What takes over a server's HTML first draws the same. */
function firstOf<M>(room: ClientRoom<M>): View<M> {
  return room[getCurrentInstance()?.vnode.el ? "getServerSnapshot" : "getSnapshot"]();
}
