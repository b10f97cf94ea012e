// @vitest-environment jsdom
import { afterEach, describe, expect, it, vi } from "vitest";
import { defineUserPresence, type UserPresenceOptions } from "../../src/adapters/element.js";
import { fakeRoom } from "../../src/testing/fakes/fake-room.js";
import { scriptedRoom } from "../support/scripted-room.js";
import { world } from "../client/world.js";

const complaints = vi.spyOn(console, "error").mockImplementation(() => undefined);
let tags = 0;

function place(options: Omit<UserPresenceOptions, "tag">, attributes: Readonly<Record<string, string>> = {}): HTMLElement {
  const tag = `user-presence-${++tags}`;
  defineUserPresence({ ...options, tag });
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  document.body.append(element);
  return element;
}

const part = (element: HTMLElement, name: string): HTMLElement => element.shadowRoot!.querySelector<HTMLElement>(`[part=${name}]`)!;
const texts = (element: HTMLElement, selector: string): (string | null)[] => [...element.shadowRoot!.querySelectorAll(selector)].map((one) => one.textContent);

afterEach(() => {
  document.body.replaceChildren();
  complaints.mockClear();
});

describe("<user-presence>", () => {
  it("[U13] shows who is here, by view after view", () => {
    const room = fakeRoom({ status: "syncing" });
    const element = place({ presence: room });
    expect([part(element, "count").textContent, part(element, "count").getAttribute("aria-hidden"), part(element, "status").textContent]).toEqual(["…", "true", "connecting"]);
    room.show({ users: [{ id: "ann", meta: { name: "Ann Lee" } }, { id: "bob", meta: { name: "Bob" } }], self: "bob" });
    expect(part(element, "count").textContent).toBe("2 here");
    expect(texts(element, ".hc-stack .hc-avatar")).toEqual(["AL", "B"]);
    expect(texts(element, ".hc-names .hc-name")).toEqual(["Ann Lee", "Bob (you)"]);
    const [first] = part(element, "names").children;
    room.show({ users: [{ id: "ann", meta: { name: "Ann Lee" } }, { id: "bob", meta: { name: "Bob" } }], self: "bob", status: "stale" });
    expect(part(element, "face").dataset.state).toBe("stale");
    expect(part(element, "status").textContent).toMatch(/^reconnecting, as of /);
    // What is the same is not made again: it may be scrolled, and its pictures loaded.
    expect(part(element, "names").children[0]).toBe(first);
    element.remove();
    expect(room.listeners()).toBe(0);
  });

  it("[U12] draws five and counts the others, or as many as `max` says; with none it is told the number alone", () => {
    const users = Array.from({ length: 40 }, (_, i) => ({ id: `u${i}`, meta: null }));
    const element = place({ presence: fakeRoom({ users }) });
    expect(texts(element, ".hc-stack .hc-avatar").slice(4)).toEqual(["U", "+35"]);
    expect(texts(element, ".hc-names li").slice(-2)).toEqual(["Uu24", "…"]);
    element.setAttribute("max", "1");
    expect(texts(element, ".hc-stack .hc-avatar")).toEqual(["U", "+39"]);
    element.setAttribute("max", "0");
    expect(texts(element, ".hc-stack .hc-avatar, .hc-names li")).toEqual([]);
    expect(part(element, "count").textContent).toBe("40 here");
  });

  it("[U15] an attribute that is set to what it is changes nothing, and neither do words that are not given", () => {
    const room = fakeRoom({ users: [{ id: "ann", meta: null }] });
    const element = place({ presence: room, words: { here: undefined }, person: () => undefined }, { max: "3" });
    const face = part(element, "face");
    element.setAttribute("max", "3");
    expect(part(element, "face")).toBe(face);
    expect([part(element, "count").textContent, texts(element, ".hc-names .hc-name")]).toEqual(["1 here", ["ann"]]);
    element.setAttribute("max", "4");
    expect(part(element, "face")).not.toBe(face);
  });

  it("[U15] a client's room is watched and entered as its attributes say, and let go with the element", () => {
    const w = world();
    const element = place({ client: w.client }, { room: "r", "watch-only": "", max: "0" });
    expect(w.greet()).toMatchObject([{ type: "join", room: "r", watch: "count", present: false }]);
    element.setAttribute("room", "s");
    expect(w.wire.take()).toMatchObject([{ type: "join", room: "s", watch: "count", present: false }]);
    element.remove();
    w.clock.advance(1_000);
    expect(w.wire.take()).toMatchObject([{ type: "leave", room: "r" }, { type: "leave", room: "s" }]);

    const other = place({ client: () => w.client }, { room: "t" });
    const [join] = w.wire.take() as { type: string; n: number }[];
    expect(join).toMatchObject({ type: "join", room: "t", watch: "users", present: true });
    const script = scriptedRoom("t");
    script.join("me", "m1", { name: "Me" });
    w.wire.say(script.joined(join!.n, "m1"), script.snapshot());
    expect(texts(other, ".hc-names .hc-name")).toEqual(["Me (you)"]);
    // Moved, it stays in the room.
    document.body.prepend(other);
    w.clock.advance(2_000);
    expect(w.wire.take()).toEqual([]);
  });

  it("[U15] with a bad attribute shows nothing, and says why on the console, once", () => {
    const presence = fakeRoom({ users: [{ id: "ann", meta: null }] });
    const element = place({ presence });
    for (const max of ["-1", "x", "1.5", "", "-1"]) {
      element.setAttribute("max", max);
      expect(element.shadowRoot!.children.length).toBe(0);
    }
    expect(presence.listeners()).toBe(0);
    expect(complaints.mock.calls.map(([text]) => text as string)).toEqual([`<user-presence-${tags}>: headcount: "max" must be a whole number`]);
    element.setAttribute("max", "2");
    expect(part(element, "count").textContent).toBe("1 here");

    complaints.mockClear();
    const tag = place({ client: world().client }).localName;
    document.body.append(document.createElement(tag), document.createElement(tag));
    expect(complaints.mock.calls.map(([text]) => text as string)).toEqual([`<${tag}>: headcount: "room" must be a name`]);
    expect(() => { defineUserPresence({}); }).toThrow('"client" must be a client');
  });

  it("[U15] with a server that can't be one it shows nothing, and asks nobody", async () => {
    const opened: string[] = [];
    vi.stubGlobal("WebSocket", class extends EventTarget { constructor(url: string) { super(); opened.push(url); } close(): void { /* never open */ } });
    await import("../../src/user-presence.js");
    const tagged = (server: string): HTMLElement => {
      const element = document.createElement("user-presence");
      element.setAttribute("room", "r");
      element.setAttribute("server", server);
      document.body.append(element);
      return element;
    };
    for (const server of ["ftp://a.example", "http://", "javascript:alert(1)", "ftp://a.example"]) expect(tagged(server).shadowRoot!.children.length).toBe(0);
    expect(opened).toEqual([]);
    expect(complaints.mock.calls.map(([text]) => text as string)).toEqual(["ftp://a.example", "http://", "javascript:alert(1)"].map((server) => `<user-presence>: "server" must be the address of a WebSocket server, not "${server}"`));
    for (const server of ["https://a.example/p#x", "/live", ""]) expect(part(tagged(server), "count").textContent).toBe("…");
    const host = location.host;
    await vi.waitFor(() => { expect(opened).toEqual(["wss://a.example/p", `ws://${host}/live`, `ws://${host}/`]); });
    vi.unstubAllGlobals();
  });

  it("[U11] hostile names and pictures are texts and nothing else", () => {
    const names = ["<img src=x onerror=alert(1)>", "</style><script>alert(1)</script>", "user\u202Egnp.exe", "👨‍👩‍👧‍👦".repeat(372), "{{constructor}}"];
    const users = names.map((name, i) => ({ id: `u${i}`, meta: { name, picture: ["javascript:alert(1)", "x\" onerror=\"alert(1)", "data:text/html,x", "https://a.example/p.png", "#"][i] } }));
    const element = place({ presence: fakeRoom({ users }) });
    const shadow = element.shadowRoot!;
    expect(shadow.querySelectorAll("script, style, iframe, [onerror]").length).toBe(0);
    for (const image of shadow.querySelectorAll("img")) {
      expect(image.src).toMatch(/^https?:/);
      expect([image.alt, image.referrerPolicy]).toEqual(["", "no-referrer"]);
    }
    expect(texts(element, ".hc-names .hc-name")[2]).toBe("user gnp.exe");
    expect(texts(element, ".hc-names .hc-name")[3]!.length).toBeLessThan(61);
    // A picture that can't be had leaves the initials.
    const image = shadow.querySelector("img")!;
    image.dispatchEvent(new Event("error"));
    expect(image.isConnected).toBe(false);
  });

  it("[U14] Escape puts the names away until the pointer or the focus comes again", () => {
    const element = place({ presence: fakeRoom({ users: [{ id: "ann", meta: null }] }) });
    const face = part(element, "face");
    const names = part(element, "names");
    expect(part(element, "names").getAttribute("role")).toBe("list");
    expect([names.tabIndex, face.getAttribute("role"), face.getAttribute("aria-label")]).toEqual([0, "group", "Who is here"]);
    names.focus();
    face.dispatchEvent(new KeyboardEvent("keydown", { key: "a", bubbles: true, composed: true }));
    expect(names.style.clipPath).toBe("");
    face.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true, composed: true }));
    expect(names.style.clipPath).toBe("inset(50%)");
    names.blur();
    names.focus();
    expect(names.style.clipPath).toBe("");
  });
});
