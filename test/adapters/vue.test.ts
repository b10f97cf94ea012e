// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createApp, createSSRApp, defineAsyncComponent, effectScope, h, isShallow, KeepAlive, nextTick, onMounted, reactive, ref, shallowRef, type App } from "vue";
import { renderToString } from "vue/server-renderer";
import { presenceKey, usePresence, useUserCount } from "../../src/adapters/vue.js";
import { createTestRegistry, fakeRoom } from "../../src/testing/fakes/index.js";

type Meta = { readonly name: string };

describe("Vue", () => {
  const warnings: string[] = [];
  const apps: App[] = [];
  beforeEach(() => {
    vi.spyOn(console, "warn").mockImplementation((...words) => void warnings.push(words.map(String).join(" ")));
  });
  afterEach(() => {
    for (const app of apps.splice(0)) app.unmount();
    document.body.replaceChildren();
    vi.restoreAllMocks();
    expect(warnings.splice(0)).toEqual([]);
  });

  function page() {
    const test = createTestRegistry<Meta>({ grace: 0, settle: 0 });
    const told: string[] = [];
    for (const event of ["joined", "left", "updated"] as const) test.registry.on(event, ({ room, user, meta }) => told.push(`${event} ${room} ${user} ${(meta as Meta | undefined)?.name ?? "-"}`));
    const ann = test.tab("ann");
    const pass = (ms: number): Promise<void> => { test.advance(ms); return nextTick(); };
    const mount = (setup: () => () => unknown): App => {
      const app = createApp({ setup }).provide(presenceKey, ann.client);
      app.mount(document.body.appendChild(document.createElement("div")));
      apps.push(app);
      return app;
    };
    return { ...test, told, ann, pass, mount };
  }
  const text = (): string => document.body.textContent ?? "";

  it("[U1] is in the room while the component is mounted, and `linger` more", async () => {
    const { mount, pass, told } = page();
    const app = mount(() => {
      const { status, users, view } = usePresence<Meta>("r", { meta: { name: "Ann" } });
      expect(isShallow(view)).toBe(true);
      return () => h("p", `${status.value} ${users.value?.map(({ meta }) => meta.name).join() ?? "?"}`);
    });
    await pass(100);
    expect(text()).toBe("live Ann");
    app.unmount();
    apps.length = 0;
    await pass(990);
    expect(told).toEqual(["joined r ann Ann"]);
    await pass(100);
    expect(told).toEqual(["joined r ann Ann", "left r ann Ann"]);
  });

  it("[U2] follows a room and meta that are refs or getters, deep changes included; equal meta is not told", async () => {
    const { mount, pass, told } = page();
    const room = ref("a");
    const me = reactive({ name: "Ann" });
    mount(() => {
      const { users } = usePresence<Meta>(room, { meta: () => me });
      return () => users.value?.length ?? "?";
    });
    await pass(100);
    me.name = "Anna";
    await nextTick();
    await pass(200);
    expect(told.splice(0)).toEqual(["joined a ann Ann", "updated a ann Anna"]);
    me.name = "Anna";
    room.value = "b";
    await nextTick();
    await pass(2_000);
    expect(told).toEqual(["joined b ann Anna", "left a ann Anna"]);
    expect(text()).toBe("1");
  });

  it("[U2] meta that is taken back is shown no more; who gave none takes back nobody's", async () => {
    const { mount, pass, told } = page();
    const name = ref<string | undefined>("Ann");
    const Named = { setup: () => { usePresence<Meta | undefined>("r", { meta: () => (name.value === undefined ? undefined : { name: name.value }) }); return () => null; } };
    const Other = { setup: () => { usePresence<Meta>("r"); return () => null; } };
    mount(() => () => [h(Named), h(Other)]);
    await pass(200);
    expect(told).toEqual(["joined r ann Ann"]);
    name.value = undefined;
    await nextTick();
    await pass(200);
    expect(told.slice(1)).toEqual(["updated r ann -"]);
  });

  it("[U2] `present` and `watch` are followed", async () => {
    const { mount, pass, registry } = page();
    const present = ref(false);
    const mode = ref<"users" | "count">("users");
    mount(() => {
      const { users, userCount } = usePresence<Meta>("r", { present, watch: () => mode.value });
      return () => `${users.value?.length ?? "?"} of ${userCount.value ?? "?"}`;
    });
    await pass(100);
    expect([text(), registry.userCount("r")]).toEqual(["0 of 0", 0]);
    present.value = true;
    await nextTick();
    await pass(100);
    expect([text(), registry.userCount("r")]).toEqual(["1 of 1", 1]);
    mode.value = "count";
    await nextTick();
    await pass(2_000);
    expect([text(), registry.userCount("r")]).toEqual(["? of 1", 1]);
  });

  it("[U1] is in the room when it is asked for in onMounted, as a store is that is first needed there", async () => {
    const { mount, pass, registry, ann } = page();
    const scope = effectScope(true);
    mount(() => {
      onMounted(() => {
        usePresence<Meta>(ann.room("a"));
        scope.run(() => usePresence<Meta>(ann.room("b")));
      });
      return () => "";
    });
    await pass(100);
    expect([registry.userCount("a"), registry.userCount("b")]).toEqual([1, 1]);
    scope.stop();
  });

  it("[U1] what KeepAlive has put away is not in the room, and is again when it is shown; a count follows nothing meanwhile", async () => {
    const { mount, pass, told, tab } = page();
    const Here = { setup: () => { const { users, status } = usePresence<Meta>("r", { meta: { name: "Ann" } }); return () => `${status.value} ${users.value?.length ?? "?"}`; } };
    const Badge = { setup: () => { const count = useUserCount("r"); return () => `badge ${count.value ?? "…"}`; } };
    const shown = ref(true);
    mount(() => () => h(KeepAlive, () => (shown.value ? h(Here) : h(Badge))));
    await pass(100);
    expect(text()).toBe("live 1");
    shown.value = false;
    await nextTick();
    await pass(2_000);
    expect([text(), told.splice(0)]).toEqual(["badge 0", ["joined r ann Ann", "left r ann Ann"]]);
    tab("bob").room("r").subscribe(() => undefined);
    await pass(200);
    shown.value = true;
    await nextTick();
    await pass(200);
    expect([text(), told]).toEqual(["live 2", ["joined r bob -", "joined r ann Ann"]]);
  });

  it("[U3] a count asks for numbers only, and is not present", async () => {
    const { mount, pass, registry, tab } = page();
    tab("bob").room("r", { meta: { name: "Bob" } }).subscribe(() => undefined);
    mount(() => {
      const count = useUserCount("r");
      return () => String(count.value ?? "…");
    });
    expect(text()).toBe("…");
    await pass(100);
    expect([text(), registry.userCount("r")]).toEqual(["1", 1]);
  });

  it("[U1] update, leave and enter act on the room of the moment; a scope without a component is enough", () => {
    const { ann, told, advance } = page();
    const scope = effectScope();
    const { view, update, leave, enter } = scope.run(() => usePresence<Meta>(ann.room("r")))!;
    advance(100);
    expect(view.value.userCount).toBe(1);
    update({ name: "Ann" });
    advance(200);
    leave();
    advance(200);
    void enter();
    advance(200);
    leave();
    scope.stop();
    advance(2_000);
    expect(told).toEqual(["joined r ann -", "updated r ann Ann", "left r ann Ann", "joined r ann Ann", "left r ann Ann"]);
    expect(ann.room("r").getSnapshot().status).toBe("idle");
  });

  it("[U1] a scope made in a component's setup, as a shared composable's or a store's, is in the room for as long as the scope", async () => {
    const { mount, pass, ann, registry, advance } = page();
    const scope = effectScope(true);
    let shared: ReturnType<typeof usePresence<Meta>> | undefined;
    const Part = { setup: () => { const { userCount } = shared ??= scope.run(() => usePresence<Meta>(ann.room("r")))!; return () => `${userCount.value} `; } };
    const both = ref(true);
    mount(() => () => [both.value ? h(Part) : null, h(Part)]);
    await pass(100);
    expect(text()).toBe("1 1 ");
    // The one in whose setup it was made.
    both.value = false;
    await nextTick();
    await pass(2_000);
    expect([text(), registry.userCount("r")]).toEqual(["1 ", 1]);
    scope.stop();
    advance(2_000);
    expect(registry.userCount("r")).toBe(0);
  });

  it("[U6] the server draws what `initial` says and joins nothing; the page takes it over without a warning", async () => {
    const { registry, tab, advance, told } = page();
    tab("bob").room("r", { meta: { name: "Bob" } }).subscribe(() => undefined);
    advance(100);
    const initial = registry.snapshot("r");
    const make = (): App => createSSRApp({
      setup() {
        const { users } = usePresence<Meta>("r", { initial, meta: { name: "Ann" } });
        const count = useUserCount("r");
        return () => h("p", `${users.value?.map(({ id }) => id).join() ?? "?"} ${count.value ?? "?"}`);
      },
    }).provide(presenceKey, tab("ann").client);
    const html = await renderToString(make());
    advance(2_000);
    expect([html, told]).toEqual(["<p>bob 1</p>", ["joined r bob Bob"]]);
    const div = document.body.appendChild(document.createElement("div"));
    div.innerHTML = html;
    const app = make();
    apps.push(app);
    app.mount(div);
    advance(200);
    await nextTick();
    expect(text()).toBe("bob,ann 2");
  });

  it("[U6] a part that is taken over late, when the room is live, first draws what the server drew", async () => {
    const test = createTestRegistry<Meta>({ grace: 0, settle: 0 });
    test.tab("bob").room("r").subscribe(() => undefined);
    test.advance(200);
    const initial = JSON.parse(JSON.stringify(test.registry.snapshot("r"))) as NonNullable<ReturnType<typeof test.registry.snapshot>>;
    const Head = { setup: () => { const { userCount } = usePresence<Meta>("r", { initial }); return () => h("b", userCount.value); } };
    const List = { setup: () => { const { users } = usePresence<Meta>("r", { initial }); const count = useUserCount("r"); return () => h("p", `${users.value?.map(({ id }) => id).join() ?? "?"} ${count.value ?? "…"}`); } };
    const html = await renderToString(createSSRApp({ render: () => h("div", [h(Head), h(List)]) }).provide(presenceKey, test.tab("server").client));
    let release!: (part: typeof List) => void;
    const Late = defineAsyncComponent(() => new Promise<typeof List>((resolve) => { release = resolve; }));
    const app = createSSRApp({ render: () => h("div", [h(Head), h(Late)]) }).provide(presenceKey, test.tab("ann").client);
    apps.push(app);
    const div = document.body.appendChild(document.createElement("div"));
    div.innerHTML = html;
    app.mount(div);
    test.advance(500);
    await nextTick();
    expect(text()).toBe("2bob 1");
    release(List);
    await vi.waitFor(() => { expect(text()).toBe("2bob,ann 2"); });
    expect(warnings).toEqual([]);
  });

  it("[U8] without a client an error names what is missing; a wrong argument is an error in the view and one warning", async () => {
    const { mount, pass, told } = page();
    const scope = effectScope();
    expect(() => scope.run(() => useUserCount("r"))).toThrow("presenceKey");
    expect(() => scope.run(() => useUserCount(ref(null) as never))).toThrow("presenceKey");
    const meta = ref<unknown>(() => 1);
    mount(() => {
      const a = usePresence("r", { wacth: "count" } as object);
      const b = usePresence("s", { meta: () => meta.value });
      return () => `${a.status.value} ${a.error.value?.code} ${b.error.value?.code}`;
    });
    await nextTick();
    await pass(2_000);
    expect([text(), told]).toEqual(["idle bad_option bad_option", []]);
    expect(warnings.splice(0).length).toBe(2);
    meta.value = { name: "Ann" };
    await nextTick();
    await pass(200);
    expect([text(), told]).toEqual(["idle bad_option undefined", ["joined s ann Ann"]]);
  });

  it("[U2] what `update` said stands while the argument is equal as JSON, also after one that could not be sent", async () => {
    const { mount, pass, told } = page();
    const user = shallowRef<Record<string, unknown>>({ name: "Ann" });
    let update!: (meta: Meta) => void;
    let error: unknown;
    mount(() => {
      const presence = usePresence<Meta>("r", { meta: () => ({ ...user.value }) as Meta });
      ({ update } = presence);
      return () => { error = presence.error.value?.message; return ""; };
    });
    await pass(200);
    update({ name: "typing" });
    await pass(200);
    user.value = { name: "Ann" };
    await nextTick();
    await pass(200);
    expect(told.splice(0)).toEqual(["joined r ann Ann", "updated r ann typing"]);
    user.value = { name: 1n };
    await nextTick();
    await pass(200);
    expect([error, told.splice(0)]).toEqual(["headcount: \"meta\" must be JSON", []]);
    user.value = { name: "Ann" };
    await nextTick();
    await pass(200);
    expect([error, told]).toEqual([undefined, ["updated r ann Ann"]]);
  });

  it("[U1] leaves no listener behind", () => {
    const room = fakeRoom<Meta>();
    const scope = effectScope();
    const count = scope.run(() => { usePresence(room); return useUserCount(room); })!;
    room.show({ users: [{ id: "ann", meta: { name: "" } }] });
    expect([count.value, room.listeners()]).toEqual([1, 2]);
    scope.stop();
    expect(room.listeners()).toBe(0);
  });
});
