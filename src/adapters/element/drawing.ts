import type { Face } from "../../face/face.js";
import type { Person } from "../../face/person.js";
import { unfold } from "../../face/unfold.js";

/** The part of the tag that is seen: `show` makes it show a face, `say` says a text aloud to those who listen. */
export type Drawing = { readonly root: HTMLElement; readonly show: (face: Face, max: number) => void; readonly say: (text: string) => void };

/** An element with the class and the part of that name. */
function make(tag: string, name: string, ...children: readonly (Node | string)[]): HTMLElement {
  const made = document.createElement(tag);
  made.setAttribute("part", name);
  made.className = `hc-${name}`;
  made.append(...children);
  return made;
}

export function drawingOf(): Drawing {
  const stack = make("div", "stack");
  stack.ariaHidden = "true";
  // "bdi", here and below: "8 here" and "+3" keep their order in a page that runs from right to left, as names do in any.
  const count = make("bdi", "count");
  const status = make("bdi", "status");
  const names = make("ul", "names");
  // Safari takes a list without bullets for none.
  names.role = "list";
  // A stop of Tab, which shows them, and can scroll them.
  names.tabIndex = 0;
  // Said on its own, and seldom: what is seen changes with everybody who comes.
  const said = make("bdi", "said");
  said.role = "status";
  const root = make("div", "face", stack, make("bdi", "dot"), make("span", "state", count, status), names, said);
  root.role = "group";
  names.onfocus = root.onpointerenter = () => { unfold(names); };
  let drawn = "";
  return {
    root,
    say(text) { said.textContent = text; },
    show({ label, state, people, more, unnamed, count: many, status: how }, max) {
      root.ariaLabel = label;
      root.dataset.state = state;
      count.textContent = many;
      status.textContent = how;
      // What stands for "not known" is nothing to read aloud.
      count.ariaHidden = String(many === "…");
      const now = JSON.stringify([people, more]);
      if (now === drawn) return;
      drawn = now;
      names.hidden = !people.length;
      stack.replaceChildren(...people.slice(0, max).map(avatarOf));
      if (more) stack.append(make("bdi", "avatar", more));
      names.replaceChildren(...people.map((person) => make("li", "person", avatarOf(person), make("bdi", "name", person.name))));
      if (unnamed) names.append(make("li", "person", "…"));
    },
  };
}

function avatarOf({ initials, colour, picture }: Person): HTMLElement {
  const avatar = make("bdi", "avatar", initials);
  avatar.ariaHidden = "true";
  avatar.style.background = colour;
  if (picture) {
    const image = make("img", "picture") as HTMLImageElement;
    image.alt = "";
    image.referrerPolicy = "no-referrer";
    // The initials are under it.
    image.onerror = () => { image.remove(); };
    image.src = picture;
    avatar.append(image);
  }
  return avatar;
}
