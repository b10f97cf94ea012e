import { expectTypeOf } from "vitest";
import { createElement } from "react";
import { defineUserPresence } from "../../src/adapters/element.js";
import { usePresence, UserPresence, useChanges, useUserCount, useUsers } from "../../src/adapters/react.js";
import { usePresence as usePresenceInVue } from "../../src/adapters/vue.js";
import type { ClientRoom } from "../../src/client/index.js";
import type { User } from "../../src/core/room.js";

/** Checked by the compiler alone; nothing of this runs. What `Register` says is checked with the package, for it would hold for all of these files. */
type Meta = { readonly name: string };
declare const room: ClientRoom<Meta>;

// From the room to the selector.
expectTypeOf(useUsers(room)).toEqualTypeOf<readonly User<Meta>[] | undefined>();
expectTypeOf(useUsers(room, (users) => users.map(({ meta }) => meta.name))).toEqualTypeOf<string[] | undefined>();
expectTypeOf(useUsers(room, (users) => users.length, (a, b) => a - b < 2)).toEqualTypeOf<number | undefined>();
expectTypeOf(usePresence(room).users).toEqualTypeOf<readonly User<Meta>[] | undefined>();
expectTypeOf(usePresence(room).update).parameter(0).toEqualTypeOf<Meta>();
expectTypeOf(useUserCount(room)).toEqualTypeOf<number | undefined>();
useChanges(room, (change) => expectTypeOf(change.type === "updated" ? change.previous : change.meta).toEqualTypeOf<Meta>());

// Of a name it is what was registered, else what is said here; never `any`.
expectTypeOf(useUsers("r")).toEqualTypeOf<readonly User<unknown>[] | undefined>();
expectTypeOf(usePresence<Meta>("r").users).toEqualTypeOf<readonly User<Meta>[] | undefined>();

// The status tells what else there is.
const presence = usePresence(room);
if (presence.status === "stale") expectTypeOf(presence.staleSince).toBeNumber();
// @ts-expect-error another meta than the room's
usePresence(room, { meta: { name: 1 } });
// @ts-expect-error there is no such option
usePresence(room, { wacth: "count" });
// @ts-expect-error there is no such mode
usePresence(room, { watch: "all" });

expectTypeOf(usePresenceInVue(room).users.value).toEqualTypeOf<readonly User<Meta>[] | undefined>();
expectTypeOf(usePresenceInVue<Meta>(() => "r", { meta: () => ({ name: "ann" }) }).update).parameter(0).toEqualTypeOf<Meta>();

// The component's `person` knows the room's meta, or what is said here; `Register` is checked with the package.
createElement(UserPresence<Meta>, { room, person: ({ meta }) => ({ name: meta.name.toUpperCase() }) });
UserPresence({ room, person: ({ meta }) => { expectTypeOf(meta).toEqualTypeOf<Meta>(); return { name: meta.name }; } });
UserPresence({ room: "r", person: ({ meta }) => { expectTypeOf(meta).toEqualTypeOf<unknown>(); return {}; } });
UserPresence({ room, meta: { name: "ann" }, className: undefined, watchOnly: true });
// @ts-expect-error another meta than the room's
UserPresence({ room, meta: { name: 1 } });
// @ts-expect-error a room is needed
UserPresence({ max: 3 });
// @ts-expect-error there is no such word
UserPresence({ room, words: { hier: "da" } });

// The tag's options know the meta of the one room, or of what is said.
defineUserPresence({ presence: room, person: ({ meta }) => { expectTypeOf(meta).toEqualTypeOf<Meta>(); return { name: meta.name, picture: 7 }; } });
defineUserPresence<Meta>({ client: (element) => { expectTypeOf(element).toEqualTypeOf<HTMLElement>(); return { room: () => { throw Error(); } }; }, person: ({ meta }) => ({ name: meta.name }) });
defineUserPresence({ presence: room, words: { here: (shown, count) => `${shown}${count.toFixed()}` }, locale: undefined });
// @ts-expect-error there is no such option
defineUserPresence({ presence: room, base: "/" });
// @ts-expect-error a client, not its address
defineUserPresence({ client: "ws://localhost" });
