import type { ConnectionId, RoomName } from "../core/event.js";
import type { Clock, Log } from "../ports.js";
import type { Pos, Watch } from "../protocol/message.js";
import type { Listener } from "./audience.js";
import type { Events, Voice, Voices } from "./events.js";
import type { Fanout } from "./fanout.js";
import type { Lately } from "./lately.js";
import type { Ledger } from "./ledger.js";
import type { KnownIdentity, LinkOptions } from "./link.js";
import type { MetaSchema } from "./meta.js";
import type { RegistryNumbers } from "./options.js";
import type { Patience } from "./patience.js";

/** What the parts of one registry share. */
export type Parts<M> = {
  readonly numbers: RegistryNumbers;
  readonly schema: MetaSchema<M> | undefined;
  readonly clock: Clock;
  readonly patience: Patience;
  readonly log: Log<M>;
  readonly events: Events<M>;
  readonly ledger: Ledger<M>;
  readonly fanout: Fanout<M>;
  readonly voices: Voices;
  readonly lately: Lately;
  /** A connection id and a tag that were never used before. */
  readonly mint: () => { conn: ConnectionId; tag: number };
};

/** What a client wants of a room on this link, as it said last. */
export type ClientWish = {
  readonly watch: Watch;
  readonly present: boolean;
  /** As it was asked for last, before `identify`'s was laid over it. */
  meta: unknown;
  /** The number of its `join` until that is acknowledged. */
  re: number | undefined;
  /** What it knew of the room then. */
  readonly pos: Pos | undefined;
};

/** A room that the server joined a link to. `auto`: because `autoJoin` said so, which is asked anew for another user. */
export type Given = { meta: unknown; readonly auto: boolean };

/** A link, and what only its own parts see of it. */
export type LinkState<M> = Listener & {
  readonly options: LinkOptions<M, unknown>;
  /** Shared with its connections, which outlive it by their grace. */
  readonly voice: Voice;
  identity: KnownIdentity<M> | undefined;
  /** Counts what was said of its user: what was awaited for an earlier one does not count. */
  generation: number;
  closed: boolean;
  readonly wishes: Map<RoomName, ClientWish>;
  readonly given: Map<RoomName, Given>;
  /** The latest `join` of each room that waits to be allowed; what is here no more was left, ended or followed by another. */
  readonly asked: Map<RoomName, object>;
};
