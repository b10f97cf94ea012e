import type { RoomName } from "../core/event.js";
import type { EndReason, Watch } from "../protocol/message.js";
import type { KnownIdentity } from "./link.js";
import type { LinkState, Parts } from "./parts.js";
import { andThen, type Answered } from "./patience.js";

/** Why a link may not be in a room, or watch it. `retry`: whether, or after how many ms, asking again makes sense. */
export type Refusal = { readonly reason: EndReason; readonly code: string; readonly message: string; readonly retry: boolean | number };

/** After so many ms a client asks again what a fault of the server refused. */
const TRY_AGAIN = 10_000;

/** Whether a client may have what it wants of a room; undefined = yes. What it has already is not asked again. */
export function authorize<M>(parts: Parts<M>, link: LinkState<M>, identity: KnownIdentity<M>, room: RoomName, watch: Watch, present: boolean): Refusal | undefined | Promise<Refusal | undefined> {
  const wish = link.wishes.get(room);
  if (link.given.has(room) || (wish?.watch === watch && wish.present === present)) return undefined;
  const ask = link.options.authorize;
  if (!ask) {
    return refusal("no_authorize", 'This server lets nobody into rooms by wish: its adapter was attached without "authorize". Give it one, or join links on the server.', false);
  }
  const answer = parts.patience.ask(() => ask({ user: identity.user, room, watch, present }));
  return andThen(answer, (answered) => refusalOf(answered, parts.numbers.patience, report));

  function report(message: string, code: string, cause?: unknown): void {
    // Nobody waits for it any more.
    if (link.closed) return;
    parts.events.report({ code, message, room, link: link.id, user: identity.user, ...(cause === undefined ? {} : { cause }) });
  }
}

/** What an answer of the app's `authorize` comes to; undefined = allowed. `retry` is false where the app said no, a time where it failed to say, which is reported. */
export function refusalOf(answered: Answered<unknown>, patience: number, report: (message: string, code: string, cause?: unknown) => void): Refusal | undefined {
  if (answered.how === "late") {
    report(`"authorize" gave no answer within ${patience} ms.`, "authorize_timeout");
    return refusal("authorize_timeout", "The server could not decide in time.", TRY_AGAIN);
  }
  if (answered.how === "threw") {
    report('"authorize" threw; the room was refused.', "authorize_failed", answered.cause);
    return refusal("authorize_failed", "The server could not decide.", TRY_AGAIN);
  }
  const verdict = answered.value;
  if (verdict === true) return undefined;
  if (verdict === false) return refusal("refused", "The server does not allow this.", false);
  if (isRefusal(verdict)) return refusal(verdict.code, verdict.message, false);
  report('"authorize" must return true, false or { code, message }; the room was refused.', "authorize_failed");
  return refusal("authorize_failed", "The server could not decide.", TRY_AGAIN);
}

export function refusal(code: string, message: string, retry: boolean | number, reason: EndReason = "refused"): Refusal {
  return { reason, code, message, retry };
}

function isRefusal(value: unknown): value is { code: string; message: string } {
  return typeof value === "object" && value !== null && "code" in value && typeof value.code === "string" && "message" in value && typeof value.message === "string";
}
