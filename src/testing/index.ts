import * as arbitraries from "./arbitraries.js";
import * as laws from "./laws.js";
import * as model from "./model.js";

export { checkServer, ServerCheckError } from "./check-server.js";
export { LawError } from "./law.js";
export { createNetwork } from "./network.js";
export { replay } from "./replay.js";
export { arbitraries, laws, model };

export type { Delivery, History, Move } from "./arbitraries.js";
export type { CheckCode, CheckedTab, CheckFailure, CheckOptions, CheckReport, ServerToCheck, Started } from "./check-server.js";
export type { Law, LawOptions, LawRuns, Reducer, Shown, Subject } from "./law.js";
export type { Deed, Model, Presence } from "./model.js";
export type { Network, NetworkOptions, NetworkTab, NetworkTabOptions } from "./network.js";
export type { Replayed } from "./replay.js";
export type { Rows } from "./rows.js";
