import { createElement as h, useEffect, useRef, useState, useSyncExternalStore, type CSSProperties, type ReactElement } from "react";
import { systemClock } from "../../client/clock.js";
import { wrong } from "../../client/given-room.js";
import type { ClientRoom, RoomOptions } from "../../client/index.js";
import type { RoomName } from "../../core/event.js";
import { createAnnouncer, type Announcer } from "../../face/announcer.js";
import { dress } from "../../face/dress.js";
import { drawnOf, faceOf, type FaceOptions } from "../../face/face.js";
import { LOOK } from "../../face/look.js";
import type { Person } from "../../face/person.js";
import { unfold } from "../../face/unfold.js";
import { usePresence, type RegisteredMeta } from "./hooks.js";

/** Which room is shown, and how. `M` is the type of its meta. */
export type UserPresenceProps<M = RegisteredMeta> = Omit<FaceOptions<M>, "base"> & Pick<RoomOptions<NoInfer<M>>, "meta" | "initial"> & {
  /** Its name, below a `PresenceProvider`, or a room. */
  readonly room: RoomName | ClientRoom<M>;
  /** Who looks is not here by it. */
  readonly watchOnly?: boolean | undefined;
  /** Of the outermost element, which has the class `hc-face` as well. */
  readonly className?: string | undefined;
  readonly style?: CSSProperties | undefined;
  /** For a server behind a content security policy: that of the look, which is written into the HTML. */
  readonly nonce?: string | undefined;
};

/**
 * Who is in a room, how many, and how far to trust it: faces, a count, the names on hover and focus. I am here by it, as by `usePresence`, unless `watchOnly`.
 * What makes no sense (a `max`, a room) shows nothing, and the console is told why, once. What `person` or `words` throw goes to the nearest error boundary.
 * @throws Error without a provider for a room's name.
 */
export function UserPresence<M = RegisteredMeta>(props: UserPresenceProps<M>): ReactElement | null {
  let max;
  try {
    max = drawnOf(props.max);
  } catch (thrown) {
    wrong(thrown);
    return null;
  }
  return h(Shown<M>, { ...props, max });
}

function Shown<M>({ room, meta, initial, watchOnly, className, style, nonce, ...look }: UserPresenceProps<M> & { readonly max: number }): ReactElement | null {
  // Where nobody is drawn the number is enough.
  const view = usePresence<M>(room, { watch: look.max ? "users" : "count", present: !watchOnly, ...(meta !== undefined && { meta }), ...(initial && { initial }) });
  const hydrating = useSyncExternalStore(never, () => false, () => true);
  // Server and page must first draw the same: neither the page's language nor its address is known to both.
  const page = hydrating ? { locale: "en" } : { locale: document.documentElement.lang, base: document.baseURI };
  const { label, people, more, unnamed, count, status } = faceOf(view, systemClock.now(), { ...page, ...look, locale: look.locale ?? page.locale });

  // To who looks it is the same.
  const state = view.status === "idle" ? "syncing" : view.status;
  const [said, say] = useState("");
  const announcer = useRef<Announcer>(undefined);
  useEffect(() => (announcer.current = createAnnouncer(systemClock, say)).stop, [room]);
  useEffect(() => {
    // Before the first answer there is nothing that could have changed.
    if (state !== "syncing") announcer.current?.hear(`${count} ${status}`);
  }, [room, state, count, status]);

  const names = useRef<HTMLUListElement>(null);
  const open = (): void => { unfold(names.current as HTMLElement); };
  // A room that is none.
  if (view.status === "idle" && view.error && !view.room) return null;
  const avatarOf = (person: Person): ReactElement => h(Avatar, { ...person, key: person.id, ...(hydrating && { picture: undefined }) });
  return h("div", { className: className ? `hc-face ${className}` : "hc-face", style, ref: dressed, role: "group", "aria-label": label, "data-state": state, onPointerEnter: open },
    // For as long as no script has run. React 19 puts it into the head, once.
    hydrating && h("style", { href: "headcount", precedence: "headcount", nonce, suppressHydrationWarning: true }, LOOK),
    h("div", { className: "hc-stack", "aria-hidden": true }, people.slice(0, look.max).map(avatarOf), more && bdi("avatar", more)),
    h("span", { className: "hc-dot" }),
    h("span", { className: "hc-state" }, bdi("count", count, count === "…"), bdi("status", status)),
    // Safari takes a list without bullets for none. Tab stops here, which shows the names, and can scroll them.
    h("ul", { className: "hc-names", role: "list", tabIndex: 0, hidden: !people.length, ref: names, onFocus: open },
      people.map((person) => h("li", { className: "hc-person", key: person.id }, avatarOf(person), bdi("name", person.name))), unnamed && h("li", { className: "hc-person" }, "…")),
    h("span", { className: "hc-said", role: "status" }, said));
}

/** What strangers typed turns nothing beside it. Numbers and times may be written otherwise on the server than here. */
function bdi(name: string, text: string, hidden = false): ReactElement {
  return h("bdi", { className: `hc-${name}`, suppressHydrationWarning: true, "aria-hidden": hidden || undefined }, text);
}

function Avatar({ initials, colour, picture }: Person): ReactElement {
  const [lost, lose] = useState<string>();
  return h("bdi", {
    className: "hc-avatar",
    "aria-hidden": true,
    style: { background: colour },
    // What the server wrote into the page as an attribute a content security policy may have left out.
    ref: (element: HTMLElement | null) => {
      if (element) element.style.background = colour;
    },
    // The initials are under the picture.
  }, initials, picture !== undefined && picture !== lost && h("img", { className: "hc-picture", alt: "", referrerPolicy: "no-referrer", onError: () => { lose(picture); }, src: picture }));
}

/** The same function at each draw, so that React calls it once. */
function dressed(element: Element | null): void {
  if (element) dress(element);
}

function never(): () => void {
  return never;
}
