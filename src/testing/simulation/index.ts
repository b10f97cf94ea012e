export { PLAIN } from "./command.js";
export { FAULTS } from "./faults.js";
export { historyOf } from "./generate.js";
export { play } from "./play.js";
export { shrink } from "./shrink.js";
export { divergence, emptyReport, merge, simulate, table } from "./simulate.js";

export type { Command, Deed, History, Plan, Setup } from "./command.js";
export type { Fault } from "./faults.js";
export type { Outcome } from "./play.js";
export type { Shrunk } from "./shrink.js";
export type { Divergence, Report, Tally } from "./simulate.js";
export type { Complaint } from "./world.js";
