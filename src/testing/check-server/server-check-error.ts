import type { CheckReport } from "./report.js";

/** What went wrong, for programs. */
export type CheckCode =
  /** A tab showed somebody who was not there, or not somebody who was: `error.report` has it all. */
  | "wrong"
  | "start_failed" | "start_timeout"
  | "connect_failed" | "connect_timeout"
  /** `connect` did not use the port that it was given. */
  | "connect_elsewhere"
  | "who_failed" | "who_timeout" | "close_failed" | "close_timeout" | "leave_failed" | "leave_timeout" | "stop_failed" | "stop_timeout";

/** Why a check of a server ended badly. Its message is for people, and whole: the stack, of which nothing could be learned, is left out. */
export class ServerCheckError extends Error {
  override readonly name = "ServerCheckError";
  readonly code: CheckCode;
  /** With the code `wrong`: what was found. */
  declare readonly report?: CheckReport;

  constructor(code: CheckCode, message: string, { report, ...options }: ErrorOptions & { readonly report?: CheckReport } = {}) {
    super(message, options);
    this.code = code;
    // Hidden, for what prints an error would print it all again.
    if (report) Object.defineProperty(this, "report", { value: report });
    this.stack = `${this.name}: ${message}`;
  }
}
