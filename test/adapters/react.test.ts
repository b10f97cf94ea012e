// @vitest-environment jsdom
import type { ReactNode } from "react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Change, ClientRoom, RoomOptions } from "../../src/client/index.js";
import { createTestRegistry, fakeRoom } from "../../src/testing/fakes/index.js";
import { react18, react19 } from "../support/reacts.js";
import { until } from "../support/until.js";

vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);

type Meta = { readonly name: string };

describe.each([["19", react19], ["18", await react18()]])("React %s", (_version, { React, dom, server, hooks }) => {
  const { act, createElement: h, Component, Suspense, useState, startTransition } = React;
  const { PresenceProvider, useChanges, usePresence, useUserCount, useUsers } = hooks;
  const Strict = React.StrictMode;
  const complaints: string[] = [];
  const warnings: string[] = [];
  let unmounts: (() => void)[] = [];

  beforeEach(() => {
    vi.spyOn(console, "error").mockImplementation((...words) => void complaints.push(words.map(String).join(" ")));
    vi.spyOn(console, "warn").mockImplementation((...words) => void warnings.push(words.map(String).join(" ")));
  });
  afterEach(() => {
    for (const unmount of unmounts) unmount();
    unmounts = [];
    document.body.replaceChildren();
    vi.restoreAllMocks();
    expect(complaints.splice(0)).toEqual([]);
    warnings.length = 0;
  });

  /** Draws it; `draw` again draws something else in its place. */
  function mount(first: ReactNode) {
    const root = dom.createRoot(document.body.appendChild(document.createElement("div")));
    let mounted = true;
    const unmount = (): void => {
      if (mounted) act(() => root.unmount());
      mounted = false;
    };
    unmounts.push(unmount);
    const draw = (node: ReactNode): void => act(() => root.render(node));
    draw(first);
    return { draw, unmount };
  }

  /** A registry, and ann's page; everything that the registry told. */
  function page() {
    const test = createTestRegistry<Meta>({ grace: 0, settle: 0 });
    const told: string[] = [];
    for (const event of ["joined", "left", "updated"] as const) test.registry.on(event, ({ room, user, meta }) => told.push(`${event} ${room} ${user} ${(meta as Meta | undefined)?.name ?? "-"}`));
    const ann = test.tab("ann");
    const inPage = (node: ReactNode): ReactNode => h(PresenceProvider, { client: ann.client, children: node });
    const pass = (ms: number): void => act(() => test.advance(ms));
    return { ...test, ann, told, inPage, pass };
  }

  const Here = ({ room = "r", options, log }: { room?: string | ClientRoom<Meta>; options?: RoomOptions<Meta>; log?: string[] }) => {
    const { status, users } = usePresence<Meta>(room, options);
    const text = `${status} ${users?.map(({ id, meta }) => `${id}:${(meta as Meta | undefined)?.name ?? "-"}`).join() ?? "?"}`;
    log?.push(text);
    return h("p", null, text);
  };
  const Count = ({ room = "r" }: { room?: string }) => h("b", null, String(useUserCount(room) ?? "…"));
  const text = (): string => document.body.textContent ?? "";

  it("[U1, V10] [pain P24] StrictMode's double mount makes one join, shows no flicker and no leave; unmounting leaves after linger", () => {
    const { inPage, pass, told, registry } = page();
    const log: string[] = [];
    const { unmount } = mount(h(Strict, null, inPage(h(Here, { options: { meta: { name: "Ann" } }, log }))));
    pass(100);
    expect(text()).toBe("live ann:Ann");
    expect(log.filter((shown, i) => shown !== log[i - 1])).toEqual(["idle ?", "live ann:Ann"]);
    expect(told).toEqual(["joined r ann Ann"]);
    unmount();
    pass(999);
    expect(registry.userCount("r")).toBe(1);
    pass(100);
    expect(told).toEqual(["joined r ann Ann", "left r ann Ann"]);
  });

  it("[U1] several components share one membership, which lasts as long as the last of them", () => {
    const { inPage, pass, told, registry } = page();
    const { draw } = mount(inPage([h(Here, { key: 1 }), h(Here, { key: 2 }), h(Count, { key: 3 })]));
    pass(100);
    expect(text()).toBe("live ann:-live ann:-1");
    expect(registry.connectionCount("r")).toBe(1);
    draw(inPage([h(Here, { key: 2 })]));
    pass(2_000);
    expect(told).toEqual(["joined r ann -"]);
    expect(text()).toBe("live ann:-");
  });

  // React 18 has none.
  if (React.Activity) it("[U1] what an Activity has put away is not in the room, and is again when it is shown", () => {
    const { inPage, pass, told } = page();
    const shown = (mode: "visible" | "hidden"): ReactNode => inPage(h(React.Activity, { mode, children: h(Here, { options: { meta: { name: "Ann" } } }) }));
    const { draw } = mount(shown("visible"));
    pass(100);
    draw(shown("hidden"));
    pass(2_000);
    expect(told.splice(0)).toEqual(["joined r ann Ann", "left r ann Ann"]);
    draw(shown("visible"));
    pass(100);
    expect([text(), told]).toEqual(["live ann:Ann", ["joined r ann Ann"]]);
  });

  it("[U2] the room in props is the room one is in", () => {
    const { inPage, pass, told } = page();
    const { draw } = mount(inPage(h(Here, { room: "a" })));
    pass(100);
    draw(inPage(h(Here, { room: "b" })));
    pass(2_000);
    expect(text()).toBe("live ann:-");
    expect(told).toEqual(["joined a ann -", "joined b ann -", "left a ann -"]);
  });

  it("[U2] meta written inline is told when it is another as JSON, and is there from the first moment", () => {
    const { inPage, pass, told, ann } = page();
    const { draw } = mount(inPage(h(Here, { options: { meta: { name: "Ann" } } })));
    pass(100);
    for (let i = 0; i < 3; i++) draw(inPage(h(Here, { options: { meta: { name: "Ann" } } })));
    pass(100);
    expect(told).toEqual(["joined r ann Ann"]);
    draw(inPage(h(Here, { options: { meta: { name: "Anna" } } })));
    pass(200);
    expect(told.slice(1)).toEqual(["updated r ann Anna"]);
    // What was updated by hand stands until the props say something new.
    ann.room("r").update({ name: "A." });
    pass(200);
    draw(inPage(h(Here, { options: { meta: { name: "Anna" } } })));
    pass(200);
    expect(told.slice(2)).toEqual(["updated r ann A."]);
  });

  it("[U2] meta that is taken back is shown no more; who gave none takes back nobody's", () => {
    const { inPage, pass, told } = page();
    const two = (meta: Meta | undefined): ReactNode => inPage([h(Here, { key: 1, options: { meta } }), h(Here, { key: 2 })]);
    const { draw } = mount(two({ name: "Ann" }));
    pass(200);
    expect(told).toEqual(["joined r ann Ann"]);
    draw(two(undefined));
    pass(200);
    expect(told.slice(1)).toEqual(["updated r ann -"]);
    draw(two(undefined));
    pass(200);
    expect(told).toHaveLength(2);
  });

  it("[U2] `present` and `watch` in props are followed", () => {
    const { inPage, pass, registry } = page();
    const { draw } = mount(inPage(h(Here, { options: { present: false } })));
    pass(100);
    expect([text(), registry.userCount("r")]).toEqual(["live ", 0]);
    draw(inPage(h(Here, { options: { watch: "count" } })));
    pass(2_000);
    expect([text(), registry.userCount("r")]).toEqual(["live ?", 1]);
  });

  it("[U2] update, leave and enter are the same functions while the room is the same", () => {
    const { inPage, pass, told } = page();
    const seen = new Set<unknown>();
    let hold: { update: (meta: Meta) => void; leave: () => void; enter: () => Promise<void> } | undefined;
    const Hold = () => {
      hold = usePresence<Meta>("r");
      seen.add(hold.update).add(hold.leave).add(hold.enter);
      return null;
    };
    const { draw } = mount(inPage(h(Hold)));
    pass(100);
    draw(inPage(h(Hold)));
    act(() => hold!.update({ name: "Ann" }));
    pass(200);
    act(() => hold!.leave());
    pass(200);
    act(() => void hold!.enter());
    pass(200);
    expect(seen.size).toBe(3);
    expect(told).toEqual(["joined r ann -", "updated r ann Ann", "left r ann Ann", "joined r ann Ann"]);
  });

  it("[U3] a badge asks for numbers only, is not present, and makes nobody present whoever comes first", () => {
    const { inPage, pass, registry, tab } = page();
    tab("bob").room("r", { meta: { name: "Bob" } }).subscribe(() => undefined);
    const { draw } = mount(inPage(h(Count)));
    expect(text()).toBe("…");
    pass(100);
    expect(text()).toBe("1");
    draw(inPage([h(Count, { key: 1 }), h(Here, { key: 2 })]));
    pass(200);
    expect(text()).toBe("2live bob:Bob,ann:-");
    draw(inPage([h(Count, { key: 1 })]));
    pass(2_000);
    expect([text(), registry.userCount("r")]).toEqual(["1", 1]);
  });

  it("[U4] who selects is drawn again only when the selection changes, written inline or not", () => {
    const room = fakeRoom<Meta>({ users: [{ id: "ann", meta: { name: "Ann" } }] });
    const draws = { names: 0, count: 0, inline: 0, all: 0 };
    const byName = (users: readonly { meta: Meta }[]): string[] => users.map(({ meta }) => meta.name);
    const Names = () => { draws.names++; return h("i", null, useUsers(room, byName)?.join()); };
    const Inline = () => { draws.inline++; return h("i", null, useUsers(room, (users) => ({ first: users[0]?.id, ids: users.length }))?.ids); };
    const All = () => { draws.all++; return h("i", null, useUsers(room)?.length); };
    const Badge = () => { draws.count++; return h("i", null, useUserCount(room)); };
    mount([h(Names, { key: 1 }), h(Inline, { key: 2 }), h(All, { key: 3 }), h(Badge, { key: 4 })]);
    expect(draws).toEqual({ names: 1, count: 1, inline: 1, all: 1 });
    act(() => room.show({ users: [{ id: "ann", meta: { name: "Ann" }, connections: 2 }] }));
    expect(draws).toEqual({ names: 1, count: 1, inline: 1, all: 2 });
    act(() => room.show({ users: [{ id: "ann", meta: { name: "Anna" } }] }));
    expect(draws).toEqual({ names: 2, count: 1, inline: 1, all: 3 });
    act(() => room.show({ status: "stale", users: [{ id: "ann", meta: { name: "Anna" } }] }));
    expect(draws).toMatchObject({ names: 2, count: 1, inline: 1 });
    expect(text()).toBe("Anna111");
  });

  it("[U4] a selection is the same object across draws while it is equal, by `isEqual` where one is given; unknown stays undefined", () => {
    const room = fakeRoom<Meta>({ status: "syncing" });
    const seen: unknown[] = [];
    const sets: unknown[] = [];
    const Pick = () => {
      seen.push(useUsers(room, (users) => users.map(({ id }) => id), (a, b) => a.length === b.length));
      sets.push(useUsers(room, (users) => new Set(users.map(({ id }) => id))));
      return null;
    };
    const { draw } = mount(h(Pick));
    expect(seen).toEqual([undefined]);
    act(() => room.show({ users: [{ id: "ann", meta: { name: "" } }] }));
    draw(h(Pick));
    act(() => room.show({ users: [{ id: "bob", meta: { name: "" } }] }));
    expect(seen.slice(1)).toEqual([["ann"], ["ann"], ["ann"]]);
    expect(new Set(seen.slice(1)).size).toBe(1);
    expect(sets.at(-1)).toEqual(new Set(["bob"]));
  });

  it("[U5] nothing tears: what is drawn in slices, in a transition, shows one view though it changes in between", async () => {
    vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", false);
    const users = (n: number) => ({ users: Array.from({ length: n }, (_, i) => ({ id: `u${i}`, meta: { name: "" } })) });
    const room = fakeRoom<Meta>(users(1));
    const commits: string[] = [];
    let changed = false;
    const Slow = ({ at }: { at: number }) => {
      const count = useUserCount(room);
      const [first] = useUsers(room, (all) => [all.length]) ?? [];
      if (at === 3 && !changed) {
        changed = true;
        // Before React goes on with its next slice.
        setImmediate(() => room.show(users(2)));
      }
      // Longer than a slice.
      for (const end = performance.now() + 8; performance.now() < end; );
      return h("u", null, `${count}${first}`);
    };
    let open!: (on: boolean) => void;
    const App = () => {
      const [on, set] = useState(false);
      open = set;
      React.useLayoutEffect(() => { commits.push(text()); });
      return on ? Array.from({ length: 6 }, (_, at) => h(Slow, { key: at, at })) : null;
    };
    const root = dom.createRoot(document.body.appendChild(document.createElement("div")));
    root.render(h(App));
    await until(() => expect(commits).toEqual([""]));
    startTransition(() => open(true));
    await until(() => expect(text()).toBe("22".repeat(6)));
    expect(commits.slice(1)).toEqual(["22".repeat(6)]);
    expect(changed).toBe(true);
    root.unmount();
    vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  });

  it("[U5] what suspends in a transition shows the view of the moment at which it is there", async () => {
    const room = fakeRoom<Meta>({ users: [] });
    let go!: () => void;
    let ready = false;
    const waiting = new Promise<void>((resolve) => { go = () => { ready = true; resolve(); }; });
    const Lazy = () => {
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- how Suspense is asked to wait, in both versions
      if (!ready) throw waiting;
      return h(Part);
    };
    const Part = () => h("u", null, String(useUserCount(room)));
    let open!: (on: boolean) => void;
    const App = () => {
      const [on, set] = useState(false);
      open = set;
      return [h(Part, { key: 1 }), h(Suspense, { key: 2, fallback: h("u", null, "wait") }, on ? h(Lazy) : h(Part)), h(Part, { key: 3 })];
    };
    mount(h(App));
    const users = (n: number) => ({ users: Array.from({ length: n }, (_, i) => ({ id: `u${i}`, meta: { name: "" } })) });
    act(() => {
      startTransition(() => open(true));
      room.show(users(1));
    });
    expect(text()).toBe("111");
    act(() => room.show(users(2)));
    await act(() => { go(); return waiting; });
    act(() => room.show(users(3)));
    expect(text()).toBe("333");
    expect(room.listeners()).toBe(3);
  });

  it("[U5] a draw that is given up joins nothing", () => {
    const { inPage, pass, told } = page();
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- as above
    const Never = (): null => { throw new Promise(() => undefined); };
    mount(inPage(h(Suspense, { fallback: "wait" }, [h(Here, { key: 1 }), h(Never, { key: 2 })])));
    pass(2_000);
    expect([text(), told]).toEqual(["wait", []]);
  });

  it("[U6] the server draws what `initial` says, and the page takes it over without a word of complaint", async () => {
    const { registry, tab, pass } = page();
    tab("bob").room("r", { meta: { name: "Bob" } }).subscribe(() => undefined);
    pass(100);
    const initial = registry.snapshot("r");
    const App = ({ client }: { client: typeof ann.client }) => h(PresenceProvider, { client }, h(Here, { options: { initial, meta: { name: "Ann" } } }), h(Count));
    const ann = tab("ann");
    const html = server.renderToString(h(App, { client: ann.client }));
    expect(html).toBe("<p>idle bob:Bob</p><b>1</b>");
    expect(registry.userCount("r")).toBe(1);
    const div = document.body.appendChild(document.createElement("div"));
    div.innerHTML = html;
    const client = tab("ann").client;
    const root = await act(() => dom.hydrateRoot(div, h(Strict, null, h(App, { client }))));
    unmounts.push(() => act(() => root.unmount()));
    pass(200);
    expect(text()).toBe("live bob:Bob,ann:Ann2");
    expect(complaints).toEqual([]);
  });

  it("[U7] a change calls the latest listener, once", () => {
    const room = fakeRoom<Meta>({ users: [] });
    const told: string[] = [];
    const Ear = ({ word }: { word: string }) => {
      useChanges(room, ({ type, user }: Change<Meta>) => { told.push(`${word} ${type} ${user}`); });
      return null;
    };
    const { draw, unmount } = mount(h(Strict, null, h(Ear, { word: "one" })));
    draw(h(Strict, null, h(Ear, { word: "two" })));
    act(() => room.show({ users: [{ id: "ann", meta: { name: "" } }] }));
    expect(told).toEqual(["two joined ann"]);
    unmount();
    expect(room.listeners()).toBe(0);
  });

  class Boundary extends Component<{ children?: ReactNode }, { readonly caught?: string }> {
    override state: { readonly caught?: string } = {};
    static getDerivedStateFromError(error: Error) { return { caught: error.message }; }
    override render(): ReactNode { return this.state.caught ?? this.props.children; }
  }

  it("[U7] what a listener or a selector throws goes to the nearest error boundary", () => {
    const room = fakeRoom<Meta>({ users: [] });
    const Ear = () => { useChanges(room, () => { throw new Error("deaf"); }); return "ear"; };
    const Eye = () => String(useUsers(room, (users) => { if (users.length > 0) throw new Error("blind"); return 0; }));
    // React 18 throws where the page hears it, too.
    const hush = (event: Event): void => event.preventDefault();
    addEventListener("error", hush);
    unmounts.push(() => removeEventListener("error", hush));
    mount([h(Boundary, { key: 1 }, h(Ear)), h(Boundary, { key: 2 }, h(Eye)), h(Here, { key: 3, room })]);
    expect(text()).toBe("ear0live ");
    act(() => room.show({ users: [{ id: "ann", meta: { name: "Ann" } }] }));
    expect(text()).toBe("deafblindlive ann:Ann");
    // React 19 says so as well.
    complaints.length = 0;
  });

  it("[U7] so does what a selector throws that is the same function at each draw", () => {
    const room = fakeRoom<Meta>({ users: [] });
    const select = (users: readonly unknown[]): number => { if (users.length > 0) throw new Error("blind"); return 0; };
    const Eye = () => String(useUsers(room, select));
    const hush = (event: Event): void => event.preventDefault();
    addEventListener("error", hush);
    unmounts.push(() => removeEventListener("error", hush));
    mount(h(Boundary, null, h(Eye)));
    act(() => room.show({ users: [{ id: "ann", meta: { name: "Ann" } }] }));
    expect(text()).toBe("blind");
    complaints.length = 0;
  });

  it("[U7] and what `isEqual` throws", () => {
    const room = fakeRoom<Meta>({ users: [{ id: "ann", meta: { name: "Ann" } }] });
    const select = (users: readonly { readonly id: string }[]) => users.map(({ id }) => id);
    const isEqual = (): boolean => { throw new Error("unequal"); };
    const Selected = () => h("p", null, useUsers(room, select, isEqual));
    mount(h(Boundary, null, h(Selected)));
    expect(text()).toBe("ann");
    act(() => room.show({ users: [] }));
    expect(text()).toBe("unequal");
    complaints.length = 0;
  });

  it("[U6] `initial` that is null, as data for a page is where there is none, is none", () => {
    const { inPage, pass } = page();
    mount(inPage(h(Here, { options: { initial: null } as unknown as RoomOptions<Meta> })));
    pass(100);
    expect([text(), warnings]).toEqual(["live ann:-", []]);
  });

  it("[U8] a hook outside its provider says which is missing", () => {
    expect(() => server.renderToString(h(Count))).toThrow("PresenceProvider");
    expect(() => server.renderToString(h(Here, { room: null as unknown as string }))).toThrow("PresenceProvider");
    const room = fakeRoom<Meta>({ users: [] });
    expect(server.renderToString(h(Here, { room }))).toBe("<p>live </p>");
  });

  it("[U8] a wrong name or option is an error in the view and one warning, and nothing is asked for", () => {
    const { inPage, pass, told } = page();
    const errors: unknown[] = [];
    const Wrong = ({ room, options }: { room: unknown; options?: unknown }) => {
      const { status, error, users, update, leave } = usePresence<Meta>(room as string, options as RoomOptions<Meta>);
      errors.push(error?.code);
      update({ name: "" });
      leave();
      return `${status} ${String(users?.length)} ${error?.message ?? ""};`;
    };
    const wrongs = [{ room: 42 }, { room: "r", options: { wacth: "count" } }, { room: "r", options: { watch: "all" } }, { room: {} }];
    const all = (): ReactNode => h(Strict, null, inPage(wrongs.map((props, key) => h(Wrong, { key, ...props }))));
    const { draw } = mount(all());
    draw(all());
    pass(200);
    expect(new Set(errors)).toEqual(new Set(["bad_option"]));
    expect(text()).toContain('idle undefined headcount: "wacth" must be one of meta, watch, present, initial;');
    expect(text()).toContain('headcount: "name" must be a string');
    expect(told).toEqual([]);
    expect(warnings.length).toBe(new Set(warnings).size);
    // Each version has its own copy of the hooks, and so of what it has warned of.
    expect(warnings.length).toBe(3);
  });

  it("[U8] who enters a room that is none, and looks away, ends no process", async () => {
    const { inPage } = page();
    const unhandled = vi.fn();
    process.on("unhandledRejection", unhandled);
    let entry: Promise<void> | undefined;
    const Door = () => { const { enter } = usePresence<Meta>(7 as unknown as string); entry ??= enter(); return null; };
    mount(inPage(h(Door)));
    await new Promise((done) => { setTimeout(done, 20); });
    process.off("unhandledRejection", unhandled);
    expect(unhandled).not.toHaveBeenCalled();
    await expect(entry).rejects.toMatchObject({ code: "bad_option" });
  });

  it("[U8] meta that can't be sent is an error in the view: who is in stays in as they were, who is not does not come in", () => {
    const { inPage, pass, told } = page();
    const shown: unknown[] = [];
    const Meta = ({ room = "r", meta }: { room?: string; meta: unknown }) => {
      const { error, users } = usePresence(room, { meta });
      shown.push(error?.code);
      return `${users?.length ?? "?"}${error ? "!" : ""}`;
    };
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    const { draw } = mount(inPage(h(Meta, { meta: { name: "Ann" } })));
    pass(100);
    for (const meta of [cycle, { name: 1n }, { name: Number.NaN }, () => undefined]) {
      draw(inPage(h(Meta, { meta })));
      pass(2_000);
      expect(text()).toBe("1!");
    }
    expect(told).toEqual(["joined r ann Ann"]);
    draw(inPage(h(Meta, { meta: { name: "Anna" } })));
    pass(200);
    expect([text(), told.splice(1)]).toEqual(["1", ["updated r ann Anna"]]);
    draw(inPage(h(Meta, { room: "s", meta: cycle })));
    pass(2_000);
    expect(told.splice(1)).toEqual(["left r ann Anna"]);
    draw(inPage(h(Meta, { room: "s", meta: { name: "Ann" } })));
    pass(200);
    expect([text(), told.splice(1)]).toEqual(["1", ["joined s ann Ann"]]);
    // A function has no text, as nothing has none, and is told apart from it all the same.
    draw(inPage(h(Meta, { room: "t", meta: undefined })));
    pass(2_000);
    expect(text()).toBe("1");
    draw(inPage(h(Meta, { room: "t", meta: () => undefined })));
    expect(text()).toBe("1!");
    expect(warnings.length).toBe(1);
  });
});
