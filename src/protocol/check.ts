import type { Pos } from "./message.js";

/** A message as it was parsed: nothing of it is certain. */
export type Source = Readonly<Record<string, unknown>>;

export type Check = (value: unknown) => boolean;

/** For each type of message a check for each of its fields, none forgotten. */
export type Shapes<U extends { readonly type: string }> = {
  readonly [T in U["type"]]: Readonly<Record<Exclude<keyof Extract<U, { readonly type: T }>, "type">, Check>>;
};

export function isText(value: unknown): value is string {
  return typeof value === "string";
}

/** Milliseconds, which nothing forces to be whole. */
export function isNumber(value: unknown): value is number {
  return Number.isFinite(value);
}

export function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

export function isFlag(value: unknown): value is boolean {
  return typeof value === "boolean";
}

export function isPos(value: unknown): value is Pos {
  return Array.isArray(value) && value.length === 3 && value.every(isWhole) && (value[2] as number) < 2 ** 48;
}

export function maybe(check: Check): Check {
  return (value) => value === undefined || check(value);
}
