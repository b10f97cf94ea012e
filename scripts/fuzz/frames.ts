import type { Chance } from "../bots/chance.js";

export const ROOM = "lobby";

/** What goes into a frame of ours, as text, and whether it is JSON. */
export type Body = { readonly text: string; readonly json: boolean };

const LONG = "x".repeat(300);
/** What no field should be, as JSON. */
const ODD: readonly string[] = [
  "null", "true", "false", "0", "-1", "1.5", "9007199254740993", "1e308", "-0", '""', '"lobby"', `"${LONG}"`, '"__proto__"', '"constructor"', '"\\u0000"', '"\\ud800"', '"\\u202e"',
  "[]", "{}", "[[]]", '["lobby"]', '{"__proto__":{"polluted":true}}', '{"constructor":{"prototype":{"polluted":true}}}', '{"toString":1}', '{"toJSON":1}', '{"length":1e9}', "[1,2]", "[1,2,3]", "[9e15,9e15,9e15]",
];
const ROOMS: readonly string[] = ['"lobby"', '"lobby"', '"lobby"', '"side"', '"__proto__"', '""', '"\\ud800"'];

type Field = readonly [key: string, value: string];

/** A message as a client says it. */
function message(chance: Chance): Field[] {
  const n: Field = ["n", String(chance.between(0, 1_000))];
  const room: Field = ["room", chance.pick(ROOMS) ?? '"lobby"'];
  const meta: Field = ["meta", chance.pick(['{"mood":"fine"}', "{}", '{"name":"Ann","user":"ann"}', '[1,[2,[3]]]', `"${"y".repeat(chance.between(0, 600))}"`]) ?? "{}"];
  const pos: Field = ["pos", `[${chance.pick(["0", "1", "1700000000000", String(Date.now())]) ?? "0"},${chance.between(0, 50)},${chance.between(0, 2 ** 31)}]`];
  switch (chance.between(0, 7)) {
    case 0: return [["type", '"hello"'], ["v", chance.pick(["[1]", "[1,2]", "[9]"]) ?? "[1]"], ["features", "[]"]];
    case 1: return [["type", '"update"'], n, room, meta];
    case 2: return [["type", '"leave"'], n, room];
    case 3: return [["type", '"sync"'], n, room, pos];
    case 4: return [["type", '"ping"'], n];
    default: return [["type", '"join"'], n, room, ["watch", chance.pick(['"users"', '"count"', '"none"']) ?? '"users"'], ["present", chance.pick(["true", "true", "false"]) ?? "true"], meta, ...(chance.next() < 0.3 ? [pos] : [])];
  }
}

function textOf(fields: readonly Field[]): string {
  return `{${fields.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(",")}}`;
}

/** A message with one thing wrong with it, or with none. */
function spoiled(chance: Chance): string {
  const fields = message(chance);
  const at = chance.between(0, fields.length - 1);
  const odd = chance.pick(ODD) ?? "null";
  switch (chance.between(0, 9)) {
    case 0: fields.splice(at, 1); break;
    case 1:
    case 2:
    case 3: fields[at] = [fields[at]?.[0] ?? "", odd]; break;
    case 4: fields.push([chance.pick(["user", "conn", "tag", "__proto__", "re", "type", "n", "room"]) ?? "user", odd]); break;
    case 5: return odd;
    case 6: fields.push(["meta", `${"[".repeat(500)}${"]".repeat(500)}`]); break;
    default:
  }
  return textOf(fields);
}

/** What a hostile client puts between the beginning and the end of a frame. */
export function bodyOf(chance: Chance): Body {
  const whole = spoiled(chance);
  const roll = chance.next();
  if (roll < 0.01) return { text: whole.slice(0, chance.between(0, whole.length - 1)), json: false };
  if (roll < 0.02) return { text: `${whole.slice(0, 3)}${String.fromCharCode(chance.between(1, 0xd7ff))}${whole.slice(4)}`, json: false };
  if (roll < 0.022) return { text: `{"type":"join","n":1,"room":"lobby","watch":"users","present":true,"meta":"${"z".repeat(70_000)}"}`, json: true };
  if (roll < 0.03) return { text: `${"[".repeat(3_000)}${"]".repeat(3_000)}`, json: true };
  if (roll < 0.1) return { text: Array.from({ length: chance.between(2, 30) }, () => spoiled(chance)).join(","), json: true };
  return { text: whole, json: true };
}

/** Bytes that mean nothing. */
export function noise(chance: Chance): Buffer {
  return Buffer.from(Array.from({ length: chance.between(1, 200) }, () => chance.between(0, 255)));
}
