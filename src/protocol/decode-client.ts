import { isFlag, isPos, isText, isWhole, maybe, type Shapes, type Source } from "./check.js";
import type { ClientMessage } from "./message.js";

/** A message, or why it is none: what to answer, with the number and the room where those could be read. */
export type Decoded<T> =
  | { readonly ok: true; readonly message: T }
  | { readonly ok: false; readonly code: "bad_message" | "bad_room" | "unknown_type"; readonly message: string; readonly re?: number; readonly room?: string };

const SHAPES: Shapes<ClientMessage> = {
  hello: { v: listOf(isWhole), features: listOf(isText) },
  join: { n: isWhole, room: isText, watch: isWatch, present: isFlag, meta: isAnything, pos: maybe(isPos), full: maybe(isFlag) },
  update: { n: isWhole, room: isText, meta: isSomething },
  leave: { n: isWhole, room: isText },
  sync: { n: isWhole, room: isText, pos: maybe(isPos), full: maybe(isFlag) },
  ping: { n: isWhole },
};

const EXPECTED: ReadonlyMap<string, string> = new Map([
  ["v", "a list of whole numbers"],
  ["features", "a list of strings"],
  ["n", "a whole number of at least 0"],
  ["room", "a string"],
  ["watch", '"users", "count" or "none"'],
  ["present", "true or false"],
  ["meta", "given"],
  ["pos", "[epoch, seq, digest], or left out"],
  ["full", "true or false, or left out"],
]);

/**
 * Decodes one message of a client, already parsed. Total and stateless: never throws, whatever it is given.
 * `limits.id`: UTF-16 units of a room's name; any string up to that is a name. `meta` is passed on as it came.
 * `unknown_type` is to be ignored, so that newer clients do no harm; the other codes are answered.
 */
export function decodeClient(value: unknown, limits: { readonly id: number }): Decoded<ClientMessage> {
  try {
    return decode(value, limits.id);
  } catch {
    // A getter or a proxy; a value that was parsed from text has none.
    return { ok: false, code: "bad_message", message: "The message can't be read." };
  }
}

function decode(value: unknown, longest: number): Decoded<ClientMessage> {
  if (typeof value !== "object" || value === null) return { ok: false, code: "bad_message", message: "A message is a JSON object." };
  const source = value as Source;
  const { type, n, room } = source;
  if (!isText(type)) return { ok: false, code: "bad_message", message: "A message has a `type`, a string." };
  if (!Object.hasOwn(SHAPES, type)) return { ok: false, code: "unknown_type", message: "A message of this type is not known here." };

  const legal = isText(room) && room.length <= longest;
  const refused = (code: "bad_message" | "bad_room", message: string): Decoded<never> => {
    // A name that is too long is not sent back.
    return { ok: false, code, message: `${type}: ${message}`, ...(isWhole(n) && { re: n }), ...(legal && { room }) };
  };
  const copy: Record<string, unknown> = { type };
  for (const [key, check] of Object.entries(SHAPES[type as ClientMessage["type"]])) {
    const field = source[key];
    if (!check(field)) return refused(key === "room" ? "bad_room" : "bad_message", `\`${key}\` must be ${EXPECTED.get(key) ?? ""}.`);
    if (field !== undefined) copy[key] = field;
  }
  if ("room" in copy && !legal) return refused("bad_room", `\`room\` must have at most ${longest} characters.`);
  return { ok: true, message: copy as ClientMessage };
}

function isWatch(value: unknown): boolean {
  return value === "users" || value === "count" || value === "none";
}

function isAnything(): boolean {
  return true;
}

function isSomething(value: unknown): boolean {
  return value !== undefined;
}

function listOf(check: (item: unknown) => boolean): (value: unknown) => boolean {
  return (value) => Array.isArray(value) && value.every(check);
}
