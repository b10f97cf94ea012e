export { checkServer, ServerCheckError } from "./check-server.js";
export type { CheckCode, CheckedTab, CheckFailure, CheckOptions, CheckReport, ServerToCheck, Started } from "./check-server.js";
