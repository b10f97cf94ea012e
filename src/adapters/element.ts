import type { Client } from "../client/client.js";
import { systemClock } from "../client/clock.js";
import { badOption } from "../client/option.js";
import type { ClientRoom, RoomOptions } from "../client/room.js";
import { createAnnouncer } from "../face/announcer.js";
import { dress } from "../face/dress.js";
import { drawnOf, faceOf, type FaceOptions } from "../face/face.js";
import type { Clock, Stop } from "../ports.js";
import { drawingOf } from "./element/drawing.js";

export type { FaceOptions, Words } from "../face/face.js";
export type { PersonHint } from "../face/person.js";

/** What is needed of a client: `createClient`'s. */
export type Rooms = Pick<Client, "room">;

/** Where the elements' rooms come from, and how they are drawn. `M` is the type of the rooms' meta. */
export type UserPresenceOptions<M = unknown> = Omit<FaceOptions<M>, "base"> & {
  /** What the tag is called. Default `user-presence`. */
  readonly tag?: string;
  /** Whose rooms are shown, by the attribute `room`; a function is asked by each element when it is put into the page. */
  readonly client?: Rooms | ((element: HTMLElement) => Rooms);
  /** The one room that is shown, whatever the attribute says. */
  readonly presence?: Pick<ClientRoom<M>, "subscribe">;
  /** Where time comes from. Default: the platform. */
  readonly clock?: Clock;
};

/**
 * Makes `<user-presence room="…">` a tag of this page: who is in the room, how many, and how far to trust it.
 * Where there are no custom elements (a server that renders pages) it does nothing.
 * @throws TypeError without a client or a room; what `customElements.define` throws for a tag that is taken, or is no name.
 */
export function defineUserPresence<M = unknown>(options: UserPresenceOptions<M>): void {
  const { tag = "user-presence", client, presence, clock = systemClock } = options;
  if (!client && !presence) throw badOption("client", "a client");
  if (typeof customElements === "undefined") return;
  /** What was complained of: a mistake in a template is one mistake. */
  const said = new Set<string>();

  class UserPresence extends HTMLElement {
    static readonly observedAttributes = ["room", "server", "max", "watch-only"];
    #stop: Stop | undefined;

    connectedCallback(): void {
      this.disconnectedCallback();
      const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
      try {
        const max = drawnOf(this.getAttribute("max") ?? options.max);
        const name = this.getAttribute("room");
        if (!presence && !name) throw badOption("room", "a name");
        // Where nobody is drawn the number is enough. A room's own wish counts the first time, a subscription says it each time.
        const wish: Pick<RoomOptions<M>, "watch" | "present"> = { watch: max ? "users" : "count", present: !this.hasAttribute("watch-only") };
        const room = presence ?? (typeof client === "function" ? client(this) : client as Rooms).room<M>(name as string, wish);
        const face: FaceOptions<M> = { locale: this.closest<HTMLElement>("[lang]")?.lang, ...options, max, base: this.baseURI };

        const drawing = drawingOf();
        root.replaceChildren(drawing.root);
        dress(drawing.root);
        const announcer = createAnnouncer(clock, drawing.say);
        const unsubscribe = room.subscribe((view) => {
          const shown = faceOf(view, clock.now(), face);
          drawing.show(shown, max);
          // Before the first answer there is nothing that could have changed.
          if (shown.state !== "syncing") announcer.hear(`${shown.count} ${shown.status}`);
        }, wish);
        this.#stop = () => {
          unsubscribe();
          announcer.stop();
        };
      } catch (error) {
        root.replaceChildren();
        const text = `<${tag}>: ${(error as Error).message}`;
        if (!said.has(text)) console.error(text, this);
        said.add(text);
      }
    }

    disconnectedCallback(): void {
      this.#stop?.();
    }

    attributeChangedCallback(_: string, was: unknown, is: unknown): void {
      if (was !== is && this.shadowRoot && this.isConnected) this.connectedCallback();
    }
  }
  customElements.define(tag, UserPresence);
}
