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
  let meta: unknown = identity === undefined ? (given ?? {}) : { ...(given as object | undefined), ...identity };
  const before = plainAndSmall(meta, maxBytes);
  if (before) return before;
  if (schema) {
    const result = schema["~standard"].validate(meta);
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
    meta = result.value;
    const after = plainAndSmall(meta, maxBytes);
    if (after) return after;
  }
  return { ok: true, meta: meta as M };
}

function plainAndSmall(meta: unknown, maxBytes: number): CheckedMeta<never> | undefined {
  const found = notJson(meta);
  if (found) return { ok: false, code: "bad_meta", message: `${found}; meta must be JSON.` };
  const bytes = utf8Length(JSON.stringify(meta));
  return bytes > maxBytes ? { ok: false, code: "meta_too_large", message: `meta is ${bytes} bytes of JSON; at most ${maxBytes} are allowed.` } : undefined;
}

function isRecord(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
