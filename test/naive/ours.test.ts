import { expect, it } from "vitest";
import { checkServer } from "../../src/testing/check-server.js";
import { options, ours } from "./ours.js";

for (const [name, server] of Object.entries(ours)) {
  it(`[R9, H5, pain P01, pain P02] headcount on ${name} holds, through all that there is`, { timeout: 60_000 }, async () => {
    const report = await checkServer(server, { ...options, runs: 40, parallel: 8 });
    expect(report.ok).toBe(true);
  });
}
