import { decodeClient } from "../protocol/decode-client.js";
import { decodeFrame } from "../protocol/frame.js";
import type { ClientMessage } from "../protocol/message.js";
import { utf8Length } from "../protocol/size.js";
import { fullAllowance, spend } from "./limits.js";
import type { RegistryNumbers } from "./options.js";

/** Tells a client what was wrong, and to which of its messages and rooms that applies. */
export type Refuse = (code: string, message: string, about?: { readonly re?: number | undefined; readonly room?: string | undefined; readonly retryAfter?: number }) => void;

export type InboxOptions = {
  readonly numbers: RegistryNumbers;
  readonly now: () => number;
  readonly exclusive: boolean;
  readonly refuse: Refuse;
  readonly take: (message: ClientMessage) => void;
};

/** What comes in from a client, bounded and decoded. */
export type Inbox = {
  readonly receive: (value: unknown) => void;
  /** Whether the text was a frame of ours. */
  readonly frame: (text: string) => boolean;
};

export function createInbox({ numbers, now, exclusive, refuse, take }: InboxOptions): Inbox {
  const { rate, burst, maxFrame } = numbers;
  let allowance = fullAllowance(burst, now());
  let complainedAt = -Infinity;

  /** Whether one more may be read, or refused. */
  function allowed(): boolean {
    const at = now();
    const spent = spend(allowance, at, rate, burst);
    allowance = spent.allowance;
    // One complaint a second: an answer to each would double a flood.
    if (!spent.ok && (at - complainedAt >= 1_000 || at < complainedAt)) {
      complainedAt = at;
      refuse("too_many_messages", `At most ${rate} messages a second; the others are not read.`, { retryAfter: 1_000 });
    }
    return spent.ok;
  }

  function receive(value: unknown): void {
    if (!allowed()) return;
    const decoded = decodeClient(value, { id: numbers.maxId });
    if (decoded.ok) take(decoded.message);
    else if (decoded.code !== "unknown_type") refuse(decoded.code, decoded.message, decoded);
  }

  return {
    receive,
    frame(text) {
      if (text.startsWith('["hc",') && utf8Length(text) > maxFrame) {
        if (allowed()) refuse("too_large", `A frame may have ${maxFrame} bytes.`);
        return true;
      }
      const frame = decodeFrame(text);
      if (!frame.ours) {
        if (exclusive && allowed()) refuse("bad_message", 'A frame here is a JSON array that begins with "hc".');
        return false;
      }
      if (frame.broken) {
        if (allowed()) refuse("bad_message", "This frame is no JSON.");
      } else for (const message of frame.messages) receive(message);
      return true;
    },
  };
}
