import { once } from "node:events";
import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { afterEach, beforeEach, describe, expect, expectTypeOf, it, vi } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { attachWs } from "../../src/adapters/ws.js";
import type { WsOptions } from "../../src/adapters/ws.js";
import type { Wire } from "../../src/ports.js";
import type { Identity } from "../../src/server/link.js";
import type { ServerMessage } from "../../src/protocol/message.js";
import { startProxy } from "../support/proxy.js";
import { scriptedRegistry } from "../support/scripted-registry.js";
import type { Opened, ScriptedRegistry } from "../support/scripted-registry.js";
import { until } from "../support/until.js";

type Meta = { name: string };
let scripted: ScriptedRegistry<Meta, WebSocket>;
let http: Server;
let wss: WebSocketServer;
const sockets: WebSocket[] = [];

beforeEach(async () => {
  scripted = scriptedRegistry();
  http = createServer();
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  wss = new WebSocketServer({ server: http });
});

afterEach(async () => {
  scripted.detachAll();
  for (const socket of [...sockets.splice(0), ...wss.clients]) {
    socket.on("error", () => undefined);
    socket.terminate();
  }
  wss.close();
  await new Promise((resolve) => http.close(resolve));
});

const port = (): number => (http.address() as AddressInfo).port;

function dial(options: { origin?: string; port?: number } = {}): WebSocket {
  const { port: to = port(), ...rest } = options;
  const socket = new WebSocket(`ws://127.0.0.1:${to}`, rest);
  socket.on("error", () => undefined);
  sockets.push(socket);
  return socket;
}

/** A client's open socket, the server's end of it, and its link. */
async function connect(options: { origin?: string; port?: number } = {}): Promise<Opened<WebSocket, Meta> & { client: WebSocket; socket: WebSocket; wire: Wire<WebSocket> }> {
  const before = scripted.opened.length;
  const client = dial(options);
  await until(() => expect(scripted.opened.length).toBe(before + 1));
  if (client.readyState !== WebSocket.OPEN) await once(client, "open");
  const entry = scripted.opened[before]!;
  return { ...entry, client, socket: entry.options.peer, wire: entry.options.wire };
}

const pong = (re: number): ServerMessage => ({ type: "pong", re });

describe("what comes in", () => {
  it("[H1, S7] hears messages, pings and pongs; only texts may be ours, and the app's are not read", async () => {
    attachWs(wss, scripted.registry);
    const { client, calls, socket } = await connect();
    client.send('["hc",{"type":"hello"}]');
    client.send("the app's own");
    client.send('["hc"]');
    client.send(Buffer.from('["hc",{"type":"hello"}]'));
    client.ping();
    await until(() => expect(calls).toEqual(['frame ["hc",{"type":"hello"}]', "heard", "heard", "heard", "heard"]));
    socket.ping();
    await until(() => expect(calls.length).toBe(6));
  });

  it("[P2] an exclusive socket's texts are all ours, to be answered where they make no sense; a text of several fragments is one", async () => {
    attachWs(wss, scripted.registry, { exclusive: true });
    const { client, calls, socket } = await connect();
    socket.binaryType = "arraybuffer";
    client.send("nonsense");
    client.send('["h', { fin: false });
    client.send('c",1]', { fin: true });
    await until(() => expect(calls).toEqual(["frame nonsense", 'frame ["hc",1]']));
  });

  it("[H9] loses nothing that arrives while it is still being asked who that is", async () => {
    let tell: (identity: Identity<Meta>) => void = () => undefined;
    attachWs(wss, scripted.registry, { identify: () => new Promise((resolve) => { tell = resolve; }) });
    const client = dial();
    client.on("open", () => { client.send('["hc",1]'); });
    await until(() => expect(scripted.opened.length).toBe(1));
    const identified = scripted.opened[0]!.options.identify!();
    await until(() => expect(scripted.opened[0]!.calls).toEqual(['frame ["hc",1]']));
    tell({ user: "ann" });
    expect(await identified).toEqual({ user: "ann" });
  });

  it("asks the app's functions with the socket, the request and whatever came with it", async () => {
    const authorize = vi.fn(() => true);
    const autoJoin = vi.fn(() => "lobby");
    const presence = attachWs(wss, scripted.registry, {
      identify: (_socket, request, user: string) => ({ user, meta: { name: request.url ?? "" } }),
      authorize,
      autoJoin,
    });
    expectTypeOf(presence.accept).parameters.toEqualTypeOf<[WebSocket, Parameters<typeof presence.accept>[1], string]>();
    wss.removeAllListeners("connection");
    wss.on("connection", (socket, request) => presence.accept(socket, request, "bob"));
    const { options, socket } = await connect();
    const asked = { user: "bob", room: "r", watch: "users", present: true } as const;
    expect(options.identify!()).toEqual({ user: "bob", meta: { name: "/" } });
    expect(options.authorize!(asked)).toBe(true);
    expect(authorize).toHaveBeenCalledWith({ ...asked, socket });
    expect(options.autoJoin!({ user: "bob" })).toBe("lobby");
    expect(autoJoin).toHaveBeenCalledWith(socket, { user: "bob" });
  });

  it("[S2] gives no answer where the app gave no function, so that the registry's own default holds", async () => {
    attachWs(wss, scripted.registry);
    const { options } = await connect();
    const { identify, authorize, autoJoin, exclusive } = options;
    expect([identify, authorize, autoJoin, exclusive]).toEqual([undefined, undefined, undefined, undefined]);
  });

  it("says at once which option makes no sense", () => {
    for (const [name, value] of [["identify", "ann"], ["authorize", 5], ["authorize", null], ["autoJoin", "lobby"], ["exclusive", "yes"]] as const) {
      expect(() => attachWs(wss, scripted.registry, { [name]: value })).toThrow(new RegExp(`^attachWs: option "${name}" must be a (function|boolean)`));
    }
    for (const name of ["autojoin", "__proto__x", "toString"]) expect(() => attachWs(wss, scripted.registry, { [name]: true })).toThrow(`attachWs: there is no option "${name}"`);
    for (const server of [undefined, {}, http, "wss"]) expect(() => attachWs(server as never, scripted.registry)).toThrow(/first argument/);
    expect(wss.listenerCount("connection")).toBe(0);
  });

  it("outlives a frame that is against the protocol", async () => {
    attachWs(wss, scripted.registry);
    const { client, calls } = await connect();
    (client as unknown as { _socket: { write(bytes: Buffer): void } })._socket.write(Buffer.from([0xff, 0xff, 0xff]));
    await until(() => expect(calls).toEqual(["closed vanished"]));
  });
});

describe("what goes out", () => {
  it("[P4] encodes once for all sockets, as one text frame", async () => {
    attachWs(wss, scripted.registry);
    const [ann, bob] = [await connect(), await connect()];
    const sent = [ann, bob].map(({ socket }) => vi.spyOn(socket, "send"));
    const got: [string, boolean][] = [];
    for (const { client } of [ann, bob]) client.on("message", (data, isBinary) => got.push([(data as Buffer).toString(), isBinary]));
    expect(ann.wire).toBe(bob.wire);
    expect(ann.wire.send([ann.socket, bob.socket], [pong(1), pong(2)])).toEqual([]);
    const text = '["hc",{"type":"pong","re":1},{"type":"pong","re":2}]';
    await until(() => expect(got).toEqual([[text, false], [text, false]]));
    expect(sent[0]!.mock.calls[0]![0]).toBe(sent[1]!.mock.calls[0]![0]);
  });

  it("[P1] carries a lone surrogate unharmed", async () => {
    attachWs(wss, scripted.registry);
    const { client, wire, socket } = await connect();
    wire.send([socket], [{ type: "error", code: "x", message: "\ud800" }]);
    const [data] = await once(client, "message") as [Buffer];
    expect(JSON.parse(data.toString())).toEqual(["hc", { type: "error", code: "x", message: "\ud800" }]);
  });

  it("[P5] sends nothing to a socket that takes no more, and says once when it does again", async () => {
    attachWs(wss, scripted.registry);
    const proxy = await startProxy(port());
    const { client, wire, socket, calls } = await connect({ port: proxy.port });
    const calm = await connect();
    let received = 0;
    client.on("message", () => { received++; });
    let sent = 0;
    for (const times of [1, 2]) {
      proxy.stall();
      while (wire.send([socket], [{ type: "error", code: "x", message: "x".repeat(1 << 20) }]).length === 0) {
        if (++sent > 200) throw new Error("never slow");
        await new Promise(setImmediate);
      }
      const waiting = socket.bufferedAmount;
      expect(wire.send([socket, calm.socket], [pong(1)])).toEqual([socket]);
      expect(wire.send([socket], [pong(2)])).toEqual([socket]);
      // Nothing but the one ping that tells when the rest is gone.
      expect(socket.bufferedAmount).toBe(waiting);
      const ready = (): number => calls.filter((call) => call === "ready").length;
      expect(ready()).toBe(times - 1);
      proxy.resume();
      await until(() => expect(ready()).toBe(times));
    }
    expect(wire.send([socket], [pong(3)])).toEqual([]);
    await until(() => expect(received).toBe(sent + 1));
    await proxy.close();
  });

  it("[P5] also when it is the app that filled the socket", async () => {
    attachWs(wss, scripted.registry);
    const proxy = await startProxy(port());
    const { wire, socket, calls } = await connect({ port: proxy.port });
    proxy.stall();
    while (socket.bufferedAmount <= 1 << 20) {
      socket.send("y".repeat(1 << 20));
      await new Promise(setImmediate);
    }
    expect(wire.send([socket], [pong(1)])).toEqual([socket]);
    proxy.resume();
    await until(() => expect(calls).toContain("ready"));
    await proxy.close();
  });

  it("[H11] sends nothing to a socket that closes, which an audit leaves alone until it has closed", async () => {
    attachWs(wss, scripted.registry);
    const { wire, socket } = await connect();
    expect(wire.open(socket)).toBe(true);
    socket.close();
    expect(wire.send([socket], [pong(1)])).toEqual([socket]);
    expect(wire.open(socket)).toBe(true);
    await once(socket, "close");
    expect(wire.open(socket)).toBe(false);
  });
});

describe("how sockets end", () => {
  it.each([[1000], [1001], [1005], [1006], [4000]])("[H5] a close with code %i is a vanishing: a leave is a message, never a code", async (code) => {
    attachWs(wss, scripted.registry);
    const { client, socket, calls } = await connect();
    const closed = once(socket, "close");
    if (code === 1006) client.terminate();
    else if (code === 1005) client.close();
    else client.close(code);
    expect((await closed)[0]).toBe(code);
    expect(calls).toEqual(["closed vanished"]);
  });

  it("[H2, pain P01] ends a socket whose lease ran out without waiting for an answer", async () => {
    attachWs(wss, scripted.registry);
    const proxy = await startProxy(port());
    const { wire, socket, calls } = await connect({ port: proxy.port });
    proxy.halfOpen();
    const closed = once(socket, "close");
    wire.close(socket, "timeout");
    await closed;
    expect(calls).toEqual(["closed timeout"]);
    await proxy.close();
  });

  it("[S7] sends a draining server's clients away with a code that says so", async () => {
    attachWs(wss, scripted.registry);
    const { client, wire, socket, calls } = await connect();
    const closed = once(client, "close");
    wire.close(socket, "drain");
    expect((await closed)[0]).toBe(1012);
    await until(() => expect(calls).toEqual(["closed drain"]));
  });

  it("[H1] pings all sockets from one timer, and hears their answers", async () => {
    scripted = scriptedRegistry({ ping: 20, lease: 60 });
    const timers = vi.spyOn(globalThis, "setInterval");
    attachWs(wss, scripted.registry);
    const [ann, bob] = [await connect(), await connect()];
    await until(() => {
      expect(ann.calls).toContain("heard");
      expect(bob.calls).toContain("heard");
    });
    expect(timers.mock.calls.map(([, ms]) => ms)).toEqual([20]);
    expect((timers.mock.results[0]!.value as NodeJS.Timeout).hasRef()).toBe(false);
    timers.mockRestore();
  });
});

describe("sockets that came another way", () => {
  it("takes in what a noServer upgrade hands over, once", async () => {
    const own = new WebSocketServer({ noServer: true });
    wss.close();
    http.removeAllListeners("upgrade");
    const presence = attachWs(own, scripted.registry);
    const links: unknown[] = [];
    http.on("upgrade", (request, socket, head) => {
      own.handleUpgrade(request, socket, head, (ws) => {
        links.push(presence.accept(ws, request), presence.accept(ws, request), presence.of(ws));
      });
    });
    const { link } = await connect();
    expect(links).toEqual([link, link, link]);
    expect(scripted.opened.length).toBe(1);
  });

  it("[H6] closes the link of a socket that closed before it was taken in", async () => {
    const presence = attachWs(wss, scripted.registry);
    wss.off("connection", presence.accept);
    const arrived = once(wss, "connection") as Promise<Parameters<typeof presence.accept>>;
    const client = dial();
    const [socket, request] = await arrived;
    client.terminate();
    await once(socket, "close");
    presence.accept(socket, request);
    expect(scripted.opened[0]!.calls).toEqual(["closed vanished"]);
    expect(socket.listenerCount("message")).toBe(0);
  });

  it("is there for the app's own listener, whoever came first", async () => {
    const seen: unknown[] = [];
    const app = (socket: WebSocket): void => void seen.push(presence.of(socket));
    wss.on("connection", app);
    const presence = attachWs(wss, scripted.registry);
    const { link } = await connect();
    expect(seen).toEqual([link]);
  });

  it("[H9] passes logins on, and says what is wrong with a socket that it never saw", async () => {
    const presence = attachWs(wss, scripted.registry);
    const { socket, calls } = await connect();
    await presence.identify(socket, { user: "ann" });
    await presence.identify(socket, undefined);
    expect(calls).toEqual(["identify ann", "identify nobody"]);
    await expect(presence.identify(dial(), { user: "ann" })).rejects.toThrow(/^presence\.identify: .*accept/);
  });
});

describe("origins", () => {
  const refused: unknown[] = [];
  const listen = (message: unknown): void => void refused.push(message);
  beforeEach(() => subscribe("headcount:refusal", listen));
  afterEach(() => {
    unsubscribe("headcount:refusal", listen);
    refused.length = 0;
  });

  async function passes(origins: WsOptions<Meta>["origins"], origin: string | undefined, exclusive = false): Promise<boolean> {
    const before = scripted.opened.length;
    const presence = attachWs(wss, scripted.registry, { ...(origins === undefined ? {} : { origins }), exclusive });
    const arrived = once(wss, "connection");
    const client = dial(origin === undefined ? {} : { origin });
    await arrived;
    if (scripted.opened.length === before && exclusive) expect((await once(client, "close"))[0]).toBe(1008);
    presence.detach();
    return scripted.opened.length > before;
  }

  it("[S2] lets pages of the same host in, and clients that are no browsers", async () => {
    expect(await passes(undefined, `http://127.0.0.1:${port()}`)).toBe(true);
    expect(await passes(undefined, `https://127.0.0.1:${port()}`)).toBe(true);
    expect(await passes(undefined, undefined)).toBe(true);
    for (const origin of ["https://evil.example", `http://127.0.0.1:${port() + 1}`, "http://127.0.0.1", "null", "file://", "no url"]) {
      expect(await passes(undefined, origin), origin).toBe(false);
    }
    expect(refused.length).toBe(6);
    expect(refused[0]).toMatchObject({ code: "origin_refused" });
    expect(scripted.reports.map(({ code }) => code)).toEqual(Array.from({ length: 6 }, () => "origin_refused"));
    expect(scripted.reports[0]!.message).toBe(`A page of "https://evil.example" gets no presence from host "127.0.0.1:${port()}". If it is yours, name it: attachWs(…, { origins: ["https://evil.example"] }).`);
  });

  it("[S2] takes a list, a star or a function; one that throws refuses", async () => {
    expect(await passes(["https://a.example"], "https://a.example")).toBe(true);
    expect(await passes(["https://a.example"], "https://a.example.evil")).toBe(false);
    expect(await passes("*", "https://evil.example")).toBe(true);
    expect(await passes((origin, request) => origin === "https://a.example" && request.url === "/", "https://a.example")).toBe(true);
    expect(await passes(() => { throw new Error("planted"); }, "https://a.example")).toBe(false);
  });

  it("[S7] closes a refused socket that is ours alone, and leaves one that is the app's to the app", async () => {
    expect(await passes([], "https://evil.example", true)).toBe(false);
    const presence = attachWs(wss, scripted.registry, { origins: [] });
    wss.on("connection", (socket) => socket.on("message", (data: Buffer) => { socket.send(`echo ${data.toString()}`); }));
    const arrived = once(wss, "connection");
    const client = dial({ origin: "https://evil.example" });
    await once(client, "open");
    const [socket] = await arrived as [WebSocket];
    client.send('["hc",{"type":"hello"}]');
    expect(String((await once(client, "message"))[0])).toBe('echo ["hc",{"type":"hello"}]');
    expect(presence.of(socket)).toBeUndefined();
    await presence.identify(socket, { user: "mallory" });
    expect(scripted.opened).toEqual([]);
    // Said once for each origin and server, whatever comes.
    const again = dial({ origin: "https://evil.example" });
    await once(again, "open");
    expect(scripted.reports.length).toBe(2);
    // Not ours, and yet its bad frames must not end the process.
    expect(socket.listenerCount("error")).toBe(1);
  });

  it("says at once what is wrong with the option", () => {
    for (const origins of [["https://a.example/"], "https://a.example", [1], 1]) {
      expect(() => attachWs(wss, scripted.registry, { origins: origins as "*" })).toThrow(/"origins" must be/);
    }
    expect(wss.listenerCount("connection")).toBe(0);
  });
});

describe("detach", () => {
  it("[S7] removes every listener and leaves the sockets open", async () => {
    const arrived = once(wss, "connection");
    dial();
    const [bare] = await arrived as [WebSocket];
    const names = ["message", "ping", "pong", "close", "error"];
    const listeners = (socket: WebSocket): number[] => names.map((name) => socket.listenerCount(name));
    const cleared = vi.spyOn(globalThis, "clearInterval");
    const presence = attachWs(wss, scripted.registry);
    const { client, socket, calls } = await connect();
    expect(listeners(socket)).not.toEqual(listeners(bare));
    presence.detach();
    presence.detach();
    expect(listeners(socket)).toEqual(listeners(bare));
    expect(wss.listenerCount("connection")).toBe(0);
    expect(cleared).toHaveBeenCalledTimes(1);
    cleared.mockRestore();
    expect(calls).toEqual(["closed vanished"]);
    client.send("still there");
    expect(String((await once(socket, "message"))[0])).toBe("still there");
    expect(calls).toEqual(["closed vanished"]);
    expect(presence.accept(bare, http as never)).toBeUndefined();
  });

  it("gives the server free for another attach, and happens when the registry closes", async () => {
    const first = attachWs(wss, scripted.registry);
    expect(() => attachWs(wss, scripted.registry)).toThrow(TypeError);
    expect(wss.listenerCount("connection")).toBe(1);
    first.detach();
    attachWs(wss, scripted.registry);
    const { calls } = await connect();
    scripted.detachAll();
    expect(calls).toEqual(["closed vanished"]);
    expect(wss.listenerCount("connection")).toBe(0);
  });
});
