export { append, emptyLog, since } from "./log.js";
export { emptyHost, step } from "./host.js";
export { memoryLog } from "./memory-log.js";
export { createRegistry } from "./registry.js";

export type { DeltaMessage, FactMessage, RefusalMessage, RepairMessage } from "./channels.js";
export type { ErrorEvent, EventName, RegistryEvents } from "./events.js";
export type { ExplainedConnection, ExplainedLink, Explanation } from "./explain.js";
export type { Host, HostConnection, HostOptions } from "./host.js";
export type { Claim, HostInput, How, LinkId, Lost, Said } from "./host-input.js";
export type { AuthorizeRequest, Identity, KnownIdentity, Link, LinkOptions, Rooms, Verdict } from "./link.js";
export type { Farewell, Turned } from "./lately.js";
export type { LogOptions, LogState } from "./log.js";
export type { MetaSchema } from "./meta.js";
export type { RegistryNumbers, RegistryOptions } from "./options.js";
export type { RecordLine, RecordOptions } from "./recorder.js";
export type { Health, Registry } from "./registry-type.js";
export type { Appended, Clock, Log, Op, Random, RefusalCode, Stop, Wire } from "../ports.js";
export type { ServerMessage, Watch } from "../protocol/message.js";
