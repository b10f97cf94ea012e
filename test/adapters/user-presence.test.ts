// @vitest-environment jsdom
import type { ReactNode } from "react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { UserPresenceProps } from "../../src/adapters/react.js";
import { createTestRegistry, fakeRoom } from "../../src/testing/fakes/index.js";
import { LOOK } from "../../src/face/look.js";
import type { FakeView } from "../../src/testing/fakes/fake-view.js";
import { react18, react19 } from "../support/reacts.js";

vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);

const roomOf = (first?: FakeView<unknown>, name?: string) => fakeRoom(first, name);

describe.each([["19", react19], ["18", await react18()]])("UserPresence in React %s", (_version, { React, dom, server, hooks }) => {
  const { act, createElement: h, StrictMode } = React;
  const { PresenceProvider, UserPresence } = hooks;
  const complaints: string[] = [];
  const warnings: string[] = [];
  let unmounts: (() => void)[] = [];

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
    vi.spyOn(console, "error").mockImplementation((...words) => void complaints.push(words.map(String).join(" ")));
    vi.spyOn(console, "warn").mockImplementation((...words) => void warnings.push(words.map(String).join(" ")));
  });
  afterEach(() => {
    for (const unmount of unmounts) unmount();
    unmounts = [];
    document.body.replaceChildren();
    document.documentElement.lang = "";
    vi.restoreAllMocks();
    vi.useRealTimers();
    expect(complaints.splice(0)).toEqual([]);
    warnings.length = 0;
  });

  function mount(first: ReactNode) {
    const root = dom.createRoot(document.body.appendChild(document.createElement("div")));
    const draw = (node: ReactNode): void => act(() => root.render(h(StrictMode, null, node)));
    unmounts.push(() => act(() => root.unmount()));
    draw(first);
    return draw;
  }
  const props = (given: Partial<UserPresenceProps> & Pick<UserPresenceProps, "room">): UserPresenceProps => given;
  const one = (name: string): HTMLElement => document.querySelector<HTMLElement>(`.hc-${name}`)!;
  const texts = (selector: string): (string | null)[] => [...document.querySelectorAll(selector)].map(({ textContent }) => textContent);
  const ANN = { id: "ann", meta: { name: "Ann Lee" } };
  const BOB = { id: "bob", meta: { name: "Bob" } };

  it("[U12, U13] shows who is here, by view after view", () => {
    const room = roomOf({ status: "syncing" });
    const draw = mount(h(UserPresence, props({ room, className: "mine", style: { margin: 4 } })));
    expect([one("count").textContent, one("count").getAttribute("aria-hidden"), one("status").textContent]).toEqual(["…", "true", "connecting"]);
    act(() => room.show({ users: [ANN, BOB], self: "bob" }));
    expect([one("count").textContent, one("count").getAttribute("aria-hidden"), one("status").textContent]).toEqual(["2 here", null, ""]);
    expect(texts(".hc-stack .hc-avatar")).toEqual(["AL", "B"]);
    expect(texts(".hc-names .hc-name")).toEqual(["Ann Lee", "Bob (you)"]);
    expect([one("face").className, one("face").style.margin]).toEqual(["hc-face mine", "4px"]);
    const first = one("person");
    act(() => room.show({ users: [ANN, BOB], self: "bob", status: "stale" }));
    expect(one("face").dataset.state).toBe("stale");
    expect(one("status").textContent).toMatch(/^reconnecting, as of /);
    expect(one("person")).toBe(first);

    const crowd = Array.from({ length: 26 }, (_, i) => ({ id: `u${i}`, meta: null }));
    act(() => room.show({ users: crowd }));
    expect(texts(".hc-stack .hc-avatar").slice(4)).toEqual(["U", "+21"]);
    expect(texts(".hc-names li").slice(-2)).toEqual(["Uu24", "…"]);
    draw(h(UserPresence, props({ room, max: 6, person: ({ id }) => ({ name: id.toUpperCase() }), words: { here: (n) => `${n} da`, label: "Wer da ist" } })));
    expect(texts(".hc-names li").slice(-1)).toEqual(["UU25"]);
    expect([one("count").textContent, one("face").getAttribute("aria-label")]).toEqual(["26 da", "Wer da ist"]);
  });

  it("[U1, U15] makes me present with my meta unless `watchOnly`, asks for the number alone where nobody is drawn, and lets go", () => {
    const test = createTestRegistry({ grace: 0, settle: 0 });
    const ann = test.tab("ann");
    const inPage = (given: Partial<UserPresenceProps>): ReactNode => h(PresenceProvider, { client: ann.client }, h(UserPresence, props({ room: "r", ...given })));
    const pass = (ms: number): void => act(() => test.advance(ms));
    const draw = mount(inPage({ meta: { name: "Ann Lee" } }));
    pass(100);
    expect(texts(".hc-names .hc-name")).toEqual(["Ann Lee (you)"]);
    draw(inPage({ watchOnly: true }));
    pass(2_000);
    expect([test.registry.userCount("r"), one("count").textContent]).toEqual([0, "0 here"]);
    draw(inPage({ max: 0 }));
    pass(2_000);
    expect([test.registry.userCount("r"), one("count").textContent]).toEqual([1, "1 here"]);
    expect(ann.client.room("r").getSnapshot().users).toBeUndefined();
    draw(null);
    pass(2_000);
    expect(test.registry.userCount("r")).toBe(0);
  });

  it("[U6] what the server drew is taken over without a word of complaint, in another time zone and language, and then shown as it is here", async () => {
    const room = roomOf({ status: "stale", staleSince: Date.UTC(2026, 10, 24, 12, 3), users: [{ id: "ann", meta: { name: "Ann", picture: "/ann.png" } }, ...Array.from({ length: 1_999 }, (_, i) => ({ id: `u${i}`, meta: null }))] });
    const app = h("main", null, h(UserPresence, props({ room })), h(UserPresence, props({ room, locale: "fr" })));
    const zone = process.env.TZ;
    vi.stubGlobal("document", undefined);
    process.env.TZ = "UTC";
    let html;
    try {
      html = server.renderToString(app);
    } finally {
      vi.unstubAllGlobals();
      vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
      process.env.TZ = "Asia/Tokyo";
    }
    try {
      // It looks right before any script runs: the sheet is there, and nothing in it was escaped.
      expect(/<style [^>]*>([^<]*)<\/style>/.exec(html)?.[1]).toBe(LOOK);
      expect(html).not.toMatch(/&(?!quot;)|<img/);
      expect(html).toMatch(/<bdi class="hc-count">2,000 here<\/bdi>/);
      document.documentElement.lang = "de";
      const div = document.body.appendChild(document.createElement("div"));
      div.innerHTML = html;
      const element = one("face");
      const root = await act(() => dom.hydrateRoot(div, h(StrictMode, null, app)));
      unmounts.push(() => act(() => root.unmount()));
      expect(complaints).toEqual([]);
      expect(one("face")).toBe(element);
      expect(texts(".hc-count")[0]).toBe("2.000 here");
      expect(texts(".hc-stack > :last-child")[0]).toBe("+1.995");
      expect(texts(".hc-status")[0]).toMatch(/21:03/);
      expect(div.querySelector("img")!.src).toBe(new URL("/ann.png", document.baseURI).href);
    } finally {
      if (zone === undefined) delete process.env.TZ;
      else process.env.TZ = zone;
    }
  });

  it("[U6] with `initial` the server shows who is here, and the page joins them", async () => {
    const test = createTestRegistry({ grace: 0, settle: 0 });
    test.tab("bob").room("r", { meta: { name: "Bob" } }).subscribe(() => undefined);
    test.advance(100);
    const initial = test.registry.snapshot("r");
    const App = ({ client }: { client: ReturnType<typeof test.tab>["client"] }) => h(PresenceProvider, { client }, h(UserPresence, props({ room: "r", initial, meta: { name: "Ann" } })));
    const html = server.renderToString(h(App, { client: test.tab("ann").client }));
    expect(html).toContain("1 here");
    expect(test.registry.userCount("r")).toBe(1);
    const div = document.body.appendChild(document.createElement("div"));
    div.innerHTML = html;
    const { client } = test.tab("ann");
    const root = await act(() => dom.hydrateRoot(div, h(StrictMode, null, h(App, { client }))));
    unmounts.push(() => act(() => root.unmount()));
    act(() => test.advance(200));
    expect(texts(".hc-names .hc-name")).toEqual(["Bob", "Ann (you)"]);
  });

  it("[U14] says how it stands after a while, and starts anew in another room", () => {
    const room = roomOf({ users: [ANN] });
    const draw = mount(h(UserPresence, props({ room })));
    expect([one("said").getAttribute("role"), one("names").getAttribute("role"), one("face").getAttribute("role"), one("face").getAttribute("aria-label"), one("names").tabIndex]).toEqual(["status", "list", "group", "Who is here", 0]);
    const pass = (ms: number): void => act(() => { vi.advanceTimersByTime(ms); });
    act(() => room.show({ users: [ANN, BOB] }));
    pass(1_999);
    expect(one("said").textContent).toBe("");
    pass(1);
    expect(one("said").textContent).toBe("2 here ");
    act(() => room.show({ users: [ANN] }));
    const other = roomOf({ status: "syncing" }, "other");
    draw(h(UserPresence, props({ room: other })));
    act(() => other.show({ users: [ANN, BOB, { id: "cem", meta: null }] }));
    pass(60_000);
    expect(one("said").textContent).not.toMatch(/1 here|3 here/);
    draw(null);
    expect([room.listeners(), other.listeners(), vi.getTimerCount()]).toEqual([0, 0, 0]);
  });

  it("[U14] Escape puts the names away until the focus comes again", () => {
    mount(h(UserPresence, props({ room: roomOf({ users: [ANN] }) })));
    act(() => one("names").focus());
    const press = (key: string) => act(() => void one("names").dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true })));
    press("a");
    expect(one("names").style.clipPath).toBe("");
    press("Escape");
    expect(one("names").style.clipPath).toBe("inset(50%)");
    act(() => one("names").blur());
    act(() => one("names").focus());
    expect(one("names").style.clipPath).toBe("");
  });

  it("[U11] hostile names and pictures are texts and nothing else", () => {
    const names = ["<img src=x onerror=alert(1)>", "</style><script>alert(1)</script>", "user\u202Egnp.exe", "👨‍👩‍👧‍👦".repeat(372), "{{constructor}}"];
    const pictures = ["javascript:alert(1)", 'x" onerror="alert(1)', "data:text/html,x", "https://a.example/p.png", "#"];
    mount(h(UserPresence, props({ room: roomOf({ users: names.map((name, i) => ({ id: i ? `u${i}` : "__proto__", meta: { name, picture: pictures[i] } })) }) })));
    expect(document.body.querySelectorAll("script, style, iframe, [onerror]").length).toBe(0);
    const images = [...document.querySelectorAll("img")];
    expect(images.map((image) => [/^https?:/.test(image.src), image.alt, image.getAttribute("referrerpolicy")])).toEqual(images.map(() => [true, "", "no-referrer"]));
    expect(images.length).toBe(6);
    expect(texts(".hc-names .hc-name").slice(0, 3)).toEqual([names[0], names[1], "user gnp.exe"]);
    expect(texts(".hc-names .hc-name")[3]!.length).toBeLessThan(61);
    // A picture that can't be had leaves the initials.
    act(() => void images[0]!.dispatchEvent(new Event("error")));
    expect(images[0]!.isConnected).toBe(false);
    expect(images[1]!.isConnected).toBe(true);
  });

  it("[U8, U15] what makes no sense shows nothing, and says why, once", () => {
    const room = roomOf({ users: [ANN] });
    const draw = mount([-1, 1.5, NaN].map((max) => h(UserPresence, { key: max, ...props({ room, max }) })));
    expect([document.body.textContent, room.listeners()]).toEqual(["", 0]);
    draw(h(UserPresence, props({ room })));
    expect(one("count").textContent).toBe("1 here");
    const client = createTestRegistry().tab("ann").client;
    draw(h(PresenceProvider, { client }, h(UserPresence, props({ room: null as unknown as string }))));
    expect(document.body.textContent).toBe("");
    const cyclic: Record<string, unknown> = {};
    cyclic.me = cyclic;
    draw(h(UserPresence, props({ room, meta: cyclic })));
    expect(one("count").textContent).toBe("1 here");
    expect(warnings).toEqual(['headcount: "max" must be a whole number', 'headcount: "name" must be a string', 'headcount: "meta" must be JSON']);
  });
});
