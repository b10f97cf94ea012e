import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { webSocketTransport, type SocketClass, type WebSocketOptions } from "../../src/adapters/websocket.js";
import { createClient } from "../../src/client/client.js";
import { decodeFrame, encodeFrame } from "../../src/protocol/frame.js";
import { transportContract, type Peer } from "../contract/transport.js";
import { fakeClock } from "../support/fake-transport.js";
import { until } from "../support/until.js";

transportContract("webSocketTransport with the class of ws", async () => {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await new Promise((resolve) => server.once("listening", resolve));
  const peers: Peer[] = [];
  server.on("connection", (socket) => {
    const received: unknown[] = [];
    socket.on("message", (data: Buffer) => received.push(...(decodeFrame(data.toString()).messages ?? [])));
    socket.on("error", () => undefined);
    peers.push({
      send: (...messages) => {
        socket.send(encodeFrame(messages));
      },
      received,
      cut: () => {
        socket.terminate();
      },
    });
  });
  return {
    transport: webSocketTransport(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, { WebSocket, minDelay: 5 }),
    peers,
    owns: true,
    async close() {
      for (const socket of server.clients) socket.terminate();
      await new Promise((resolve) => server.close(resolve));
    },
  };
});

/** A WebSocket whose network is the test. */
function fakeSockets() {
  type Fake = InstanceType<SocketClass> & { readonly url: string; readonly protocols: unknown; sent: string[]; closed: boolean };
  const made: Fake[] = [];
  class FakeSocket {
    onopen = null;
    onclose = null;
    onerror = null;
    onmessage = null;
    sent: string[] = [];
    closed = false;
    url: string;
    protocols: unknown;
    constructor(url: string | URL, protocols?: string | string[]) {
      if (url === "bad") throw new SyntaxError("bad url");
      this.url = String(url);
      this.protocols = protocols;
      made.push(this);
    }
    send(text: string): void {
      this.sent.push(text);
    }
    close(): void {
      this.closed = true;
    }
  }
  const fire = (name: "onopen" | "onclose" | "onmessage" | "onerror", event: unknown, at = made.length - 1): void => {
    (made[at]![name] as ((event: unknown) => void) | null)?.(event);
  };
  return {
    FakeSocket: FakeSocket as unknown as SocketClass,
    made,
    open: (at?: number) => {
      fire("onopen", {}, at);
    },
    close: (at?: number) => {
      fire("onerror", {}, at);
      fire("onclose", { code: 1006, reason: "" }, at);
    },
    say: (text: unknown, at?: number) => {
      fire("onmessage", { data: text }, at);
    },
  };
}

function rig(url: Parameters<typeof webSocketTransport>[0] = "ws://x", options: WebSocketOptions = {}) {
  const clock = fakeClock();
  const sockets = fakeSockets();
  const transport = webSocketTransport(url, { WebSocket: sockets.FakeSocket, clock, random: () => 0.5, ...options });
  const said: unknown[][] = [];
  const stop = transport.listen({
    up: () => said.push(["up"]),
    down: (reason, retrying) => said.push(["down", reason, retrying]),
    message: (message) => said.push(["message", message]),
  });
  return { clock, transport, said, stop, ...sockets };
}
const soon = async (): Promise<void> => {
  for (let i = 0; i < 5; i++) await Promise.resolve();
};

describe("webSocketTransport", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it("[V11] lets go of its socket, or of an attempt, for a page that is put away, and has another only when it is back", () => {
    const { made, open, transport, clock } = rig();
    open();
    transport.probe(true);
    expect([made[0]!.closed, transport.up]).toEqual([true, false]);
    clock.advance(5_000);
    expect(made).toHaveLength(1);
    transport.probe(false);
    clock.advance(0);
    expect(made).toHaveLength(2);
    transport.probe(true);
    expect(made[1]!.closed).toBe(true);
    clock.advance(5_000);
    expect(made).toHaveLength(2);
  });

  it("[V11] by chance it is not there again before the page stands still; one that was told so and lives on is there again after the longest wait", () => {
    const { made, open, transport, clock } = rig("ws://x", { random: () => 0, maxDelay: 4_000 });
    open();
    transport.probe(true);
    clock.advance(3_999);
    expect(made).toHaveLength(1);
    clock.advance(1);
    expect(made).toHaveLength(2);
  });

  it("says what to pass where there is no WebSocket, and refuses options that make no sense", () => {
    vi.stubGlobal("WebSocket", undefined);
    expect(() => webSocketTransport("ws://x")).toThrow(/"ws"/);
    const { FakeSocket } = fakeSockets();
    for (const name of ["minDelay", "maxDelay", "connectTimeout"]) {
      expect(() => webSocketTransport("ws://x", { WebSocket: FakeSocket, [name]: -1 })).toThrow(new RegExp(name));
    }
    vi.stubGlobal("WebSocket", FakeSocket);
    expect(webSocketTransport("ws://x").up).toBe(false);
  });

  it("opens nothing before somebody listens; passes the protocols on", () => {
    const sockets = fakeSockets();
    const transport = webSocketTransport("ws://x", { WebSocket: sockets.FakeSocket, protocols: ["headcount"] });
    transport.probe();
    transport.send({ type: "ping", n: 1 });
    expect(sockets.made).toEqual([]);
    transport.listen({ up: () => undefined, down: () => undefined, message: () => undefined })();
    expect(sockets.made).toMatchObject([{ protocols: ["headcount"], closed: true }]);
  });

  it("waits twice as long after each failure, a random part of it, and at most the most", async () => {
    const { clock, made, close, said } = rig("ws://x", { minDelay: 1_000, maxDelay: 4_000 });
    for (const wait of [500, 1_000, 2_000, 2_000]) {
      const before = made.length;
      close();
      clock.advance(wait - 1);
      await soon();
      expect(made.length).toBe(before);
      clock.advance(1);
      await soon();
      expect(made.length).toBe(before + 1);
    }
    expect(said).toEqual([]);
  });

  it("starts over with short waits only after a link that lasted", async () => {
    const { clock, made, open, close, said } = rig("ws://x", { minDelay: 1_000 });
    for (const wait of [500, 1_000, 2_000]) {
      open();
      close();
      clock.advance(wait - 1);
      await soon();
      const before = made.length;
      clock.advance(1);
      await soon();
      expect(made.length).toBe(before + 1);
    }
    open();
    clock.advance(5_000);
    close();
    clock.advance(500);
    await soon();
    expect(made).toHaveLength(5);
    expect(said.at(-1)).toEqual(["down", "closed 1006", true]);
  });

  it("asks the function at each attempt; that it throws or rejects is a failed attempt", async () => {
    const urls: (() => string | Promise<string>)[] = [
      () => "ws://x/?token=1",
      () => {
        throw new Error("no token");
      },
      () => Promise.reject(new Error("offline")),
      () => Promise.resolve("ws://x/?token=2"),
    ];
    const { clock, made, close, said } = rig(() => urls.shift()!(), { minDelay: 2, maxDelay: 2 });
    await soon();
    close();
    for (let i = 0; i < 3; i++) {
      clock.advance(1);
      await soon();
    }
    expect(made.map(({ url }) => url)).toEqual(["ws://x/?token=1", "ws://x/?token=2"]);
    expect(said).toEqual([]);
  });

  it("a fixed address that makes no sense is told, and not tried for ever", async () => {
    const { clock, made, said } = rig("bad");
    await soon();
    expect(said).toEqual([["down", "SyntaxError: bad url", false]]);
    clock.advance(100_000);
    await soon();
    expect([made.length, clock.waiting()]).toEqual([0, 0]);
  });

  it("gives up an attempt that takes too long, also one whose url never comes", async () => {
    const { clock, made, open, said } = rig("ws://x", { minDelay: 2 });
    clock.advance(10_000);
    clock.advance(1);
    await soon();
    expect(made).toMatchObject([{ closed: true }, { closed: false }]);
    open(0);
    expect(said).toEqual([]);
    open();
    expect(said).toEqual([["up"]]);
    let asked = 0;
    const never = rig(() => (asked++, new Promise<string>(() => undefined)), { minDelay: 2 });
    never.clock.advance(10_000);
    never.clock.advance(1);
    await soon();
    expect(asked).toBe(2);
  });

  it("[V7] in doubt opens another at once, also while it waits; an attempt under way is left alone", async () => {
    const { transport, clock, made, open, close, say, said } = rig();
    transport.probe();
    expect(made).toHaveLength(1);
    open();
    transport.probe();
    clock.advance(1);
    await soon();
    expect(made).toMatchObject([{ closed: true }, { closed: false }]);
    say('["hc",{"type":"pong","re":1}]', 0);
    close(0);
    expect(said).toEqual([["up"], ["down", "probe", true]]);
    close();
    transport.probe();
    clock.advance(1);
    await soon();
    expect(made).toHaveLength(3);
    clock.advance(250);
    await soon();
    expect(made).toHaveLength(3);
  });

  it("survives what the class of ws makes of a refused connection, and of one that is given up", async () => {
    let attempts = 0;
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const transport = webSocketTransport(() => (attempts++, `ws://127.0.0.1:${port}`), { WebSocket, minDelay: 1, maxDelay: 5 });
    const stop = transport.listen({ up: () => undefined, down: () => undefined, message: () => undefined });
    await until(() => expect(attempts).toBeGreaterThan(2));
    stop();
  });

  it("hears frames of ours only", () => {
    const { open, say, said } = rig();
    open();
    for (const text of ["hello", '["hc",', '{"type":"pong"}', new ArrayBuffer(1), '["hc",null,5,{"type":"pong","re":1}]']) say(text);
    expect(said).toEqual([["up"], ["message", null], ["message", 5], ["message", { type: "pong", re: 1 }]]);
  });

  it("told bye, comes back within what is left of the time, once", async () => {
    const { clock, made, open, say, close } = rig("ws://x", { minDelay: 1_000 });
    open();
    clock.advance(10_000);
    say('["hc",{"type":"bye","reason":"drain","reconnectWithin":10000}]');
    clock.advance(4_000);
    close();
    clock.advance(2_999);
    await soon();
    expect(made).toHaveLength(1);
    clock.advance(1);
    await soon();
    expect(made).toHaveLength(2);
    close();
    clock.advance(500);
    await soon();
    expect(made).toHaveLength(3);
  });

  // Found by the simulation: the server drained, and the clock of ann's computer was put back by a day before her line went. She came back half a day later.
  it("told bye, comes back as soon as ever also when the clock is put back meanwhile", async () => {
    const { clock, made, open, say, close } = rig();
    open();
    say('["hc",{"type":"bye","reason":"drain","reconnectWithin":10000}]');
    clock.set(clock.now() - 86_400_000);
    close();
    // Never later than after the longest wait, of which this is the half that chance says.
    clock.advance(15_000);
    await soon();
    expect(made).toHaveLength(2);
  });

  it("may be stopped from within what it says", async () => {
    const clock = fakeClock();
    const { FakeSocket, made, open, say, close } = fakeSockets();
    const transport = webSocketTransport("ws://x", { WebSocket: FakeSocket, clock, random: () => 0 });
    const said: unknown[] = [];
    let stop = (): void => undefined;
    const start = (): void => {
      stop = transport.listen({
        up: () => undefined,
        down() {
          said.push("down");
          stop();
        },
        message(message) {
          said.push(message);
          stop();
        },
      });
    };
    start();
    open();
    say('["hc",1,2]');
    expect(said).toEqual([1]);
    start();
    open();
    close();
    clock.advance(1);
    await soon();
    start();
    open();
    transport.probe();
    await soon();
    expect(said).toEqual([1, "down", "down"]);
    expect([made.length, clock.waiting()]).toEqual([3, 0]);
  });

  it("is not opened by a url that comes after the stop", async () => {
    let give: (url: string) => void = () => undefined;
    const { stop, made } = rig(() => new Promise<string>((resolve) => (give = resolve)));
    stop();
    give("ws://x");
    await soon();
    expect(made).toEqual([]);
  });

  it("[V10] closed with its client it leaves nothing behind", async () => {
    const clock = fakeClock();
    const { FakeSocket, made, open } = fakeSockets();
    const client = createClient({ transport: webSocketTransport("ws://x", { WebSocket: FakeSocket, clock, random: () => 0 }), clock });
    client.room("r").subscribe(() => undefined);
    open();
    client.close();
    await soon();
    expect([made[0]!.closed, made.length, clock.waiting()]).toEqual([true, 1, 0]);
  });
});
