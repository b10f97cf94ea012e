import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, request as httpRequest, type IncomingHttpHeaders, type RequestListener } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { join } from "node:path";
import { EdgeVM } from "@edge-runtime/vm";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";
import { presenceHandler, type HttpAuthorizeRequest, type HttpOptions, type HttpRegistry, type RoomState } from "../../src/adapters/http.js";
import { createClient } from "../../src/client/client.js";
import type { Snapshot } from "../../src/core/event.js";
import { memoryLog } from "../../src/server/memory-log.js";
import type { RegistryOptions } from "../../src/server/options.js";
import { heldLog, world, type Meta, type World } from "../support/server.js";
import { fakeClock } from "../support/fake-clock.js";
import { root } from "../support/sources.js";
import { afterwards } from "../support/sockets.js";

type Answer = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly text: string };
type Ask = (query: string, options?: { readonly method?: string; readonly headers?: Readonly<Record<string, string>> }) => Promise<Answer>;

/** The listener that the README shows, word for word. */
function listenerOf(presence: (request: Request) => Promise<Response>): RequestListener {
  const shown = /^createServer\((async [^]*?\n\})\)\.listen/m.exec(readFileSync(join(root, "README.md"), "utf8"))![1]!;
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- what runs is what the README shows, which no import can give
  const make = new Function("presence", `return ${shown};`) as (handle: typeof presence) => RequestListener;
  return make(presence);
}

/** A handler in a real server, and how to ask it. */
async function serving(registry: HttpRegistry<Meta>, options: Partial<HttpOptions> = {}): Promise<{ ask: Ask; port: number }> {
  const server = createServer(listenerOf(presenceHandler(registry, { authorize: () => true, ...options })));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  afterwards(() => { server.closeAllConnections(); return new Promise((resolve) => server.close(resolve)); });
  const { port } = server.address() as AddressInfo;
  const ask: Ask = (query, { method = "GET", headers = {} } = {}) => new Promise((resolve, reject) => {
    httpRequest({ host: "127.0.0.1", port, path: `/presence${query}`, method, headers, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => { text += chunk; }).on("end", () => { resolve({ status: response.statusCode!, headers: response.headers, text }); });
    }).on("error", reject).end();
  });
  return { ask, port };
}

const state = ({ text }: Answer): RoomState<Meta> => JSON.parse(text) as RoomState<Meta>;
const problem = ({ status, headers, text }: Answer): unknown => [status, headers["content-type"], (JSON.parse(text) as { code: string }).code];

/** ann with two tabs and bob in `r`. */
function peopled(options: RegistryOptions<Meta> = {}): World {
  const w = world({ grace: 0, ...options });
  w.client("ann").join("r", { meta: { name: "Ann" } });
  w.client("bob").join("r", { meta: { name: "Bob" } });
  w.client("ann").join("r", { meta: { name: "Ann's phone" } });
  return w;
}

describe("presenceHandler", () => {
  it("[R9, R11] answers who is in a room, how many they are, and where its log stands", async () => {
    const { registry } = peopled();
    const { ask } = await serving(registry);
    const answer = await ask("?room=r");
    expect([answer.status, answer.headers["content-type"]]).toEqual([200, "application/json"]);
    const { epoch, seq, digest, connections } = registry.snapshot("r");
    expect(state(answer)).toMatchObject({
      type: "snapshot", room: "r", userCount: 2, connectionCount: 3, epoch, seq, digest, connections,
      users: [{ id: "ann", meta: { name: "Ann's phone" } }, { id: "bob", meta: { name: "Bob" } }],
    });
  });

  it("[P6] answers the numbers alone where they are asked for, or the room is too large to list", async () => {
    const { registry } = peopled({ maxWatched: 1 });
    const { ask } = await serving(registry);
    const { epoch, seq, digest } = registry.snapshot("r");
    const counts = { type: "count", room: "r", userCount: 2, connectionCount: 3, epoch, seq, digest };
    expect(state(await ask("?room=r&watch=count"))).toEqual(counts);
    expect(state(await ask("?watch=users&room=r"))).toEqual({ ...counts, limited: true });
  });

  it("[V2] gives what a client's room takes as it is, as `initial`", async () => {
    const { registry } = peopled();
    const { ask } = await serving(registry);
    const shown = async (room: string): Promise<unknown[]> => {
      const transport = { up: false, send: () => undefined, probe: () => undefined, listen: () => () => undefined };
      const view = createClient({ transport }).room<Meta>(room, { initial: state(await ask(`?room=${room}`)) as Snapshot<Meta> }).getSnapshot();
      return [view.userCount, view.users?.map(({ id, meta }) => [id, meta.name])];
    };
    expect(await shown("r")).toEqual([2, [["ann", "Ann's phone"], ["bob", "Bob"]]]);
    // Of a room that was never made nothing is known.
    expect(await shown("s")).toEqual([undefined, undefined]);
  });

  it("asks a log that is elsewhere for a room that nobody here follows", async () => {
    const clock = fakeClock();
    const inner = memoryLog<Meta>({ clock });
    const other = world({ clock, log: inner, grace: 0 });
    other.client("ann").join("r");
    const here = world({ clock, log: { ...heldLog(inner), room: (name: string) => (followed.has(name) ? inner.room(name) : undefined), follow: follow } });
    const followed = new Set<string>();
    function follow(name: string, hear: Parameters<typeof inner.follow>[1]): () => void {
      const timer = setTimeout(() => {
        followed.add(name);
        const room = inner.room(name)!;
        hear({ type: "heartbeat", epoch: room.epoch, seq: room.seq, at: 0, digest: room.digest }, room, room);
      }, 5);
      return () => { clearTimeout(timer); followed.delete(name); };
    }
    expect(here.registry.userCount("r")).toBeUndefined();
    const { ask } = await serving(here.registry);
    expect(state(await ask("?room=r"))).toMatchObject({ userCount: 1, users: [{ id: "ann" }] });
    expect(followed.size).toBe(0);
  });

  it("[R10, L1] any string is a room; one that nobody was ever in is empty, and asking does not make it", async () => {
    const w = peopled();
    const { ask } = await serving(w.registry);
    for (const room of ["__proto__", "", "..", "a/b?c&d=e+f", "ä %41", "\0", "x".repeat(256)]) {
      const empty = await ask(`?room=${encodeURIComponent(room)}`);
      expect(state(empty)).toMatchObject({ room, userCount: 0, users: [], epoch: 0 });
      expect((await ask(`?room=${encodeURIComponent(room)}`)).headers.etag).toBe(empty.headers.etag);
      const client = w.client("ann");
      client.join(room);
      expect(state(await ask(`?room=${encodeURIComponent(room)}`))).toMatchObject({ room, userCount: 1 });
      client.say({ type: "leave", room });
    }
    expect(state(await ask("?room=a+b"))).toMatchObject({ room: "a b" });
    expect(state(await ask("?room"))).toMatchObject({ room: "" });
  });

  it("[R6] an answer that is known already is not sent again, until somebody comes, goes or changes", async () => {
    const w = peopled();
    const { ask } = await serving(w.registry);
    const { etag } = (await ask("?room=r")).headers;
    expect(etag).toMatch(/^W\/"users-\d+-3-\d+"$/);
    const known = async (tags: string, query = "?room=r"): Promise<number> => (await ask(query, { headers: { "if-none-match": tags } })).status;
    for (const tags of [etag!, etag!.slice(2), `"a", ${etag!} , W/"b"`, "*", ` "x,y",${etag!.slice(2)}`]) expect(await known(tags), tags).toBe(304);
    for (const tags of [etag!.replace("users", "count"), etag!.replace(/-3-/, "-2-"), etag!.slice(3, -1), '"', "nonsense", ""]) expect(await known(tags), tags).toBe(200);
    expect(await known(etag!, "?room=r&watch=count")).toBe(200);
    const answer = await ask("?room=r", { headers: { "if-none-match": etag! } });
    expect([answer.text, answer.headers.etag, answer.headers["cache-control"]]).toEqual(["", etag, "private, no-cache"]);
    w.client("cid").join("r");
    expect(await known(etag!)).toBe(200);
  });

  it("answers HEAD as GET, without the body", async () => {
    const { registry } = peopled();
    const handle = presenceHandler(registry, { authorize: () => true });
    // Node would drop one; other servers send what they are given.
    for (const query of ["?room=r", ""]) expect((await handle(new Request(`http://localhost/${query}`, { method: "HEAD" }))).body).toBeNull();
    const { ask } = await serving(registry);
    for (const query of ["?room=r", "?room=r&watch=count", ""]) {
      const [get, head] = [await ask(query), await ask(query, { method: "HEAD" })];
      expect([head.status, head.text, head.headers.etag, head.headers["content-type"]]).toEqual([get.status, "", get.headers.etag, get.headers["content-type"]]);
    }
  });

  it("lets no cache give an answer to another, or without asking", async () => {
    const { ask } = await serving(peopled().registry, { authorize: ({ room }) => room === "r" });
    for (const [query, method] of [["?room=r", "GET"], ["?room=s", "GET"], ["", "POST"], ["", "OPTIONS"]] as const) {
      const { headers } = await ask(query, { method });
      expect([headers["cache-control"], headers.vary, headers["x-content-type-options"]]).toEqual(["private, no-cache", "Authorization, Cookie, Origin", "nosniff"]);
    }
  });

  it("[S2] asks `authorize` each time, with request, room and mode, also for what is known", async () => {
    const asked: HttpAuthorizeRequest[] = [];
    let verdict: unknown = true;
    const { ask } = await serving(peopled().registry, { authorize: (one) => { asked.push(one); return Promise.resolve(verdict as boolean); } });
    const { etag } = (await ask("?room=r", { headers: { cookie: "session=1" } })).headers;
    expect(asked.map(({ request, room, watch }) => [request.headers.get("cookie"), room, watch])).toEqual([["session=1", "r", "users"]]);
    verdict = false;
    expect(problem(await ask("?room=r", { headers: { "if-none-match": etag! } }))).toEqual([403, "application/problem+json", "refused"]);
    verdict = { code: "members_only", message: "Ask ann." };
    expect(JSON.parse((await ask("?room=r&watch=count")).text)).toEqual({ status: 403, title: "Forbidden", code: "members_only", detail: "Ask ann." });
    expect(asked.at(-1)!.watch).toBe("count");
  });

  it("[S4, S5] an `authorize` that throws, rejects, answers nonsense or never lets nobody in, tells strangers nothing, and the app everything", async () => {
    const w = peopled({ patience: 30 });
    const secret = new Error("password of the database");
    const cases: [() => unknown, string, unknown][] = [
      [() => { throw secret; }, "authorize_failed", secret],
      [() => Promise.reject(secret), "authorize_failed", secret],
      [() => undefined, "authorize_failed", undefined],
      [() => "yes", "authorize_failed", undefined],
      [() => new Promise(() => undefined), "authorize_timeout", undefined],
    ];
    let turn = 0;
    const { ask } = await serving(w.registry, { authorize: () => cases[turn]![0]() as boolean });
    for (const [, code, cause] of cases) {
      const answer = await ask("?room=r");
      turn++;
      expect(problem(answer)).toEqual([500, "application/problem+json", code]);
      expect(answer.text).not.toMatch(/password|\bat \w|ann/);
      const error = w.errors.at(-1)!;
      expect([error.code, error.room, error.cause]).toEqual([code, "r", cause]);
    }
    expect(w.errors.length).toBe(cases.length);
  });

  it("[S4] bad input is a coded problem, and never reaches `authorize`", async () => {
    const { ask } = await serving(peopled().registry, { authorize: () => { throw new Error("asked"); } });
    const cases: [string, string, number, string][] = [
      ["GET", "", 400, "bad_room"],
      ["GET", "?rooms=r", 400, "bad_room"],
      ["GET", "?room=r&room=s", 400, "bad_room"],
      ["GET", `?room=${"x".repeat(257)}`, 400, "bad_room"],
      ["GET", "?%72oom=s&room=r", 400, "bad_room"],
      ["GET", "?room=%zz", 400, "bad_room"],
      ["GET", "?room=%", 400, "bad_room"],
      ["GET", "?room=%ff%fe", 400, "bad_room"],
      ["GET", "?room=%ed%a0%80", 400, "bad_room"],
      ["GET", "?room=r&watch=none", 400, "bad_watch"],
      ["GET", "?room=r&watch=", 400, "bad_watch"],
      ["GET", "?room=r&watch=users&watch=count", 400, "bad_watch"],
      ["GET", "?room=r&watch=%e0%a4%a", 400, "bad_watch"],
      ["POST", "?room=r", 405, "bad_method"],
      ["PUT", "?room=r", 405, "bad_method"],
      ["DELETE", "?room=r", 405, "bad_method"],
      ["PROPFIND", "?room=r", 405, "bad_method"],
    ];
    for (const [method, query, status, code] of cases) {
      const answer = await ask(query, { method });
      expect(problem(answer), `${method} ${query}`).toEqual([status, "application/problem+json", code]);
      expect(answer.headers.allow).toBe(status === 405 ? "GET, HEAD, OPTIONS" : undefined);
      expect(answer.headers.etag).toBeUndefined();
    }
  });

  it("[S4] what is no request at all ends nothing", async () => {
    const { ask, port } = await serving(peopled().registry);
    expect((await ask("?room=r", { method: "TRACE" })).status).toBe(400);
    for (const line of ["GET // HTTP/1.1", "OPTIONS * HTTP/1.1", "GET http:// HTTP/1.1"]) {
      const socket = connect(port, "127.0.0.1", () => { socket.write(`${line}\r\nHost: [\r\nConnection: close\r\n\r\n`); });
      const [data] = (await once(socket, "data")) as [Buffer];
      expect(data.toString(), line).toMatch(/^HTTP\/1.1 (400|204)/);
    }
    expect((await ask("?room=r")).status).toBe(200);
  });

  it("a log that fails, or never answers, is 503, and the app is told", async () => {
    const down = new Error("connect ECONNREFUSED 10.0.0.7");
    const w = world({ patience: 30 });
    let query: () => Promise<never> = () => Promise.reject(down);
    const { ask } = await serving({ ...w.registry, userCount: () => undefined, query: () => query() });
    const answer = await ask("?room=r");
    expect(problem(answer)).toEqual([503, "application/problem+json", "unavailable"]);
    expect(answer.text).not.toContain("10.0.0.7");
    query = () => new Promise(() => undefined);
    expect(problem(await ask("?room=r"))).toEqual([503, "application/problem+json", "unavailable"]);
    expect(w.errors.map(({ code, room, cause }) => [code, room, cause])).toEqual([["unavailable", "r", down], ["unavailable", "r", undefined]]);
  });

  it("a defect is 500, and the app is told", async () => {
    const w = world();
    const defect = new Error("a defect");
    const { ask } = await serving({ ...w.registry, userCount: () => { throw defect; } });
    expect(problem(await ask("?room=r"))).toEqual([500, "application/problem+json", "internal"]);
    expect(w.errors).toEqual([{ code: "internal", message: "The server failed.", cause: defect }]);
  });

  it("a registry that is closed answers no more", async () => {
    const w = peopled();
    const { ask } = await serving(w.registry);
    let letIn: (verdict: boolean) => void = () => undefined;
    const slow = await serving(w.registry, { authorize: () => new Promise((resolve) => { letIn = resolve; }) });
    const open = slow.ask("?room=r");
    await expect.poll(() => letIn.length).toBe(1);
    w.registry.close();
    letIn(true);
    for (const answer of [await open, await ask("?room=r"), await ask("?room=nobody")]) expect(problem(answer)).toEqual([503, "application/problem+json", "closed"]);
    expect(() => presenceHandler(w.registry, { authorize: () => true })).toThrow(expect.objectContaining({ code: "closed" }));
    expect(w.errors).toEqual([]);

    const elsewhere = world({ log: { ...heldLog(memoryLog<Meta>()), room: () => undefined } });
    const waiting = (await serving(elsewhere.registry, { authorize: () => { setTimeout(() => { elsewhere.registry.close(); }, 5); return true; } })).ask("?room=r");
    expect(problem(await waiting)).toEqual([503, "application/problem+json", "closed"]);
    expect(elsewhere.errors).toEqual([]);
  });
});

describe("presenceHandler and pages of other origins", () => {
  const origin = "https://app.example";
  const cors = ({ headers }: Answer): unknown[] => ["origin", "credentials", "methods", "headers"].map((name) => headers[`access-control-allow-${name}`]);
  const preflight = { method: "OPTIONS", headers: { origin, "access-control-request-method": "GET", "access-control-request-headers": "authorization,x-tenant" } };

  it("[S2] lets those that are listed read, errors too, with cookies", async () => {
    const { ask } = await serving(peopled().registry, { cors: [origin], authorize: ({ room }) => room === "r" });
    for (const query of ["?room=r", "?room=s", ""]) {
      const answer = await ask(query, { headers: { origin } });
      expect(cors(answer)).toEqual([origin, "true", undefined, undefined]);
      expect(answer.headers["access-control-expose-headers"]).toBe("ETag");
      expect(cors(await ask(query, { headers: { origin: "https://evil.example" } }))).toEqual([undefined, undefined, undefined, undefined]);
      expect(cors(await ask(query))).toEqual([undefined, undefined, undefined, undefined]);
    }
  });

  it("[S2] answers a preflight without asking `authorize`: it comes without cookies", async () => {
    const { ask } = await serving(peopled().registry, { cors: [origin], authorize: () => false });
    const answer = await ask("?room=r", preflight);
    expect([answer.status, answer.text]).toEqual([204, ""]);
    expect(cors(answer)).toEqual([origin, "true", "GET, HEAD, OPTIONS", "authorization,x-tenant"]);
    expect(answer.headers["access-control-max-age"]).toBe("600");
    expect(cors(await ask("?room=r", { ...preflight, headers: { ...preflight.headers, origin: "null" } }))).toEqual([undefined, undefined, undefined, undefined]);
    const plain = await ask("", { method: "OPTIONS" });
    expect([plain.status, plain.headers.allow, ...cors(plain)]).toEqual([204, "GET, HEAD, OPTIONS", undefined, undefined, undefined, undefined]);
  });

  it("[S2] lets none read by default, all without cookies by `*`, and those that a function says; one that throws, or is async, says none", async () => {
    const { registry } = peopled();
    const read = async (given: HttpOptions["cors"]): Promise<unknown[]> => cors(await (await serving(registry, given === undefined ? {} : { cors: given })).ask("?room=r", { headers: { origin } })).slice(0, 2);
    expect(await read(undefined)).toEqual([undefined, undefined]);
    expect(await read("*")).toEqual(["*", undefined]);
    expect(await read((from, request) => from === origin && request.url.endsWith("?room=r"))).toEqual([origin, "true"]);
    expect(await read(() => false)).toEqual([undefined, undefined]);
    expect(await read(() => { throw new Error("x"); })).toEqual([undefined, undefined]);
    expect(await read((() => Promise.resolve(true)) as unknown as () => boolean)).toEqual([undefined, undefined]);
  });
});

describe("presenceHandler's options", () => {
  it("[S2] are refused without `authorize`, and where they make no sense", () => {
    const { registry } = world();
    const make = (options: unknown) => () => presenceHandler(registry, options as HttpOptions);
    for (const options of [undefined, null, {}, { authorize: undefined }, { cors: "*" }]) expect(make(options)).toThrow(/presenceHandler: option "authorize" is required/);
    expect(make({ authorize: true })).toThrow(/option "authorize" must be a function/);
    expect(make({ authorize: () => true, origins: "*" })).toThrow(/there is no option "origins"/);
    for (const cors of [true, "https://app.example", ["https://app.example/"], [1], null, {}]) expect(make({ authorize: () => true, cors })).toThrow(/option "cors" must be/);
  });

  it("say what was meant to one who mounts it on Node without a Request", async () => {
    const handle = presenceHandler(world().registry, { authorize: () => true });
    await expect(handle({ url: "/?room=r", method: "GET", headers: {} } as unknown as Request)).rejects.toThrow(/no Request.*README/);
  });
});

describe("presenceHandler elsewhere", () => {
  it("runs in a runtime that has no module of Node's", async () => {
    const { outputFiles, metafile } = await build({
      stdin: { contents: 'export { presenceHandler } from "./src/adapters/http.ts";', resolveDir: root },
      bundle: true, format: "iife", globalName: "headcount", platform: "neutral", write: false, metafile: true, logLevel: "silent",
    });
    expect(Object.values(metafile.inputs).flatMap(({ imports }) => imports).filter(({ external }) => external)).toEqual([]);
    const vm = new EdgeVM();
    vm.context.registry = peopled().registry;
    const answers: unknown = await vm.evaluate(`${outputFiles[0]!.text}
      const presence = headcount.presenceHandler(registry, { authorize: async ({ room }) => room === "r" });
      (async () => {
        const first = await presence(new Request("https://edge.example/?room=r"));
        const again = await presence(new Request("https://edge.example/?room=r", { headers: { "if-none-match": first.headers.get("etag") } }));
        const refused = await presence(new Request("https://edge.example/?room=s"));
        const { userCount } = await first.json();
        return JSON.stringify([first.status, userCount, again.status, refused.status, (await refused.json()).code]);
      })();`);
    expect(JSON.parse(answers as string)).toEqual([200, 2, 304, 403, "refused"]);
  });
});
