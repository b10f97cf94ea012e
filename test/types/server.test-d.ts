import { describe, expectTypeOf, it } from "vitest";
import { z } from "zod";
import { createRegistry, memoryLog, type Identity, type KnownIdentity, type Link, type Registry, type RegistryEvents, type Verdict, type Wire } from "../../src/server/index.js";
import type { Room, User } from "../../src/core/room.js";
import type { Reason } from "../../src/core/event.js";

type Meta = { readonly name: string; readonly level?: number };

declare const wire: Wire<{ readonly id: number }>;

describe("the registry's types", () => {
  it("knows every room with a log of its own, and may not with another", () => {
    const own = createRegistry<Meta>();
    expectTypeOf(own).toEqualTypeOf<Registry<Meta>>();
    expectTypeOf(own.userCount("r")).toEqualTypeOf<number>();
    expectTypeOf(own.users("r")).toEqualTypeOf<readonly User<Meta>[]>();
    const shared = createRegistry<Meta>({ log: memoryLog<Meta>() });
    expectTypeOf(shared.userCount("r")).toEqualTypeOf<number | undefined>();
    expectTypeOf(shared.users("r")).toEqualTypeOf<readonly User<Meta>[] | undefined>();
    expectTypeOf(own.query("r")).resolves.toEqualTypeOf<Room<Meta>>();
    // What adapters take.
    expectTypeOf(own).toExtend<Registry<Meta, unknown>>();
    expectTypeOf(shared).toExtend<Registry<Meta, unknown>>();
  });

  it("infers meta from a schema, once, and carries it through", () => {
    const registry = createRegistry({ meta: z.object({ name: z.string(), level: z.coerce.number() }) });
    expectTypeOf(registry).toEqualTypeOf<Registry<{ name: string; level: number }>>();
    registry.on("updated", ({ meta, previous }) => {
      expectTypeOf(meta).toEqualTypeOf<{ name: string; level: number }>();
      expectTypeOf(previous).toEqualTypeOf<{ name: string; level: number }>();
    });
    const link = registry.open({ wire, peer: { id: 1 } });
    expectTypeOf(link).toEqualTypeOf<Link<{ name: string; level: number }>>();
    // @ts-expect-error the level is missing
    void link.update("r", { name: "Ann" });
    // @ts-expect-error the peer is another wire's
    registry.open({ wire, peer: "1" });
  });

  it("gives autoJoin a user that is a string, as it is at run time", () => {
    const registry = createRegistry<Meta>();
    registry.open({
      wire, peer: { id: 1 }, user: 42,
      autoJoin: (identity) => {
        expectTypeOf(identity).toEqualTypeOf<KnownIdentity<Meta>>();
        expectTypeOf(identity.user).toEqualTypeOf<string>();
        return `home of ${identity.user.toUpperCase()}`;
      },
    });
    expectTypeOf<Parameters<Registry<Meta>["isOnlineHere"]>>().toEqualTypeOf<[user: string | number]>();
  });

  it("says what each event carries", () => {
    expectTypeOf<RegistryEvents<Meta>["left"]["since"]>().toEqualTypeOf<number>();
    expectTypeOf<RegistryEvents<Meta>["left"]["reason"]>().toEqualTypeOf<Reason | undefined>();
    expectTypeOf<RegistryEvents<Meta>["joined"]>().not.toHaveProperty("since");
    expectTypeOf<RegistryEvents<Meta>["connected"]["context"]>().toEqualTypeOf<unknown>();
    const registry = createRegistry<Meta>();
    expectTypeOf(registry.on("joined", () => undefined)).toEqualTypeOf<() => void>();
    // @ts-expect-error there is no such event
    registry.on("arrived", () => undefined);
  });

  it("takes answers at once or later, and no others", () => {
    expectTypeOf<Identity<Meta>>().toExtend<{ readonly user: string | number }>();
    expectTypeOf<Verdict>().toEqualTypeOf<boolean | { readonly code: string; readonly message: string }>();
    const registry = createRegistry<Meta>();
    registry.open({ wire, peer: { id: 1 }, identify: async () => Promise.resolve({ user: 1, meta: { level: 2 } }), authorize: ({ watch }) => watch === "count", autoJoin: ({ user }) => [`of-${user}`] });
    // @ts-expect-error meta has no such member
    registry.open({ wire, peer: { id: 1 }, user: 1, meta: { role: "admin" } });
    // @ts-expect-error a verdict is no number
    registry.open({ wire, peer: { id: 1 }, authorize: () => 1 });
    // @ts-expect-error there is no such option
    createRegistry({ graze: 5 });
  });
});
