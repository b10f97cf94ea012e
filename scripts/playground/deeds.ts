import { DEVICES, LOAD, SLEEP, type Deed } from "./script.js";
import { COUNTERS, nothing, type Untimed } from "./world.js";

/** A tab, as each world knows it. It has no page while it loads. */
export type Tab<Page> = { readonly id: number; readonly device: string; readonly user: string; page: Page | undefined };

/** What a world does in its own way. */
export type Ways<T extends Tab<unknown>> = {
  readonly say: (happening: Untimed) => void;
  readonly now: () => number;
  readonly later: (ms: number, run: () => void) => void;
  readonly make: (tab: Tab<never>) => T;
  /** A page comes, with a client of its own. */
  readonly load: (tab: T) => void;
  /** It goes, as browsers let pages go. */
  readonly unload: (tab: T) => void;
  readonly cut: (tab: T) => void;
  readonly halfOpen: (tab: T) => void;
  /** `refresh`: when the line can't say goodbye any more. */
  readonly late: (tab: T, refresh: () => void) => void;
  /** The device of these tabs sleeps; what is returned wakes those that are there by then. */
  readonly sleep: (tabs: readonly T[]) => (tabs: readonly T[]) => void;
  readonly restart: () => void;
};

/** What both worlds have in common: which tab a deed is done to, whether it makes sense, and what is said of it. */
export function createDeeds<T extends Tab<unknown>>(ways: Ways<T>) {
  const { say } = ways;
  const tabs: T[] = [];
  /** Until when which device sleeps. */
  const sleeping = new Map<string, number>();
  /** The users whose lines are bad. */
  const rough = new Set<string>();
  let opened = 0;

  const on = (device: string): T[] => tabs.filter((tab) => tab.device === device);
  const know = (tab: T): void => { for (const counter of COUNTERS) say({ type: "belief", tab: tab.id, counter, belief: nothing[counter] }); };

  function load(tab: T): void {
    know(tab);
    ways.load(tab);
  }

  function refresh(tab: T): void {
    ways.unload(tab);
    say({ type: "line", tab: tab.id, up: false });
    know(tab);
    ways.later(LOAD, () => { if (tabs.includes(tab) && !tab.page) load(tab); });
  }

  function act(deed: Deed): void {
    // Nobody does anything on a device that sleeps.
    if ("device" in deed && sleeping.has(deed.device)) return;
    say({ type: "deed", deed });
    if (deed.do === "restart") {
      ways.restart();
      return;
    }
    if ("user" in deed) {
      if (deed.do === "rough") rough.add(deed.user);
      else rough.delete(deed.user);
      say({ type: "rough", user: deed.user, rough: deed.do === "rough" });
      return;
    }
    const { device } = deed;
    if (deed.do === "open") {
      const tab = ways.make({ id: ++opened, device, user: DEVICES.find(({ id }) => id === device)?.user ?? "", page: undefined });
      tabs.push(tab);
      say({ type: "opened", tab: tab.id, device });
      load(tab);
      return;
    }
    const own = on(device);
    const tab = deed.do === "close" ? own.at(-1) : own[0];
    if (!tab) return;
    switch (deed.do) {
      case "close":
        ways.unload(tab);
        tabs.splice(tabs.indexOf(tab), 1);
        say({ type: "closed", tab: tab.id });
        break;
      case "refresh":
        refresh(tab);
        break;
      case "cut":
        ways.cut(tab);
        break;
      case "half-open":
        ways.halfOpen(tab);
        break;
      case "late":
        ways.late(tab, () => { if (tabs.includes(tab)) refresh(tab); });
        break;
      case "sleep": {
        sleeping.set(device, ways.now() + SLEEP);
        say({ type: "sleep", device, asleep: true });
        const wake = ways.sleep(own);
        ways.later(SLEEP, () => {
          sleeping.delete(device);
          say({ type: "sleep", device, asleep: false });
          wake(on(device));
        });
        break;
      }
    }
  }

  return { act, tabs, sleeping, rough };
}
