import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { afterEach, describe, expect, it } from "vitest";
import type { DeltaMessage, FactMessage, RefusalMessage, RepairMessage } from "../../src/server/channels.js";
import { world } from "../support/server.js";

const stops: (() => void)[] = [];
afterEach(() => { for (const stop of stops.splice(0)) stop(); });

function listen<T>(name: string): T[] {
  const heard: T[] = [];
  const hear = (message: unknown): void => { heard.push(message as T); };
  subscribe(name, hear);
  stops.push(() => { unsubscribe(name, hear); });
  return heard;
}

describe("diagnostics channels", () => {
  it("[P4] headcount:fact and headcount:delta say what became true, and what went out to how many", () => {
    const [facts, deltas] = [listen<FactMessage>("headcount:fact"), listen<DeltaMessage>("headcount:delta")];
    const w = world();
    const [ann, bob] = [w.client("ann"), w.client("bob")];
    ann.join("r");
    bob.join("r", { watch: "none" });
    w.clock.advance(60);
    bob.say({ type: "update", room: "r", meta: { i: 1 } });
    w.clock.advance(60);
    expect(facts.map(({ room, fact }) => [room, fact.type, fact.user, fact.seq])).toEqual([["r", "connect", "ann", 1], ["r", "connect", "bob", 2], ["r", "connect", "bob", 3]]);
    expect(deltas).toEqual([{ room: "r", from: 1, to: 2, links: 1 }, { room: "r", from: 2, to: 3, links: 1 }]);
  });

  it("[H11] headcount:repair says what had to be mended", () => {
    const repairs = listen<RepairMessage>("headcount:repair");
    const w = world();
    const ann = w.client("ann");
    ann.join("r");
    w.clock.advance(20_000);
    ann.say({ type: "sync", room: "r", pos: [w.registry.snapshot("r").epoch, 1, 5] });
    w.wire.gone.add(ann.peer);
    w.registry.audit();
    expect(repairs).toEqual([{ room: "r", link: ann.link.id, what: "snapshot" }, { room: undefined, link: ann.link.id, what: "audit" }]);
  });

  it("[S4] headcount:refusal says who was refused what", () => {
    const refusals = listen<RefusalMessage>("headcount:refusal");
    const w = world();
    const ann = w.client("ann", { authorize: () => false });
    ann.join("r");
    ann.say({ type: "update", room: "s", meta: {} });
    ann.link.receive(5);
    const link = ann.link.id;
    expect(refusals).toEqual([{ link, room: "r", code: "refused" }, { link, room: "s", code: "not_joined" }, { link, room: undefined, code: "bad_message" }]);
  });
});
