import * as arbitraries from "./arbitraries.js";
import * as laws from "./laws.js";

export { checkServer } from "./check-server.js";
export { arbitraries, laws };
export type { Delivery, History, Move } from "./arbitraries.js";
export { LawError } from "./law.js";
export type { Law, LawOptions, LawRuns, Reducer, Shown, Subject } from "./law.js";
export type { Rows } from "./rows.js";
