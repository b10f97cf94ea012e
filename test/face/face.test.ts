import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createAnnouncer } from "../../src/face/announcer.js";
import { faceOf } from "../../src/face/face.js";
import { colourOf, initialsOf } from "../../src/face/person.js";
import { charactersOf, safeName } from "../../src/face/safe-name.js";
import { safePicture } from "../../src/face/safe-picture.js";
import { fakeRoom } from "../../src/testing/fakes/fake-room.js";
import type { FakeView } from "../../src/testing/fakes/fake-view.js";
import { fakeClock } from "../support/fake-clock.js";
import { sourcesIn } from "../support/sources.js";

const NOON = new Date(2026, 10, 24, 12, 3).getTime();
const viewOf = (fake: FakeView<unknown>) => fakeRoom(fake).getSnapshot();
const crowd = (count: number) => Array.from({ length: count }, (_, i) => ({ id: `u${i}`, meta: { name: `User ${i}` } }));

describe("safeName", () => {
  it("[U11] takes out what turns the text around it, breaks lines, or is half a character", () => {
    expect(safeName("user\u202Egnp.exe")).toBe("user gnp.exe");
    expect(safeName(" a\u2066\u200F\n\0b\uD800\u2028c\u200B ")).toBe("a b c");
    expect(safeName("<img src=x onerror=alert(1)>")).toBe("<img src=x onerror=alert(1)>");
  });

  it("[U11] is nothing where nothing would be seen", () => {
    for (const name of ["", "  ", "\u200D\uFE0F", "\u3164\u115F", "\u2800", "\u202E", undefined, null, 7, {}, ["a"]]) expect(safeName(name)).toBeUndefined();
  });

  it("[U11] cuts between characters: 4 KiB of emoji, one letter under 4,000 accents", () => {
    const family = "👨‍👩‍👧‍👦";
    expect(safeName(family.repeat(372))).toBe(`${family.repeat(5)}…`);
    expect(safeName(`a${"\u0301".repeat(4_000)}`)).toBe("?…");
    expect(safeName("x".repeat(60))).toBe("x".repeat(60));
    expect(safeName("x".repeat(61))).toBe(`${"x".repeat(59)}…`);
  });

  it("[U11] whatever comes, it is short, on one line and turns nothing", () => {
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 300 }), (name) => {
      const shown = safeName(name) ?? "?";
      expect(shown.length).toBeLessThanOrEqual(61);
      expect(shown).not.toMatch(/[\p{Bidi_Control}\p{Cc}\p{Cs}\u2028\u2029]/u);
      expect(initialsOf(shown)).not.toBe("");
      // Where the name was one character, and an upper case may be two or three.
      expect(charactersOf(initialsOf(shown)).length).toBeLessThanOrEqual(6);
    }));
  });
});

it("[U11] no source writes markup into a page", () => {
  const writes = /innerHTML|outerHTML|insertAdjacentHTML|document\.write|dangerouslySetInnerHTML|DOMParser|createContextualFragment/;
  const sources = sourcesIn("src");
  expect(sources.filter(({ text }) => writes.test(text)).map(({ path }) => path)).toEqual([]);
  expect(sources.some(({ text }) => text.includes("createElement("))).toBe(true);
});

describe("safePicture", () => {
  it("[U11] is an address that is loaded, and nothing that is run", () => {
    const base = "https://app.example/page";
    expect(safePicture("/ann.png", base)).toBe("https://app.example/ann.png");
    expect(safePicture("https://a.example/b.png")).toBe("https://a.example/b.png");
    expect(safePicture("data:image/png;base64,AAAA")).toBe("data:image/png;base64,AAAA");
    const harmful = ["javascript:alert(1)", " java\nscript:alert(1)", "data:text/html,<script>", "data:image/svg+xml,<svg/>", "data:image/SVG+xml,<svg/>", "vbscript:x", "file:///etc/passwd", "about:blank", "", 7, undefined, {}, "http://["];
    for (const address of harmful) expect(safePicture(address, base)).toBeUndefined();
    expect(safePicture("/relative")).toBeUndefined();
  });
});

describe("faceOf", () => {
  it("[U12] initials are the first characters of the first and the last word", () => {
    expect(["Ann Lee", "ann", "Ann B. Lee", "ann@example.com", "李小龍", "👨‍👩‍👧‍👦 home", "👨‍👩‍👧‍👦", "émile zola", "…", "(x)"].map(initialsOf))
      .toEqual(["AL", "A", "AL", "AC", "李", "H", "👨‍👩‍👧‍👦", "ÉZ", "…", "X"]);
  });

  it("[U12] a colour is the same for the same id, and many ids have many", () => {
    expect(colourOf("ann")).toBe(colourOf("ann"));
    expect(new Set(crowd(200).map(({ id }) => colourOf(id))).size).toBeGreaterThan(120);
    expect(colourOf("")).toMatch(/^oklch\(\.53 \.13 \d+\)$/);
  });

  it("[U13] before the first answer there is no number; then there is; of many the first are drawn, and the others counted", () => {
    expect(faceOf(viewOf({ status: "syncing" }), NOON)).toEqual({ label: "Who is here", state: "syncing", people: [], more: "", unnamed: false, count: "…", status: "connecting" });
    expect(faceOf(viewOf({ users: [] }), NOON)).toMatchObject({ count: "0 here", status: "", more: "" });
    expect(faceOf(viewOf({ users: crowd(5) }), NOON)).toMatchObject({ count: "5 here", more: "" });
    const face = faceOf(viewOf({ users: crowd(1_234) }), NOON, { locale: "en" });
    expect(face).toMatchObject({ count: "1,234 here", more: "+1,229" });
    expect(face.people.map(({ name }) => name)).toEqual(crowd(25).map(({ meta }) => meta.name));
    expect(faceOf(viewOf({ users: crowd(9) }), NOON, { max: 0 })).toMatchObject({ people: [], more: "", unnamed: false, count: "9 here" });
    expect(faceOf(viewOf({ userCount: 70_000 }), NOON, { locale: "de" })).toMatchObject({ people: [], count: "70.000 here" });
  });

  it("[U13] people stay while the link is down, with the time at which they were there", () => {
    const users = crowd(2);
    expect(faceOf(viewOf({ status: "stale", users, staleSince: NOON }), NOON, { locale: "en-GB" })).toMatchObject({ state: "stale", count: "2 here", status: "reconnecting, as of 12:03", people: [{ id: "u0" }, { id: "u1" }] });
    expect(faceOf(viewOf({ status: "stale", users, staleSince: NOON }), NOON + 86_400_000, { locale: "en-GB" }).status).toBe("reconnecting, as of 24 Nov 2026, 12:03");
    expect(faceOf(viewOf({ status: "stale", users, staleSince: NOON, error: { code: "link_stopped", message: "" } }), NOON, { locale: "en-GB" }).status).toBe("disconnected, as of 12:03");
    expect(faceOf(viewOf({ status: "ended", error: { code: "kicked", message: "Out.\u202E" } }), NOON)).toMatchObject({ people: [], count: "", status: "not available: Out." });
    expect(faceOf(viewOf({ status: "ended", error: { code: "kicked", message: "" } }), NOON).status).toBe("not available: kicked");
  });

  it("[U12] metas that are anything, a language that is none, words and people of one's own", () => {
    const users = [{ id: "ann", meta: null }, { id: "", meta: 7 }, { id: "\u202E", meta: { name: { toString: 1 }, avatar: "javascript:1" } }, { id: "bob", meta: { name: "Bob", avatar: "https://a.example/b" } }];
    const { people } = faceOf(viewOf({ users, self: "ann" }), NOON, { locale: "no_language!" });
    expect(people.map(({ name, picture }) => [name, picture])).toEqual([["ann (you)", undefined], ["?", undefined], ["?", undefined], ["Bob", "https://a.example/b"]]);
    const own = faceOf(viewOf({ users, self: "ann" }), NOON, { words: { here: (shown) => `${shown} da`, you: (name) => `${name} (ich)` }, person: ({ id }) => ({ name: `Frau ${id}` }) });
    expect(own).toMatchObject({ count: "4 da", people: [{ name: "Frau ann (ich)" }, { name: "Frau" }, { name: "Frau" }, { name: "Frau bob" }] });
    // As they come from a condition that is not met.
    const none = { label: undefined, here: undefined, connecting: undefined, stale: undefined, ended: undefined, you: undefined };
    expect(faceOf(viewOf({ users, self: "ann" }), NOON, { words: none, person: () => undefined })).toEqual(faceOf(viewOf({ users: users.map(({ id }) => ({ id, meta: null })), self: "ann" }), NOON));
  });
});

describe("createAnnouncer", () => {
  it("[U14] says how it stands after a while, nothing that was taken back, and nothing of the first", () => {
    const clock = fakeClock(NOON);
    const said: string[] = [];
    const { hear, stop } = createAnnouncer(clock, (text) => said.push(text));
    hear("2 here");
    clock.advance(60_000);
    hear("3 here");
    hear("2 here");
    clock.advance(60_000);
    expect(said).toEqual([]);
    hear("3 here");
    hear("4 here");
    clock.advance(2_000);
    expect(said).toEqual(["4 here"]);
    hear("5 here");
    stop();
    clock.advance(60_000);
    expect([said.length, clock.pending]).toEqual([1, 0]);
  });

  it("[U14] is rarer, the busier the room: an hour of a change a second is told 18 times; after a quiet while it is quick again", () => {
    const clock = fakeClock(NOON);
    const said: string[] = [];
    const { hear } = createAnnouncer(clock, (text) => said.push(text));
    for (let i = 0; i < 3_600; i++) {
      hear(`${i} here`);
      clock.advance(1_000);
    }
    expect(said.length).toBe(18);
    clock.advance(3_600_000);
    hear("back");
    clock.advance(2_000);
    expect(said.at(-1)).toBe("back");
  });
});
