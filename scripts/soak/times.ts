/**
 * The server's times in ms. All go with the grace, so that a short run sees leases and windows end too; 5 s gives about half of the defaults.
 * `late`: by how much something may be late before it counts as wrong, since the machine may be busy; the server does not know of it.
 */
export type Times = { readonly grace: number; readonly tick: number; readonly flush: number; readonly lease: number; readonly ping: number; readonly heartbeat: number; readonly windowAge: number; readonly late: number };

/** `grace` in seconds. */
export function timesOf(grace: number): Times {
  const ms = grace * 1_000;
  return { grace: ms, tick: Math.min(1_000, ms / 5), flush: 50, lease: 5 * ms, ping: 2 * ms, heartbeat: 5 * ms, windowAge: 4 * ms, late: Math.max(5_000, 2 * ms) };
}
