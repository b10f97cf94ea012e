import type { Wire } from "../ports.js";
import type { ServerNotice } from "../protocol/message.js";

/** Notices that wait for a link that takes no more; a client asks again for what fell out. */
const MAX_WAITING = 64;

/** A link's acknowledgements and news: at once, in order, ahead of states. */
export type Notices = {
  readonly send: (notice: ServerNotice) => void;
  /** Sends what waits; whether all of it went out. */
  readonly ready: () => boolean;
  readonly clear: () => void;
};

/** `link.slow` is shared with the fan-out: who can take no notice can take no state. */
export function createNotices(link: { slow: boolean; readonly wire: Wire<unknown>; readonly peer: unknown }, onWireFailed: (cause: unknown) => void): Notices {
  let waiting: ServerNotice[] = [];

  function pass(notices: readonly ServerNotice[]): boolean {
    try {
      link.slow = link.wire.send([link.peer], notices).length > 0;
    } catch (cause) {
      onWireFailed(cause);
    }
    return !link.slow;
  }

  return {
    send(notice) {
      if (!link.slow && waiting.length === 0 && pass([notice])) return;
      waiting.push(notice);
      if (waiting.length > MAX_WAITING) waiting.shift();
    },
    ready() {
      link.slow = false;
      const notices = waiting;
      waiting = [];
      if (notices.length > 0 && !pass(notices)) waiting = [...notices, ...waiting];
      return !link.slow;
    },
    clear() {
      waiting = [];
    },
  };
}
