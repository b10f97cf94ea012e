import type { ClientMessage, ServerMessage } from "./message.js";

/** How every text of ours begins, to the letter. On a shared socket it is all that tells ours from the app's. */
export const PREFIX = '["hc",';

/** What a text turned out to be. `broken`: it begins like one of ours and is no JSON. */
export type Frame =
  | { readonly ours: false; readonly broken?: undefined; readonly messages?: undefined }
  | { readonly ours: true; readonly broken?: undefined; readonly messages: readonly unknown[] }
  | { readonly ours: true; readonly broken: true; readonly messages?: undefined };

/** One text for one or more messages: `["hc", message, …]`. */
export function encodeFrame(messages: readonly (ServerMessage | ClientMessage)[]): string {
  return JSON.stringify(["hc", ...messages]);
}

/** The messages in a text, parsed and not yet decoded. A text that is not ours is not parsed. Never throws. */
export function decodeFrame(text: string): Frame {
  if (!text.startsWith(PREFIX)) return { ours: false };
  try {
    return { ours: true, messages: (JSON.parse(text) as unknown[]).slice(1) };
  } catch {
    return { ours: true, broken: true };
  }
}
