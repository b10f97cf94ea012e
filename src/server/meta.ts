import { notJson } from "../protocol/plain.js";
import { utf8Length } from "../protocol/size.js";

/** The part of Standard Schema (version 1) that is used: zod, valibot, arktype and others have it. */
export type MetaSchema<M> = {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<M> | Promise<SchemaResult<M>>;
    readonly types?: { readonly input: unknown; readonly output: M } | undefined;
  };
};

type SchemaResult<M> =
  | { readonly value: M; readonly issues?: undefined }
  | { readonly issues: readonly { readonly message: string; readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined }[] };

/** A meta that may be shown, or why it may not. */
export type CheckedMeta<M> = { readonly ok: true; readonly meta: M } | { readonly ok: false; readonly code: "bad_meta" | "meta_too_large"; readonly message: string };

/**
 * Makes the meta that others see: what the client gave, with what `identify` gave laid over it, then the schema.
 * `given` undefined counts as nothing given.
 */
export function checkMeta<M>(given: unknown, identity: Partial<M> | undefined, schema: MetaSchema<M> | undefined, maxBytes: number): CheckedMeta<M> {
  if (identity !== undefined && given !== undefined && !isRecord(given)) {
    return { ok: false, code: "bad_meta", message: "meta must be an object here: the server adds to it." };
  }
  const asked = identity === undefined ? (given === undefined ? {} : given) : { ...(given as object | undefined), ...identity };
  const before = plainAndSmall<M>(asked, maxBytes);
  if (!before.ok || !schema) return before;
  const result = schema["~standard"].validate(before.meta);
  if (result instanceof Promise) {
    // Nobody waits for it, and its rejection must not end the process.
    result.catch(() => undefined);
    return { ok: false, code: "bad_meta", message: "the schema of meta is asynchronous; only a synchronous one keeps updates in order." };
  }
  if (result.issues) {
    const [issue] = result.issues;
    const path = issue?.path?.map((step) => String(typeof step === "object" ? step.key : step)).join(".");
    return { ok: false, code: "bad_meta", message: `meta${path ? `.${path}` : ""}: ${issue?.message ?? "refused by the schema"}` };
  }
  return plainAndSmall(result.value, maxBytes);
}

/** A copy as it will arrive, frozen: whoever edits theirs, or what a listener was given, changes nothing here. */
function plainAndSmall<M>(meta: unknown, maxBytes: number): CheckedMeta<M> {
  let text: string | undefined;
  try {
    text = JSON.stringify(meta);
  } catch (cause) {
    // Too deep for the stack: to look for the place would take as long as a stack is deep.
    if (cause instanceof RangeError) return { ok: false, code: "meta_too_large", message: "meta is nested too deeply." };
  }
  // First, as what is small is looked through in no time.
  const bytes = text === undefined ? 0 : utf8Length(text);
  if (bytes > maxBytes) return { ok: false, code: "meta_too_large", message: `meta is ${bytes} bytes of JSON; at most ${maxBytes} are allowed.` };
  const found = notJson(meta);
  if (found !== undefined || text === undefined) return { ok: false, code: "bad_meta", message: `${found ?? "meta can't be written"}; meta must be JSON.` };
  return { ok: true, meta: JSON.parse(text, (_, value: unknown) => Object.freeze(value)) as M };
}

function isRecord(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
