import type { UserId } from "../core/event.js";
import type { User } from "../core/room.js";
import { charactersOf, safeName } from "./safe-name.js";
import { safePicture } from "./safe-picture.js";

/** What an app says of a user, as it came: it may be anything. */
export type PersonHint = { readonly name?: unknown; readonly picture?: unknown };

/** Somebody as they are drawn. All of it may be shown as it is. */
export type Person = {
  readonly id: UserId;
  readonly name: string;
  /** One or two characters. */
  readonly initials: string;
  /** A CSS colour: white on it has a contrast of at least 4.5. */
  readonly colour: string;
  /** An address that may be loaded. */
  readonly picture: string | undefined;
};

/** The same colour for the same id, in every page: one of 360 that are equally dark, so that white can be read on all of them. */
export function colourOf(id: UserId): string {
  let hash = 0;
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash + id.charCodeAt(i), 0x9e3779b1);
  return `oklch(.53 .13 ${(hash >>> 8) % 360})`;
}

/** The first characters of the first and the last word. */
export function initialsOf(name: string): string {
  const words = name.match(/[\p{L}\p{N}][^\s_.@-]*/gu) ?? [name];
  return words.filter((_, i) => !i || !words[i + 1]).map((word) => (charactersOf(word)[0] as string).toUpperCase()).join("");
}

/** What metas usually say: `name`, and `picture`, `avatar` or `image`. */
export function hintOf({ meta }: User<unknown>): PersonHint {
  const { name, picture, avatar, image } = Object(meta) as Readonly<Record<string, unknown>>;
  return { name, picture: picture ?? avatar ?? image };
}

/** A user as they are drawn, by what the app says of them. @param base see `safePicture`. */
export function personOf(id: UserId, hint: PersonHint | undefined, base?: string): Person {
  const name = safeName(hint?.name) ?? safeName(id) ?? "?";
  return { id, name, initials: initialsOf(name), colour: colourOf(id), picture: safePicture(hint?.picture, base) };
}
