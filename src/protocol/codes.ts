/** What a server answers a client with, as `error` or, where it ends a wish, as the code of `ended`. docs/ERRORS.md has cause and cure of each. */
export type ErrorCode =
  /** A frame or a message that is none. */
  | "bad_message"
  /** A room's name that is no string, or too long. */
  | "bad_room"
  /** A frame of more bytes than `welcome.limits.frame`. */
  | "too_large"
  /** No version of the protocol in common. */
  | "unsupported_version"
  /** The link has no user. */
  | "not_identified"
  /** The server's adapter was given no `authorize`. */
  | "no_authorize"
  /** `authorize` said no. */
  | "refused"
  /** `authorize` threw, rejected, or answered nonsense. */
  | "authorize_failed"
  /** `authorize` did not answer in time. */
  | "authorize_timeout"
  /** `identify` threw, rejected, or answered nonsense. */
  | "identify_failed"
  /** `identify` did not answer in time. */
  | "identify_timeout"
  /** Meta that is no JSON, or that the schema refuses. */
  | "bad_meta"
  /** Meta of more bytes than `welcome.limits.meta`. */
  | "meta_too_large"
  /** An `update` without being present, or a `sync` without watching. */
  | "not_joined"
  /** More rooms on this link than `welcome.limits.rooms`. */
  | "too_many_rooms"
  /** More connections of one user in one room than the server allows. */
  | "too_many_connections"
  /** More messages a second than `welcome.limits.rate`, after the burst that is allowed. */
  | "too_many_messages"
  /** The room has as many users as it may. */
  | "room_full"
  /** The server kicked the user. */
  | "kicked"
  /** The server kicked the user and keeps them out for a while. */
  | "blocked"
  /** The link's user logged out. */
  | "logout"
  /** The server has just started and waits for those who are about to return: ask again later. */
  | "settling"
  /** More than 128 messages wait until the link's user is known. */
  | "too_busy"
  /** The log of the room could not be reached. */
  | "unavailable"
  /** A defect of headcount: the room starts again. */
  | "internal"
  /** The registry is closed. */
  | "closed";

/** What a registry's `error` event reports besides the codes above. */
export type RegistryErrorCode =
  /** A listener of `registry.on` threw, or its promise was rejected. */
  | "listener_failed"
  /** Host, log and sockets did not agree, and one of them was put right. */
  | "audit_repaired"
  /** The sink of a recording, or what replaces metas in it, threw; the recording is over. */
  | "record_failed"
  /** A `Wire` threw. */
  | "wire_failed"
  /** `autoJoin` threw, rejected, or answered nonsense. */
  | "auto_join_failed"
  /** `autoJoin` did not answer in time. */
  | "auto_join_timeout"
  /** A page of another origin asked for presence; said once for each origin. */
  | "origin_refused";

/** What a client's view has as `error.code` besides what the server said. */
export type ViewErrorCode =
  /** The server does not answer; asking goes on. */
  | "unanswered"
  /** `leave()` came before `enter()` was acknowledged. */
  | "left"
  /** Whoever owns the link stopped it, and it will not come back by itself. */
  | "link_stopped"
  /** An argument of a component makes no sense; only in what the frameworks' hooks show. */
  | "bad_option";

/** What a problem of `presenceHandler` has as `code`, unless the app's `authorize` gave another. */
export type HttpErrorCode =
  /** Neither `GET`, `HEAD` nor `OPTIONS`. */
  | "bad_method"
  /** No room, two, one that is not percent-encoded, or too long a name. */
  | "bad_room"
  /** `watch` is neither `users` nor `count`. */
  | "bad_watch"
  | "refused"
  | "authorize_failed"
  | "authorize_timeout"
  | "unavailable"
  | "closed"
  | "internal";
