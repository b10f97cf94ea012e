import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { reduce } from "../../src/core/reduce.js";
import { emptyRoom, type Room } from "../../src/core/room.js";
import { usersOf } from "../../src/core/select.js";
import { decodeClient } from "../../src/protocol/decode-client.js";
import { decodeServer } from "../../src/protocol/decode-server.js";
import { decodeFrame } from "../../src/protocol/frame.js";
import { utf8Length } from "../../src/protocol/size.js";
import { toPos } from "../../src/protocol/encode.js";

type Example = { readonly line: number; readonly section: string; readonly mark: string; readonly label: string; readonly value: unknown };

/** One story over all of its headings; elsewhere each heading begins with an empty room. */
const CONVERSATION = "A conversation";
const text = readFileSync(new URL("../../docs/PROTOCOL.md", import.meta.url), "utf8");
const examples = read(text);

describe("docs/PROTOCOL.md", () => {
  it("[P1] marks each of its examples", () => {
    expect(examples.length).toBe(text.match(/^```json$/gm)?.length);
    for (const { line, mark } of examples) {
      expect(["client → server", "server → client", "malformed, server → client", "room"], `line ${line}`).toContain(mark);
    }
  });

  it("[P1] has an example of every message", () => {
    const said = (mark: string) => new Set(examples.filter((example) => example.mark === mark).flatMap(messagesOf).map((message) => (message as { type: string }).type));
    expect(said("client → server")).toEqual(new Set(["hello", "join", "update", "leave", "sync", "ping"]));
    expect(said("server → client")).toEqual(new Set(["welcome", "joined", "synced", "ended", "error", "pong", "bye", "snapshot", "delta", "heartbeat", "count"]));
  });

  it("[P1] has examples that are decoded, whole", () => {
    for (const example of examples.filter(({ mark }) => mark === "client → server")) {
      for (const message of messagesOf(example)) expect(decodeClient(message, { id: 256 }), `line ${example.line}`).toEqual({ ok: true, message });
    }
    for (const example of examples.filter(({ mark }) => mark === "server → client")) {
      for (const message of messagesOf(example)) {
        const decoded = decodeServer(message);
        expect(decoded, `line ${example.line}`).toBeDefined();
        if (decoded?.type !== "state" && decoded?.type !== "count") expect(decoded, `line ${example.line}`).toEqual(message);
      }
    }
  });

  it("[P2] has examples of what is malformed that are", () => {
    const malformed = examples.filter(({ mark }) => mark === "malformed, server → client");
    expect(malformed.length).toBeGreaterThan(3);
    for (const { line, value } of malformed) expect(decodeServer(value), `line ${line}`).toBeUndefined();
  });

  it("[P1, R13] states outcomes that `reduce` comes to as well", () => {
    let outcomes = 0;
    let section = "";
    let room = emptyRoom<unknown>();
    for (const example of examples) {
      if (example.section !== section) room = emptyRoom();
      section = example.section;
      if (example.mark === "room") {
        outcomes++;
        expect(shown(room), `line ${example.line}`).toEqual(example.value);
      } else if (example.mark === "server → client") {
        for (const message of messagesOf(example)) {
          const decoded = decodeServer(message);
          if (decoded?.type === "state") room = reduce(room, decoded.event);
        }
      }
    }
    expect(outcomes).toBeGreaterThan(8);
  });

  it("[P1] counts bytes that are what the frames have", () => {
    const counted = examples.filter(({ label }) => /\d+ bytes/.test(label));
    expect(counted.length).toBeGreaterThan(15);
    for (const { line, label, value } of counted) expect(label, `line ${line}`).toContain(` ${utf8Length(JSON.stringify(value))} bytes:`);
  });

  it("[P1] has a conversation of frames, and each begins like ours", () => {
    const frames = examples.filter(({ section, mark }) => section === CONVERSATION && mark !== "room");
    for (const { line, value } of frames) expect(decodeFrame(JSON.stringify(value)).ours, `line ${line}`).toBe(true);
  });
});

/** What the document says of a room: where it stands, who is in it through how many connections, and what it is behind by. */
function shown(room: Room<unknown>): unknown {
  return { pos: toPos(room), users: usersOf(room).map((user) => [user.id, user.connections.length, user.meta]), behind: room.behind?.reason ?? null };
}

function messagesOf({ value }: Example): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]).slice(1) : [value];
}

/** Every fenced block of JSON, with the mark above it, the line of text above that, and the headings it stands under. */
function read(markdown: string): Example[] {
  const lines = markdown.split("\n");
  const found: Example[] = [];
  let [chapter, section, mark, label] = ["", "", "", ""];
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!;
    const heading = /^(##+) (.*)/.exec(line);
    const comment = /^<!-- (.*) -->$/.exec(line);
    if (heading?.[1] === "##") chapter = section = heading[2]!;
    else if (heading) section = chapter === CONVERSATION ? chapter : heading[2]!;
    else if (comment) mark = comment[1]!;
    else if (line === "```json") {
      const end = lines.indexOf("```", i);
      found.push({ line: i + 1, section, mark, label, value: JSON.parse(lines.slice(i + 1, end).join("\n")) });
      i = end;
      mark = label = "";
    } else if (line !== "") label = line;
  }
  return found;
}
