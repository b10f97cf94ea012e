import { accessSync, constants, mkdirSync, mkdtempSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

/** Connections of a room; some of its users have two tabs. */
export const ROOM_SIZE = 20;
/** Rooms are checked by turns, one of so many parts at a time. */
export const PARTS = 5;
/** Sockets a second that may be opened, by all tabs together, also at the start. */
export const PACE = 300;
/** Open files of a process beside its connections: what Node has, and sockets that are closing while their successors open. */
const SPARE = 500;

export type SoakOptions = {
  /** How long the crowd comes and goes, once all are in. */
  readonly minutes: number;
  readonly connections: number;
  /** Reconnects a second. */
  readonly rate: number;
  /** Seconds from one quiet moment to the next, and from one measurement to the next. */
  readonly check: number;
  readonly sample: number;
  /** The server's grace in seconds; its other times go with it. */
  readonly grace: number;
  readonly seed: number;
  readonly leak: boolean;
  readonly fault: string | undefined;
  readonly out: string;
  /** Processes that the tabs are spread over. */
  readonly crowds: number;
};

/** Said before anything runs; the process ends with 2. */
export class BadOption extends Error {
  override readonly name = "BadOption";
}

const NUMBERS = {
  minutes: { least: 0.05, most: 10_000, whole: false, standard: 10 },
  connections: { least: 10, most: 60_000, whole: true, standard: 10_000 },
  rate: { least: 0.1, most: PACE, whole: false, standard: undefined },
  check: { least: 1, most: 3_600, whole: false, standard: 10 },
  sample: { least: 0.5, most: 3_600, whole: false, standard: 5 },
  grace: { least: 0.2, most: 600, whole: false, standard: 5 },
  seed: { least: 0, most: 2 ** 31, whole: true, standard: 1 },
} as const;

/** The options with their defaults. @throws BadOption that names what makes no sense. */
export function soakOptions(args: readonly string[]): SoakOptions {
  const values = given(args);
  const number = (name: keyof typeof NUMBERS): number | undefined => {
    const { least, most, whole, standard } = NUMBERS[name];
    const text = values[name];
    if (text === undefined) return standard;
    const value = text.trim() === "" ? NaN : Number(text);
    if (!(value >= least && value <= most) || (whole && !Number.isInteger(value))) throw new BadOption(`--${name} takes a ${whole ? "whole number" : "number"} from ${least} to ${most}, not "${text}".`);
    return value;
  };
  const numbers = Object.fromEntries(Object.keys(NUMBERS).map((name) => [name, number(name as keyof typeof NUMBERS)])) as Record<keyof typeof NUMBERS, number>;
  const { connections } = numbers;
  const crowds = connections > 2_000 && availableParallelism() > 1 ? 2 : 1;
  enoughFiles(connections, crowds);
  const fault = values.break;
  // As many as would open all sockets anew in half a minute.
  const rate = (numbers.rate as number | undefined) ?? Math.min(PACE, Math.max(5, connections * 0.03));
  return { ...numbers, rate, leak: fault === "leak", fault, out: folder(values.out), crowds };
}

function given(args: readonly string[]): Partial<Record<keyof typeof NUMBERS | "out" | "break", string>> {
  try {
    const names = [...Object.keys(NUMBERS), "out", "break"];
    return parseArgs({ args: [...args], options: Object.fromEntries(names.map((name) => [name, { type: "string" as const }])) }).values;
  } catch (error) {
    const options = Object.keys(NUMBERS).map((name) => `--${name} N`).join(", ");
    throw new BadOption(`${error instanceof Error ? error.message.split(". ")[0] ?? "" : String(error)}. There are ${options}, --out FOLDER and --break FAULT.`);
  }
}

/** A folder that can be written to, made if it is not there. */
function folder(out: string | undefined): string {
  if (out === undefined) return mkdtempSync(join(tmpdir(), "headcount-soak-"));
  try {
    mkdirSync(out, { recursive: true });
    accessSync(out, constants.W_OK);
    return out;
  } catch (error) {
    throw new BadOption(`--out "${out}" is no folder that can be written to (${error instanceof Error ? error.message : String(error)}).`);
  }
}

/** Node has raised its soft limit to the hard one by now; children inherit it. */
function enoughFiles(connections: number, crowds: number): void {
  const { userLimits } = process.report.getReport() as { readonly userLimits?: { readonly open_files?: { readonly soft: number | string } } };
  const limit = Number(userLimits?.open_files?.soft);
  if (!Number.isFinite(limit) || limit >= connections + SPARE) return;
  const most = Math.max(0, limit - SPARE);
  throw new BadOption(`${connections} connections need ${connections + SPARE} open files in the server's process${crowds > 1 ? "" : " and as many in that of the tabs"}, and this shell allows ${limit}. Raise the limit ("ulimit -n ${connections + SPARE}", as root, or by the nofile line of /etc/security/limits.conf)${most >= 10 ? `, or take --connections ${most}` : ""}.`);
}
