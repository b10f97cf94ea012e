import type { Position, RoomName, Snapshot, UserId } from "../core/event.js";
import { emptyRoom, type Room } from "../core/room.js";
import { usersOf } from "../core/select.js";
import { toSnapshot } from "../core/snapshot.js";
import type { Clock } from "../ports.js";
import { checkOptions } from "../server/check-options.js";
import { refusalOf } from "../server/authorize.js";
import type { Verdict } from "../server/link.js";
import { createPatience } from "../server/patience.js";
import type { Registry } from "../server/registry-type.js";

/** What `authorize` is asked. Who sent the request is for the app to tell, by a cookie or a token in it. */
export type HttpAuthorizeRequest = { readonly request: Request; readonly room: RoomName; readonly watch: "users" | "count" };

/** Options of `presenceHandler`. */
export type HttpOptions = {
  /** Whether whoever sent a request may see a room. Required: `() => true` shows every room to everybody. */
  readonly authorize: (asked: HttpAuthorizeRequest) => Verdict | Promise<Verdict>;
  /**
   * Pages of other origins that may read the answers, with the user's cookies: their origins (`"https://example.com"`), or a function.
   * `"*"`: all pages, without cookies. Default: none.
   */
  readonly cors?: readonly string[] | "*" | ((origin: string, request: Request) => boolean);
};

/** How many are in a room, and at which position of its log. */
export type RoomCounts = Position & { readonly room: RoomName; readonly userCount: number; readonly connectionCount: number };

/** A room's state as JSON. The first kind is a snapshot as well: a client's room takes it as `initial`. `limited`: `users` was asked for, and the room is too large to list. */
export type RoomState<M> =
  | (RoomCounts & Snapshot<M> & { readonly users: readonly { readonly id: UserId; readonly since: number; readonly meta: M }[] })
  | (RoomCounts & { readonly type: "count"; readonly limited?: true });

/** What is needed of a registry. */
export type HttpRegistry<M> = Pick<Registry<M, undefined>, "options" | "attach" | "report" | "userCount" | "snapshot" | "query">;

type Fields = Readonly<Record<string, string>>;

/** What a request is not given, and why: an RFC 9457 problem. */
class Problem extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, detail: string) {
    super(detail);
    this.status = status;
    this.code = code;
  }
}

const METHODS = "GET, HEAD, OPTIONS";
const TITLES: ReadonlyMap<number, string> = new Map([[400, "Bad Request"], [403, "Forbidden"], [405, "Method Not Allowed"], [500, "Internal Server Error"], [503, "Service Unavailable"]]);
/** Whoever keeps an answer asks each time whether it still holds: the next one may be another user's, or refused. */
const COMMON: Fields = { "cache-control": "private, no-cache", vary: "Authorization, Cookie, Origin", "x-content-type-options": "nosniff" };

/** Not the registry's, whose timers only Node could have; a request that waits may keep a process alive. */
const clock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => { clearTimeout(timer); };
  },
};

/**
 * Makes what answers `GET ?room=…` with the room's state as JSON (`RoomState`), `&watch=count` with its counts alone. The path is the app's.
 * Also answers `HEAD`, `OPTIONS` with the preflight of CORS, and `If-None-Match` with 304. Errors are `application/problem+json` with a stable `code`.
 * A room that nobody is in, or ever was, is empty: a name is all that makes a room. Make it once; it never rejects but for what is no `Request`.
 * Throws a `TypeError` without `authorize` or for an option that makes no sense, and an `Error` coded `closed` for a registry that is closed.
 */
export function presenceHandler<M>(registry: HttpRegistry<M>, options: HttpOptions): (request: Request) => Promise<Response> {
  const { authorize, cors } = checked(options);
  const { maxId, maxWatched, patience: ms } = registry.options;
  const patience = createPatience(clock, ms);
  let closed = false;
  registry.attach(handle, () => { closed = true; });

  async function handle(request: Request): Promise<Response> {
    if (typeof (request as Partial<Request>).headers?.get !== "function") throw new TypeError("presenceHandler: this is no Request of the fetch standard; the README shows how Node's http makes one.");
    const headers = { ...COMMON, ...corsHeaders(cors, request) };
    const text = (body: unknown): string | null => (request.method === "HEAD" ? null : JSON.stringify(body));
    try {
      if (request.method === "OPTIONS") return new Response(null, { status: 204, headers: { ...headers, ...preflight(headers, request) } });
      if (request.method !== "GET" && request.method !== "HEAD") throw new Problem(405, "bad_method", `Only ${METHODS} are answered here.`);
      const asked = await allowed(request);
      const room = await roomOf(asked.room);
      const etag = `W/"${[asked.watch, room.epoch, room.seq, room.digest].join("-")}"`;
      if (isKnown(etag, request)) return new Response(null, { status: 304, headers: { ...headers, etag } });
      return new Response(text(stateOf(asked, room)), { headers: { ...headers, etag, "content-type": "application/json" } });
    } catch (error) {
      const { status, code, message } = error instanceof Problem ? error : failed("internal", 500, "The server failed.", error);
      const allow = status === 405 ? { allow: METHODS } : undefined;
      return new Response(text({ status, title: TITLES.get(status), code, detail: message }), { status, headers: { ...headers, ...allow, "content-type": "application/problem+json" } });
    }
  }

  /** What is asked for, once the app has allowed it. */
  async function allowed(request: Request): Promise<HttpAuthorizeRequest> {
    const { search } = new URL(request.url);
    const room = parameter(search, "room");
    if (room === undefined) throw new Problem(400, "bad_room", "Name the room: ?room=…");
    if (room.length > maxId) throw new Problem(400, "bad_room", `The name of a room has at most ${maxId} characters.`);
    const watch = parameter(search, "watch") ?? "users";
    if (watch !== "users" && watch !== "count") throw new Problem(400, "bad_watch", '`watch` is "users" or "count".');
    const asked = { request, room, watch } as const;
    const answer = await patience.ask(() => authorize(asked));
    const refused = refusalOf(answer, ms, (message, code, cause) => { registry.report({ code, message, room, ...(cause === undefined ? {} : { cause }) }); });
    if (refused) throw new Problem(refused.retry === false ? 403 : 500, refused.code, refused.message);
    return asked;
  }

  async function roomOf(name: RoomName): Promise<Room<M>> {
    if (!closed && registry.userCount(name) === 0) {
      // To follow an empty room begins its log anew, in another epoch each time: no answer would ever be known already.
      const { epoch, seq, digest } = registry.snapshot(name) ?? emptyRoom<M>();
      return { ...emptyRoom<M>(), epoch, seq, digest };
    }
    const answer = await patience.ask(() => registry.query(name));
    if (answer.how === "answer") return answer.value;
    if (closed) throw new Problem(503, "closed", "This server is shutting down.");
    throw failed("unavailable", 503, "The room could not be read.", answer.how === "threw" ? answer.cause : undefined, name);
  }

  function stateOf({ room: name, watch }: HttpAuthorizeRequest, room: Room<M>): RoomState<M> {
    const { epoch, seq, digest, connectionCount } = room;
    const counts = { room: name, userCount: room.users.size, connectionCount, epoch, seq, digest };
    if (watch === "count") return { type: "count", ...counts };
    if (counts.userCount > maxWatched) return { type: "count", ...counts, limited: true };
    return { ...toSnapshot(room, clock.now()), ...counts, users: usersOf(room).map(({ id, since, meta }) => ({ id, since, meta })) };
  }

  /** A fault of the server: who sent the request is told no more than that. */
  function failed(code: string, status: number, message: string, cause: unknown, room?: RoomName): Problem {
    registry.report({ code, message, ...(room === undefined ? {} : { room }), ...(cause === undefined ? {} : { cause }) });
    return new Problem(status, code, message);
  }

  return handle;
}

function checked(options: HttpOptions | undefined): HttpOptions {
  if (!options?.authorize) throw new TypeError('presenceHandler: option "authorize" is required, or anybody could see who is in which room. ({ authorize: () => true } says that they may.)');
  checkOptions("presenceHandler", options, { authorize: "function", cors: "any" });
  const { cors } = options;
  if (cors !== undefined && cors !== "*" && typeof cors !== "function" && !(Array.isArray(cors) && cors.every((one) => typeof one === "string" && !one.endsWith("/")))) {
    throw new TypeError('presenceHandler: option "cors" must be "*", a function, or an array of origins such as "https://example.com", without a slash at the end.');
  }
  return options;
}

/** The value of a parameter that is there once. Strict, so that whoever looks at the URL before us can't read another room in it. */
function parameter(search: string, name: string): string | undefined {
  const pairs = search.slice(1).split("&").map((pair) => /^([^=]*)=?(.*)$/s.exec(pair) as unknown as [string, string, string]);
  const values = pairs.filter(([, key]) => decoded(key) === name).map(([, , value]) => decoded(value));
  const code = `bad_${name}`;
  if (values.length > 1) throw new Problem(400, code, `\`${name}\` is there more than once.`);
  if (values.length === 1 && values[0] === undefined) throw new Problem(400, code, `\`${name}\` is not percent-encoded UTF-8.`);
  return values[0];
}

/** undefined = it is not percent-encoded UTF-8. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return undefined;
  }
}

/** Whether `If-None-Match` names the tag, or any; weak and strong ones count alike. */
function isKnown(etag: string, { headers }: Request): boolean {
  const known = headers.get("if-none-match") ?? "";
  return known.trim() === "*" || [...known.matchAll(/"[^"]*"/g)].some(([tag]) => etag === `W/${tag}`);
}

function corsHeaders(cors: HttpOptions["cors"], request: Request): Fields {
  const origin = request.headers.get("origin");
  if (origin === null || cors === undefined) return {};
  const expose = { "access-control-expose-headers": "ETag" };
  if (cors === "*") return { ...expose, "access-control-allow-origin": "*" };
  return allows(cors, origin, request) ? { ...expose, "access-control-allow-origin": origin, "access-control-allow-credentials": "true" } : {};
}

function allows(cors: Exclude<HttpOptions["cors"], "*" | undefined>, origin: string, request: Request): boolean {
  try {
    // A promise, which an async function gives, is no yes.
    return typeof cors === "function" ? (cors(origin, request) as unknown) === true : cors.includes(origin);
  } catch {
    return false;
  }
}

function preflight(given: Fields, { headers }: Request): Fields {
  const asked = headers.get("access-control-request-headers");
  if (!given["access-control-allow-origin"]) return { allow: METHODS };
  return { allow: METHODS, "access-control-allow-methods": METHODS, "access-control-max-age": "600", ...(asked ? { "access-control-allow-headers": asked } : {}) };
}
