// @vitest-environment jsdom
import { describe, expect, it, vi } from "vitest";
import { browserWake } from "../../src/client/wake.js";

describe("browserWake", () => {
  it("[V7] hears what a page hears when it may have slept, also while it is hidden, and not that it becomes so", () => {
    let calls = 0;
    const stop = browserWake(() => calls++);
    window.dispatchEvent(new Event("online"));
    window.dispatchEvent(new Event("pageshow"));
    document.dispatchEvent(new Event("resume"));
    document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
    expect(calls).toBe(4);
    const hidden = vi.spyOn(document, "hidden", "get").mockReturnValue(true);
    document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
    expect(calls).toBe(4);
    window.dispatchEvent(new Event("online"));
    expect(calls).toBe(5);
    hidden.mockRestore();
    stop();
    window.dispatchEvent(new Event("online"));
    expect(calls).toBe(5);
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
    vi.stubGlobal("document", { hidden: false });
    browserWake(() => calls++)();
    vi.unstubAllGlobals();
    window.dispatchEvent(new Event("online"));
    expect(calls).toBe(1);
  });
});
