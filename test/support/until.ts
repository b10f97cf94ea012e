import { vi } from "vitest";

/** Tries again, every few ms, until `check` throws no more; its last error after ten seconds. */
export async function until(check: () => void | Promise<void>): Promise<void> {
  await vi.waitFor(check, { timeout: 10_000, interval: 5 });
}
