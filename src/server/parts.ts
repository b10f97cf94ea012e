import type { ConnectionId, RoomName, UserId } from "../core/event.js";
import type { Clock, Log } from "../ports.js";
import type { Watch } from "../protocol/message.js";
import type { Listener } from "./audience.js";
import type { Events, Voice, Voices } from "./events.js";
import type { Fanout } from "./fanout.js";
import type { Ledger } from "./ledger.js";
import type { Identity, LinkOptions } from "./link.js";
import type { MetaSchema } from "./meta.js";
import type { RegistryNumbers } from "./options.js";

/** What the parts of one registry share. */
export type Parts<M> = {
  readonly numbers: RegistryNumbers;
  readonly schema: MetaSchema<M> | undefined;
  readonly clock: Clock;
  readonly log: Log<M>;
  readonly events: Events<M>;
  readonly ledger: Ledger<M>;
  readonly fanout: Fanout<M>;
  readonly voices: Voices;
  /** A connection id and a tag that were never used before. */
  readonly mint: () => { conn: ConnectionId; tag: number };
};

/** What a client wants of a room on this link, as it said last. */
export type ClientWish = { readonly watch: Watch; readonly present: boolean; readonly meta: unknown };

/** A link, and what only its own parts see of it. */
export type LinkState<M> = Listener & {
  readonly options: LinkOptions<M, unknown>;
  /** Shared with its connections, which outlive it by their grace. */
  readonly voice: Voice;
  identity: KnownIdentity<M> | undefined;
  /** Counts changes of user: what was awaited for an earlier one does not count. */
  generation: number;
  closed: boolean;
  /** What the client wants, by room. */
  readonly wishes: Map<RoomName, ClientWish>;
  /** Rooms that the server joined it to, with the meta that it gave. */
  readonly given: Map<RoomName, unknown>;
  /** What `authorize` allowed to this user: room, mode and presence. */
  readonly granted: Set<string>;
};

/** An identity whose user is a string. */
export type KnownIdentity<M> = Identity<M> & { readonly user: UserId };
