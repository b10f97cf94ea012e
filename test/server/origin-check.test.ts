import type { IncomingMessage } from "node:http";
import { describe, expect, it } from "vitest";
import { originCheck, originGate } from "../../src/server/origin-check.js";
import { createRegistry } from "../../src/server/registry.js";

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

describe("originGate", () => {
  it("[S2] says once for each origin whom it refused, and how to let them in; made-up origins fill no memory", () => {
    const registry = createRegistry();
    const errors: string[] = [];
    registry.on("error", ({ code, message }) => errors.push(`${code}: ${message}`));
    const gate = originGate("attachWs", ["https://a.example"], registry);
    for (const origin of ["https://a.example", "https://b.example", "https://b.example", undefined]) expect(gate(from(origin, "api.example"))).toBe(origin !== "https://b.example");
    expect(errors).toEqual(['origin_refused: A page of "https://b.example" gets no presence from host "api.example". If it is yours, name it: attachWs(…, { origins: ["https://b.example"] }).']);
    for (let i = 0; i < 300; i++) expect(gate(from(`https://${i}.example`, "api.example"))).toBe(false);
    expect(registry.health().errors).toEqual([{ code: "origin_refused", count: 100 }]);
  });
});
