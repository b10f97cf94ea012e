import type { RecordLine } from "../server/index.js";

const VERSION = 1;
const TYPES: ReadonlySet<unknown> = new Set(["start", "follow", "release", "step", "append", "end"]);

/** A line and its number in the file, from 1. */
export type Numbered<M> = { readonly number: number; readonly line: RecordLine<M> };
/** `cut`: the last line is only half there, as of a process that was killed. */
export type Recording<M> = { readonly lines: readonly Numbered<M>[]; readonly cut: boolean };

/** Reads JSON lines. Throws a `TypeError` that names the line which is none of a recording. */
export function readRecording<M>(given: string | Iterable<string>): Recording<M> {
  if (typeof given !== "string" && typeof (given as Partial<Iterable<string>> | undefined)?.[Symbol.iterator] !== "function") throw new TypeError("replay: what is to be replayed must be a text, or its lines.");
  const texts = (typeof given === "string" ? given : [...given].map((text) => (text.endsWith("\n") ? text : `${text}\n`)).join("")).replace(/^\uFEFF/, "").split("\n");
  const last = texts.findLastIndex((text) => text.trim() !== "");
  const lines: Numbered<M>[] = [];
  let cut = false;
  for (const [i, text] of texts.entries()) {
    if (text.trim() === "") continue;
    const number = i + 1;
    const line = parsed(text);
    if (line === undefined && i === last && lines.length > 0) cut = true;
    else lines.push({ number, line: checked<M>(line, number) });
  }
  const [first] = lines;
  if (!first) throw new TypeError("replay: there is nothing to replay: no line.");
  if (first.line.type !== "start") throw new TypeError(`replay: a recording begins with a line of type "start", not "${first.line.type}".`);
  return { lines, cut };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function checked<M>(value: unknown, number: number): RecordLine<M> {
  const line = value as Partial<RecordLine<M>> | null | undefined;
  if (typeof line !== "object" || line === null || !TYPES.has(line.type) || typeof line.t !== "number") {
    throw new TypeError(`replay: line ${number} is no line of a recording: JSON with a "type" (${[...TYPES].join(", ")}) and a time "t".`);
  }
  if (line.type === "start" && line.version !== VERSION) throw new TypeError(`replay: line ${number}: a recording of version ${String(line.version)}; this headcount reads version ${VERSION}.`);
  return line as RecordLine<M>;
}
