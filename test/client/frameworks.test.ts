// @vitest-environment jsdom
import { act, createElement, StrictMode, useSyncExternalStore } from "react";
import { createRoot, hydrateRoot } from "react-dom/client";
import { renderToString } from "react-dom/server";
import { derived, get } from "svelte/store";
import { describe, expect, it, vi } from "vitest";
import type { ClientRoom } from "../../src/client/room.js";
import { toSnapshot } from "../../src/core/snapshot.js";
import { scriptedRoom } from "../support/scripted-room.js";
import { world } from "./world.js";

vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);

type Sent = { type: string; n: number };

function Count({ room, renders }: { room: ClientRoom<unknown>; renders?: string[] }) {
  const view = useSyncExternalStore(room.subscribe, room.getSnapshot, room.getServerSnapshot);
  const text = `${view.status} ${view.userCount ?? "?"}`;
  renders?.push(text);
  return createElement("p", null, text);
}

describe("React", () => {
  it("[V9, V10] [pain P24] in StrictMode makes one join, shows no flicker, and leaves once after unmounting", () => {
    const w = world();
    w.greet();
    const room = w.client.room("r");
    const root = createRoot(document.body.appendChild(document.createElement("div")));
    const renders: string[] = [];
    act(() => root.render(createElement(StrictMode, null, createElement(Count, { room, renders }))));
    const [join, ...rest] = w.greet() as Sent[];
    expect([join!.type, rest]).toEqual(["join", []]);
    const script = scriptedRoom("r");
    script.join("me", "m1");
    act(() => w.wire.say(script.joined(join!.n, "m1"), script.snapshot()));
    expect(document.body.textContent).toBe("live 1");
    const before = renders.length;
    act(() => w.wire.say(script.heartbeat(), script.heartbeat()));
    expect(renders.length).toBe(before);
    act(() => w.wire.say(script.join("ann", "a1")));
    expect(document.body.textContent).toBe("live 2");
    expect(renders.filter((text, i) => text !== renders[i - 1])).toEqual(["idle ?", "syncing ?", "live 1", "live 2"]);
    w.wire.take();
    act(() => root.unmount());
    w.clock.advance(999);
    expect(w.wire.take()).toEqual([]);
    w.clock.advance(1);
    expect(w.wire.take()).toMatchObject([{ type: "leave" }]);
    document.body.replaceChildren();
  });

  it("[V9] hydrates what the server rendered, without a word of complaint", async () => {
    const script = scriptedRoom("r");
    script.join("ann", "a1");
    const initial = toSnapshot(script.room());
    const complaints = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const html = renderToString(createElement(Count, { room: world().client.room("r", { initial }) }));
    expect(html).toBe("<p>idle 1</p>");
    document.body.innerHTML = `<div>${html}</div>`;
    const room = world().client.room("r", { initial });
    const root = await act(() => hydrateRoot(document.querySelector("div")!, createElement(StrictMode, null, createElement(Count, { room }))));
    expect(document.body.textContent).toBe("syncing 1");
    expect(complaints.mock.calls).toEqual([]);
    act(() => root.unmount());
    complaints.mockRestore();
    document.body.replaceChildren();
  });
});

describe("Svelte", () => {
  it("[V9] get and derived see the present at once; get makes no leave of a room in use", () => {
    const w = world();
    const room = w.client.room("r");
    expect(get(room)).toMatchObject({ status: "syncing" });
    const count = derived(room, (view) => view.userCount ?? 0);
    const seen: number[] = [];
    const stop = count.subscribe((value) => seen.push(value));
    const [join] = w.greet() as Sent[];
    const script = scriptedRoom("r");
    script.join("me", "m1");
    w.wire.say(script.joined(join!.n, "m1"), script.snapshot());
    expect(get(count)).toBe(1);
    w.wire.say(script.heartbeat(), script.join("ann", "a1"));
    expect(seen).toEqual([0, 1, 2]);
    w.wire.take();
    expect(get(room).userCount).toBe(2);
    w.clock.advance(2_000);
    expect(w.wire.take()).toEqual([]);
    stop();
    w.clock.advance(1_000);
    expect(w.wire.take()).toMatchObject([{ type: "leave" }]);
  });
});
