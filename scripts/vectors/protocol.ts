import type { RoomEvent } from "../../src/core/event.js";
import { decodeClient } from "../../src/protocol/decode-client.js";
import { decodeServer } from "../../src/protocol/decode-server.js";
import { encodeCount, encodeDelta, encodeHeartbeat, encodeSnapshot } from "../../src/protocol/encode.js";
import { decodeFrame, encodeFrame } from "../../src/protocol/frame.js";
import type { ServerMessage } from "../../src/protocol/message.js";
import { nineFacts, scripted } from "./history.js";

const ROOM = "lobby";

/** What a server says of a room when that is so. */
export function encoded(event: RoomEvent<unknown>, room = ROOM): ServerMessage {
  if (event.type === "delta") return encodeDelta(room, event);
  if (event.type === "snapshot") return encodeSnapshot(room, event, Infinity)[0]!;
  if (event.type === "heartbeat") return encodeHeartbeat(room, event.at, event);
  throw new Error("a lone fact is not sent");
}

export function protocolVectors(): Record<"frames" | "toServer" | "toClient" | "pages", unknown[]> {
  const ping = { type: "ping", n: 31 } as const;
  const frames = [encodeFrame([ping]), encodeFrame([ping, { type: "leave", n: 32, room: "\ud800" }]), '["hc"', '["hc",', '["hc",{]', '["hc",]', '["hc",1,null,"x"]', ' ["hc",{"type":"ping","n":1}]', '["hc" ,{"type":"ping","n":1}]', '["hc"]', '{"type":"chat"}', "", "[]"];

  const good = [
    { type: "hello", v: [1], features: [] },
    { type: "hello", v: [1, 2], features: ["x"] },
    { type: "join", n: 1, room: ROOM, watch: "users", present: true, meta: { name: "Bob" } },
    { type: "join", n: 9, room: "", watch: "count", present: false },
    { type: "join", n: 12, room: "__proto__", watch: "none", present: true, meta: null, pos: [1767225600000, 6, 2 ** 48 - 1], full: true },
    { type: "update", n: 2, room: ROOM, meta: 0 },
    { type: "leave", n: 5, room: "x".repeat(256) },
    { type: "sync", n: 4, room: ROOM, pos: [9, 14, 55] },
    { type: "sync", n: 4, room: ROOM, full: false },
    { type: "ping", n: 0 },
    { type: "ping", n: 1, more: "is ignored" },
  ];
  const bad = [
    null, 1, "ping", [], {}, { type: 7 }, { type: "constructor" }, { type: "from the future", n: 1 },
    { type: "ping" }, { type: "ping", n: -1 }, { type: "ping", n: 1.5 }, { type: "ping", n: "1" }, { type: "ping", n: 2 ** 53 },
    { type: "hello", v: 1, features: [] }, { type: "hello", v: [1] },
    { type: "join", n: 4 }, { type: "join", n: 4, room: 2, watch: "users", present: true }, { type: "join", n: 4, room: ROOM, watch: "all", present: true }, { type: "join", n: 4, room: ROOM, watch: "users", present: 1 },
    { type: "join", n: 4, room: ROOM, watch: "users", present: true, pos: null }, { type: "join", n: 4, room: ROOM, watch: "users", present: true, pos: [9, 14] }, { type: "join", n: 4, room: ROOM, watch: "users", present: true, pos: [9, 14, 2 ** 48] },
    { type: "join", n: 4, room: ROOM, watch: "users", present: true, full: "yes" },
    { type: "update", n: 4, room: ROOM }, { type: "leave", n: 4, room: "x".repeat(257) }, { type: "sync", room: ROOM },
  ];
  const toServer = [...good, ...bad].map((message) => {
    const decoded = decodeClient(message, { id: 256 });
    if (decoded.ok) return { message, ok: true };
    const { code, re, room } = decoded;
    return { message, ok: false, answer: code === "unknown_type" ? null : { code, ...(re !== undefined && { re }), ...(room !== undefined && { room }) } };
  });

  const { delta, snapshot, heartbeat } = nineFacts(1_767_225_600_000);
  const back = scripted(7);
  back.join("ann", "a1", 2 ** 48 - 1);
  back.join("__proto__", "\ud800", 2 ** 48 - 2, null);
  const set = back.snapshot(2);
  const states = [
    encoded(heartbeat(0)), encoded(heartbeat(9)), encoded(snapshot(0)), encoded({ ...snapshot(9), at: 20_000 }), encoded({ ...set, at: 500 }), encoded(delta(0, 1)), encoded(delta(0, 4)), encoded(delta(3, 6)), encoded(delta(6, 9)), encoded(back.delta(1, 2)),
    encodeCount(ROOM, heartbeat(9), 3, 3, false), encodeCount(ROOM, heartbeat(9), 5_001, 6_000, true),
    { ...encoded(heartbeat(9)), more: "is ignored" }, { ...encoded(snapshot(0)), page: [0, 2] },
  ];
  const notices = [
    { type: "welcome", v: 1, lease: 75_000, every: 25_000, jitter: 1_000, limits: { meta: 4_096, frame: 65_536, id: 256, rooms: 100, rate: 50 } },
    { type: "joined", re: 1, room: ROOM, conn: "b1", user: "bob", pos: [7, 3, 29] }, { type: "joined", re: 2, room: ROOM }, { type: "joined", room: ROOM, conn: "b2", user: "bob", pos: [7, 3, 29] },
    { type: "synced", re: 4, room: ROOM }, { type: "ended", room: ROOM, conn: "b1", reason: "kicked", code: "kicked", message: "Removed.", retry: false }, { type: "ended", re: 14, room: ROOM, reason: "full", code: "room_full", message: "Full.", retry: 10_000 },
    { type: "error", code: "settling", re: 1, room: ROOM, message: "Later.", retryAfter: 8_200 }, { type: "error", code: "bad_message", message: "What?" }, { type: "pong", re: 3 }, { type: "bye", reason: "drain", reconnectWithin: 30_000 },
  ];
  const on = [1, "c", "cy", 20, {}];
  const state = { type: "delta", room: ROOM, from: 12, pos: [9, 14, 55], at: 1_100, on: [on], off: [] };
  const snap = { type: "snapshot", room: ROOM, pos: [9, 12, 30], at: 1_000, connections: [["a", "ann", 10, {}, 900, 11]] };
  const malformed = [
    null, "heartbeat", {}, { type: "from the future", room: ROOM }, { type: "welcome", v: 1 }, { type: "synced", re: 4 }, { type: "joined", room: 7 },
    { type: "heartbeat", room: ROOM, pos: [9, 14], at: 1 }, { type: "heartbeat", room: ROOM, pos: [9, 14, -1], at: 1 }, { type: "heartbeat", room: ROOM, pos: [9, 14, 55] },
    { ...state, from: 14 }, { ...state, from: -1 }, { ...state, on: [[0, "c", "cy", 20, {}]] }, { ...state, on: [[3, "c", "cy", 20, {}]] }, { ...state, on: [on, on] }, { ...state, off: [[2, "c", "cy", "leave"]] }, { ...state, off: [[1, "x", "xi", "leave"]] },
    { ...state, on: [[1, "c", "cy", 0, {}]] }, { ...state, on: [[1, "c", "cy", 2 ** 48, {}]] }, { ...state, on: [[1, 7, "cy", 20, {}]] }, { ...state, on: [[1, "c", "cy", 20, {}, "long"]] }, { ...state, on: [[1, "c", "cy", 20, {}, 0, 13]] }, { ...state, on: undefined }, { ...state, off: [[1, "c", "cy"]] },
    { ...snap, connections: [["a", "ann", 10, {}, 900, 12]] }, { ...snap, connections: [...snap.connections, ...snap.connections] }, { ...snap, page: [2, 2] }, { ...snap, connections: {} },
    { type: "count", room: ROOM, pos: [9, 14, 55], users: -1, connections: 3 },
  ];
  const toClient = [...states, ...notices, ...malformed].map((message) => {
    const heard = decodeServer(JSON.parse(JSON.stringify(message)));
    if (!heard) return { message, ok: false };
    if (heard.type === "state") return { message, ok: true, event: heard.event, ...(heard.page && { page: heard.page }) };
    return { message, ok: true };
  });

  const crowd = scripted(7);
  for (let i = 0; i < 12; i++) crowd.join(`user-${i}`, `c${i}`, i + 1, { name: "é".repeat(10) });
  const pages = [{ maxBytes: 400, event: crowd.snapshot(12), messages: encodeSnapshot(ROOM, crowd.snapshot(12), 400) }];
  return { frames: frames.map((text) => ({ text, ...decodeFrame(text) })), toServer, toClient, pages };
}
