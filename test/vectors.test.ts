import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { RoomEvent } from "../src/core/event.js";
import { decodeServer } from "../src/protocol/decode-server.js";
import { vectorFiles } from "../scripts/vectors/main.js";

const read = (name: string): string => readFileSync(new URL(`../docs/vectors/${name}`, import.meta.url), "utf8");

type Step = { readonly event?: RoomEvent<unknown>; readonly doubt?: true; readonly room: "same" | { epoch: number; seq: number; digest: number; users: { connections: { tag: number; first: number; meta: unknown }[]; meta: unknown }[]; connectionCount: number; behind: { reason: string } | null } };
type Case<S> = { readonly name: string; readonly rules: readonly string[]; readonly steps: readonly S[] };
const core = (JSON.parse(read("core.json")) as { cases: Case<Step>[] }).cases;
const view = (JSON.parse(read("view.json")) as { cases: Case<{ readonly send?: { type: string }[]; readonly view: "same" | { status: string } }>[] }).cases;
const protocol = JSON.parse(read("protocol.json")) as Record<"frames" | "toServer" | "toClient" | "pages", Record<string, unknown>[]>;

describe("docs/vectors", () => {
  it.each(Object.entries(vectorFiles()))("[P1] has a current %s: `npm run vectors` writes it anew", (name, text) => {
    expect(read(name) === text, `docs/vectors/${name} is not what the code does`).toBe(true);
  });

  it("[P1] has cases that differ by name, each with the rules that it is about", () => {
    for (const cases of [core, view]) expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length);
    expect(new Set(core.flatMap(({ rules }) => rules))).toEqual(new Set(["R2", "R3", "R4", "R5", "R6", "R7", "R8", "R9", "R10", "R11", "R13", "R14"]));
  });

  it("[R5, R6, R7] has rooms behind for each reason, snapshots that are taken and that are not, and what is the same", () => {
    const seen = new Set<string>();
    for (const { steps } of core) {
      for (const { event, room } of steps) {
        seen.add(room === "same" ? `same ${event?.type ?? "doubt"}` : (room.behind?.reason ?? "in step"));
        if (event?.type === "snapshot" && room !== "same") seen.add("taken");
      }
    }
    expect([...seen].sort()).toEqual(["drift", "epoch", "gap", "in step", "link", "same connect", "same delta", "same disconnect", "same doubt", "same heartbeat", "same snapshot", "taken"]);
  });

  it("[R6, R9, R11] has rooms that are true to themselves: sums, counts, the youngest connection's meta", () => {
    for (const { name, steps } of core) {
      for (const { room } of steps) {
        if (room === "same") continue;
        const connections = room.users.flatMap((user) => user.connections);
        expect(connections.length, name).toBe(room.connectionCount);
        expect(Number(connections.reduce((sum, { tag }) => sum + BigInt(tag), 0n) % 2n ** 48n), name).toBe(room.digest);
        for (const user of room.users) expect(user.connections.reduce((a, b) => (a.first > b.first ? a : b)).meta, name).toEqual(user.meta);
      }
    }
  });

  it("[P2, P7] has messages of every type, good ones and bad ones, and pages that make one snapshot", () => {
    const types = (key: "toServer" | "toClient"): Set<unknown> => new Set(protocol[key].filter(({ ok }) => ok).map(({ message }) => (message as { type: string }).type));
    expect(types("toServer")).toEqual(new Set(["hello", "join", "update", "leave", "sync", "ping"]));
    expect(types("toClient")).toEqual(new Set(["welcome", "joined", "synced", "ended", "error", "pong", "bye", "snapshot", "delta", "heartbeat", "count"]));
    for (const key of ["toServer", "toClient"] as const) expect(protocol[key].filter(({ ok }) => !ok).length, key).toBeGreaterThan(20);
    for (const { event, messages } of protocol.pages) {
      const parts = (messages as unknown[]).map((message) => decodeServer(message)).map((heard) => (heard?.type === "state" ? (heard.event as unknown as { connections: unknown[] }).connections : []));
      expect(parts.length).toBeGreaterThan(2);
      expect(parts.flat()).toEqual((event as { connections: unknown[] }).connections);
    }
  });

  it("[V1] has views of each status, and each message that a view sends", () => {
    const steps = view.flatMap((one) => one.steps);
    expect(new Set(steps.map((step) => (step.view === "same" ? "same" : step.view.status)))).toEqual(new Set(["same", "idle", "syncing", "live", "stale", "ended"]));
    expect(new Set(steps.flatMap(({ send = [] }) => send.map(({ type }) => type)))).toEqual(new Set(["join", "sync", "update", "leave"]));
  });

  it("[P1] has a README that names every member", () => {
    const members = new Set<string>();
    const visit = (value: unknown): void => {
      if (Array.isArray(value)) value.forEach(visit);
      else if (typeof value === "object" && value !== null) {
        for (const [key, inside] of Object.entries(value)) {
          members.add(key);
          // What applications show and what goes over the wire is described elsewhere.
          if (!["meta", "previous", "message", "messages", "send", "error"].includes(key)) visit(inside);
        }
      }
    };
    visit([core, view, protocol]);
    const readme = read("README.md");
    expect([...members].filter((key) => !new RegExp(`\\b${key}\\b`).test(readme))).toEqual([]);
    expect(members.size).toBeGreaterThan(40);
  });

  it("[R4] has deltas that overlap the room's place", () => {
    let overlaps = 0;
    for (const { steps } of core) {
      let seq = 0;
      for (const { event, room } of steps) {
        if (event?.type === "delta" && (event).from < seq && room !== "same" && room.seq > seq) overlaps++;
        if (room !== "same") seq = room.seq;
      }
    }
    expect(overlaps).toBeGreaterThan(2);
  });
});
