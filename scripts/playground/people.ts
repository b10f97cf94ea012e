import { button, element, write } from "./element.js";
import { DEVICES, USERS, type Deed } from "./script.js";
import type { Scene, TabState } from "./truth.js";
import { COUNTERS, type Belief } from "./world.js";

type Act = (deed: Deed) => void;

/** What the buttons of a person do, on the first of their devices. */
const DEEDS = [
  ["open", "Second tab"], ["refresh", "Refresh"], ["cut", "Cut the line"], ["half-open", "Half-open line"], ["sleep", "Sleep 18 s"], ["late", "Late goodbye"],
] as const;

/** What a tab shows of itself, in words. */
const stateOf = ({ asleep, silent, down }: TabState): string => (asleep !== undefined ? "asleep" : silent !== undefined ? "half-open" : down !== undefined ? "no socket" : "connected");

const shownOf = ({ users, says }: Belief): string => (users === undefined ? "…" : `${users.length}${says === "old" ? " (old)" : ""}`);

/** Draws people, their devices, and their tabs, each with what it shows. Returns what shows a scene. */
export function createPeople(root: HTMLElement, act: Act): (scene: Scene) => void {
  const shows = USERS.map((user) => createPerson(root, user, act));
  return (scene) => { for (const show of shows) show(scene); };
}

function createPerson(root: HTMLElement, user: string, act: Act): (scene: Scene) => void {
  const [first] = DEVICES.filter((device) => device.user === user);
  const device = first?.id ?? "";
  const devices = element("div", "devices");
  const avatar = element("span", "avatar", user.slice(0, 1).toUpperCase());
  avatar.setAttribute("aria-hidden", "true");
  const heading = element("h2", "", avatar, user);
  heading.id = `person-${user}`;
  let rough = false;
  const roughly = button("200 ms, 20 % loss", "", () => { act({ do: rough ? "smooth" : "rough", user }); });
  const buttons = DEEDS.map(([deed, words]) => button(words, "", () => { act({ do: deed, device }); }));
  const deeds = element("div", "deeds", ...buttons, roughly);
  deeds.setAttribute("role", "group");
  deeds.setAttribute("aria-label", `What happens to ${device}`);
  const card = element("section", "panel person", heading, devices, deeds);
  card.dataset.user = user;
  card.setAttribute("aria-labelledby", heading.id);
  root.append(card);
  const drawn = DEVICES.filter((one) => one.user === user).map((one) => createDevice(devices, one.id, one.kind, act));

  return (scene) => {
    rough = scene.rough.get(user) === Infinity;
    roughly.setAttribute("aria-pressed", String(rough));
    // Not `disabled`, which would take the focus away. The world takes no notice of them.
    for (const one of buttons) one.setAttribute("aria-disabled", String(scene.sleeping.has(device)));
    for (const show of drawn) show(scene);
  };
}

function createDevice(root: HTMLElement, id: string, kind: string, act: Act): (scene: Scene) => void {
  const tabs = element("ul", "tabs");
  tabs.setAttribute("aria-label", id);
  const open = button("Open a tab", "open", () => { act({ do: "open", device: id }); });
  const screen = element("div", "screen", tabs, open);
  const name = element("p", "device-name", kind);
  const device = element("div", "device", screen, name);
  device.dataset.kind = kind;
  root.append(device);
  const drawn = new Map<number, ReturnType<typeof createTab>>();

  return (scene) => {
    const own = [...scene.tabs.values()].filter((tab) => tab.device === id);
    device.dataset.asleep = String(scene.sleeping.has(id));
    write(name, scene.sleeping.has(id) ? `${kind}, asleep` : kind);
    let focused = false;
    for (const [tab, { item }] of drawn) {
      if (scene.tabs.has(tab)) continue;
      focused ||= item.contains(document.activeElement);
      drawn.delete(tab);
      item.remove();
    }
    open.hidden = own.length > 0;
    own.forEach((tab, i) => {
      const known = drawn.get(tab.tab) ?? createTab(i + 1, () => { act({ do: "close", device: id }); });
      if (!drawn.has(tab.tab)) tabs.append(known.item);
      drawn.set(tab.tab, known);
      known.show(tab, own.length > 1 ? i === own.length - 1 : true);
    });
    // Not lost to who uses a keyboard.
    if (focused) (tabs.lastElementChild?.querySelector("button") ?? open).focus();
  };
}

function createTab(n: number, close: () => void): { readonly item: HTMLElement; readonly show: (tab: TabState, last: boolean) => void } {
  const state = element("span", "state");
  const numbers = COUNTERS.map((counter) => {
    const value = element("b");
    return { counter, value, line: element("span", "shows", element("span", "", counter), value) };
  });
  const shut = button("×", "shut", close);
  shut.setAttribute("aria-label", `Close tab ${n}`);
  const item = element("li", "tab", element("span", "head", element("i"), state), shut, ...numbers.map(({ line }) => line));

  return {
    item,
    show(tab, last) {
      item.dataset.state = stateOf(tab);
      write(state, stateOf(tab));
      shut.hidden = !last;
      for (const { counter, value, line } of numbers) {
        write(value, shownOf(tab.beliefs[counter]));
        line.dataset.says = tab.beliefs[counter].says;
        line.dataset.counter = counter;
      }
    },
  };
}
