import { expectTypeOf } from "vitest";
import { usePresence, useChanges, useUserCount, useUsers } from "../../src/adapters/react.js";
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
