import type { IncomingMessage } from "node:http";
import { describe, expect, it } from "vitest";
import { originCheck } from "../../src/server/origin-check.js";

const from = (origin: string | undefined, host: string | undefined): IncomingMessage => ({ headers: { origin, host } }) as unknown as IncomingMessage;

describe("originCheck, by default", () => {
  const sameHost = originCheck(undefined);

  it.each([
    ["https://a.example", "a.example", true],
    ["https://A.example", "a.EXAMPLE", true],
    ["https://a.example", "a.example:443", true],
    ["http://a.example", "a.example:443", false],
    ["http://a.example:8080", "a.example:8080", true],
    ["http://a.example:8080", "a.example", false],
    ["https://b.a.example", "a.example", false],
    ["https://a.example.evil", "a.example", false],
    ["null", "a.example", false],
    ["file://", "", false],
    ["https://undefined", undefined, false],
    ["https://a.example", "not a host", false],
    ["", "a.example", false],
    [undefined, undefined, true],
  ])("[S2] from %j to host %j: %j", (origin, host, passes) => {
    expect(sameHost(from(origin, host))).toBe(passes);
  });
});
