import fc from "fast-check";

/** Any fixed number: a change that breaks nothing must not fail in CI by luck. Elsewhere every run tries other cases. */
const CI_SEED = 20_241_124;

const { FC_SEED, CI, MUTATION } = process.env;
const seed = FC_SEED === undefined ? (CI ? CI_SEED : undefined) : Number(FC_SEED);
if (seed !== undefined) {
  if (!Number.isInteger(seed)) throw new TypeError(`FC_SEED must be an integer, not ${String(FC_SEED)}.`);
  fc.configureGlobal({ seed });
}
// Stryker wants to know that a property fails, not by which shortest case.
if (MUTATION !== undefined) fc.configureGlobal({ ...fc.readConfigureGlobal(), endOnFailure: true });
