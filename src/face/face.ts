import { badOption } from "../client/option.js";
import type { View } from "../client/view-show.js";
import type { User } from "../core/room.js";
import { hintOf, personOf, type Person, type PersonHint } from "./person.js";
import { safeName } from "./safe-name.js";

/** All that is said to people, in English unless you say otherwise. */
export type Words = {
  /** What the whole is called. */
  readonly label: string;
  /** How many there are; `shown` is `count` in the page's language. */
  readonly here: (shown: string, count: number) => string;
  /** Nothing is known yet. */
  readonly connecting: string;
  /** It is not known how it is now; `time` is when the room was last heard of, `stopped` says that the link won't come back by itself. */
  readonly stale: (time: string, stopped: boolean) => string;
  /** The server ended it. */
  readonly ended: (reason: string) => string;
  readonly you: (name: string) => string;
};

/** How a view is drawn. `M` is the type of the room's meta. */
export type FaceOptions<M = unknown> = {
  /** How many people are drawn; the others are "+3". Default 5; 0 = none, and no names either. */
  readonly max?: number | undefined;
  /** What a user is called and which picture they have. Default: the meta's `name`, and its `picture`, `avatar` or `image`. */
  readonly person?: ((user: User<M>) => PersonHint | undefined) | undefined;
  /** Words of another language, or of your own. */
  readonly words?: { readonly [W in keyof Words]?: Words[W] | undefined } | undefined;
  /** The language of numbers and times; one that makes no sense is the platform's own. */
  readonly locale?: string | undefined;
  /** What relative addresses of pictures are relative to. */
  readonly base?: string | undefined;
};

/** What is drawn of a view: plain data, of which all may be shown as it is. */
export type Face = {
  /** What the whole is called. */
  readonly label: string;
  readonly state: View<unknown>["status"];
  /** Who is named, by who came first; the first `max` of them are drawn. */
  readonly people: readonly Person[];
  /** Those who are not drawn: "+3"; "" when there are none. */
  readonly more: string;
  /** There are more than are named. */
  readonly unnamed: boolean;
  /** How many there are: "3 here"; "…" while that is not known. */
  readonly count: string;
  /** How far to trust it: "" while it is live, else "reconnecting, as of 12:03". */
  readonly status: string;
};

/** More names than that nobody reads. */
const NAMED = 20;

/** How many people are drawn, by a `max` as it came. @throws TypeError for what is no whole number. */
export function drawnOf(max: string | number = 5): number {
  if (!/^\d+$/.test(max as string)) throw badOption("max", "a whole number");
  return +max;
}

/** What is drawn of a view at the moment `now` (wall-clock ms). */
export function faceOf<M>({ status, users = [], userCount, self, staleSince, error }: View<M>, now: number, { max = 5, person = hintOf, words = {}, locale: wished, base }: FaceOptions<M> = {}): Face {
  const {
    label = "Who is here",
    here = (shown) => `${shown} here`,
    connecting = "connecting",
    stale = (time, stopped) => `${stopped ? "disconnected" : "reconnecting"}, as of ${time}`,
    ended = (reason) => `not available: ${reason}`,
    you = (name) => `${name} (you)`,
  } = words;
  let locale: string | undefined;
  try {
    [locale] = Intl.getCanonicalLocales(wished);
  } catch {
    // A page's `lang` may be anything; what is no language throws wherever it is used.
  }
  const others = max && users.length - max;
  return {
    label,
    state: status,
    people: users.slice(0, max && max + NAMED).map((user) => {
      const one = personOf(user.id, person(user), base);
      return user.id === self?.user ? { ...one, name: you(one.name) } : one;
    }),
    unnamed: others > NAMED,
    more: others > 0 ? `+${others.toLocaleString(locale)}` : "",
    count: status === "ended" ? "" : userCount === undefined ? "…" : here(userCount.toLocaleString(locale), userCount),
    // Times of another day say which.
    status: status === "live" ? ""
      : status === "stale" ? stale(new Intl.DateTimeFormat(locale, { timeStyle: "short", dateStyle: now - staleSince > 6e7 ? "medium" : undefined }).format(staleSince), error?.code === "link_stopped")
      : status === "ended" ? ended(safeName(error.message, 200) ?? error.code)
      : connecting,
  };
}
