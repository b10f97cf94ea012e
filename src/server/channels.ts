import { channel } from "node:diagnostics_channel";
import type { Fact, RoomName } from "../core/event.js";
import type { LinkId } from "./host-input.js";

/** What is published on `headcount:fact`: each fact that this process hears of. */
export type FactMessage = { readonly room: RoomName; readonly fact: Fact<unknown> };
/** On `headcount:delta`: each delta that went out, encoded once for so many links. */
export type DeltaMessage = { readonly room: RoomName; readonly from: number; readonly to: number; readonly links: number };
/** On `headcount:repair`: a snapshot that had to be sent to one who knew the room, an audit's repair, a room started again. */
export type RepairMessage = { readonly room: RoomName | undefined; readonly link: LinkId | undefined; readonly what: "snapshot" | "audit" | "restart" };
/** On `headcount:refusal`: what a client was refused, and by which code. */
export type RefusalMessage = { readonly link: LinkId | undefined; readonly room: RoomName | undefined; readonly code: string };

type Messages = { fact: FactMessage; delta: DeltaMessage; repair: RepairMessage; refusal: RefusalMessage };

const channels = {
  fact: channel("headcount:fact"),
  delta: channel("headcount:delta"),
  repair: channel("headcount:repair"),
  refusal: channel("headcount:refusal"),
};

/** Publishes on `node:diagnostics_channel`; costs nothing while nobody subscribes. */
export function publish<K extends keyof Messages>(name: K, message: () => Messages[K]): void {
  if (channels[name].hasSubscribers) channels[name].publish(message());
}
