// @vitest-environment jsdom
import { describe, expect, it, vi } from "vitest";
import { browserWake } from "../../src/client/wake.js";

describe("browserWake", () => {
  it("[V7, V11] hears what a page hears when it may have slept or is put away, also while it is hidden, until stopped", () => {
    const heard: unknown[] = [];
    const stop = browserWake((event) => heard.push(event?.type));
    vi.spyOn(document, "hidden", "get").mockReturnValue(true);
    window.dispatchEvent(new Event("online"));
    window.dispatchEvent(new Event("pagehide"));
    window.dispatchEvent(new Event("pageshow"));
    document.dispatchEvent(new Event("resume"));
    document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
    expect(heard).toEqual(["online", "pagehide", "pageshow", "resume", "visibilitychange"]);
    vi.restoreAllMocks();
    stop();
    window.dispatchEvent(new Event("online"));
    expect(heard).toHaveLength(5);
  });

  it("[V7] takes what a platform has: a worker has events and no document, Node neither, and half a page no events", () => {
    let calls = 0;
    vi.stubGlobal("document", undefined);
    const stop = browserWake(() => calls++);
    window.dispatchEvent(new Event("online"));
    expect(calls).toBe(1);
    stop();
    vi.stubGlobal("addEventListener", undefined);
    vi.stubGlobal("removeEventListener", undefined);
    browserWake(() => calls++)();
    vi.unstubAllGlobals();
    window.dispatchEvent(new Event("online"));
    expect(calls).toBe(1);
  });
});
