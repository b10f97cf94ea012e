/** How many messages a link has left: `rate` more each second, at most `burst`. */
export type Allowance = { readonly left: number; readonly at: number };

/** A full allowance, at `now` ms. */
export function fullAllowance(burst: number, now: number): Allowance {
  return { left: burst, at: now };
}

/** The allowance after one more message, and whether that was still allowed. A clock that goes back gives nothing. */
export function spend(allowance: Allowance, now: number, rate: number, burst: number): { readonly ok: boolean; readonly allowance: Allowance } {
  const gained = (Math.max(0, now - allowance.at) * rate) / 1_000;
  const left = Math.min(burst, allowance.left + gained);
  return left >= 1 ? { ok: true, allowance: { left: left - 1, at: now } } : { ok: false, allowance: { left, at: now } };
}
