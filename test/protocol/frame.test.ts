import fc from "fast-check";
import { expect, it } from "vitest";
import { decodeFrame, encodeFrame } from "../../src/protocol/frame.js";
import { utf8Length } from "../../src/protocol/size.js";
import { clientMessage, serverMessage, travel } from "./arbitrary.js";

it("[P1] a frame carries any messages, in order", () => {
  fc.assert(fc.property(fc.array(fc.oneof(serverMessage, clientMessage), { minLength: 1, maxLength: 4 }), (messages) => {
    expect(decodeFrame(encodeFrame(messages))).toEqual({ ours: true, messages: travel(messages) });
  }), { numRuns: 50 });
});

it("[P1] a text is ours to the letter or not at all", () => {
  for (const text of ["", "hello", "{}", "[]", '["hc"]', '[ "hc",{}]', ' ["hc",{}]', '["HC",{}]', "['hc',{}]", '{"type":"ping","n":1}', '["hcx",1]', '["hc" ,{}]', '\ufeff["hc",{}]']) {
    expect(decodeFrame(text)).toEqual({ ours: false });
  }
  expect(decodeFrame('["hc",1,"x",null]')).toEqual({ ours: true, messages: [1, "x", null] });
});

it("[P2] a text that begins like ours and is no JSON is broken, not a crash", () => {
  for (const text of ['["hc",', '["hc",]', '["hc",{"type":}]', '["hc",1] trailing', `["hc",${"[".repeat(50_000)}`]) expect(decodeFrame(text)).toEqual({ ours: true, broken: true });
});

it("[R10] a lone surrogate survives the journey, through UTF-8 too", () => {
  const text = encodeFrame([{ type: "leave", n: 1, room: "\ud800" }]);
  expect(new TextDecoder().decode(new TextEncoder().encode(text))).toBe(text);
  expect(decodeFrame(text)).toEqual({ ours: true, messages: [{ type: "leave", n: 1, room: "\ud800" }] });
});

it("[S4] utf8Length is what the text takes in UTF-8", () => {
  fc.assert(fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.array(fc.nat(0xffff)).map((units) => String.fromCharCode(...units))), (text) => {
    expect(utf8Length(text)).toBe(Buffer.byteLength(text));
  }), { numRuns: 300 });
  for (const edge of ["\x7f", "\x80", "\u07ff", "\u0800", "\uffff", "\ud800\ud800\udc00", "\udc00\ud800"]) expect(utf8Length(edge)).toBe(Buffer.byteLength(edge));
  expect(utf8Length("aé€😀\ud800")).toBe(1 + 2 + 3 + 4 + 3);
});
