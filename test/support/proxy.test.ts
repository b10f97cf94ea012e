import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startProxy } from "./proxy.js";
import type { Proxy } from "./proxy.js";
import { until } from "./until.js";

let server: Server;
let proxy: Proxy;
const accepted: Socket[] = [];
const clients: Socket[] = [];

beforeEach(async () => {
  server = createServer((socket) => {
    socket.on("error", () => undefined);
    accepted.push(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  proxy = await startProxy((server.address() as AddressInfo).port);
});

afterEach(async () => {
  await proxy.close();
  for (const socket of [...clients, ...accepted]) socket.destroy();
  server.close();
  clients.length = accepted.length = 0;
});

/** A client's socket and the server's end of it. */
async function open(through: Proxy = proxy): Promise<{ client: Socket; peer: Socket; heard: (socket: Socket) => string; ends: string[] }> {
  const before = accepted.length;
  const client = connect(through.port, "127.0.0.1");
  clients.push(client);
  const texts = new Map<Socket, string>();
  const ends: string[] = [];
  const watch = (name: string, socket: Socket): void => {
    texts.set(socket, "");
    socket.on("data", (chunk) => texts.set(socket, (texts.get(socket) ?? "") + chunk.toString()));
    socket.on("error", (error: NodeJS.ErrnoException) => ends.push(`${name} ${error.code ?? ""}`));
    socket.on("end", () => ends.push(`${name} end`));
  };
  watch("client", client);
  await until(() => expect(accepted.length).toBe(before + 1));
  const peer = accepted[before]!;
  watch("server", peer);
  return { client, peer, heard: (socket) => texts.get(socket) ?? "", ends };
}

describe("the proxy of the tests", () => {
  it("carries both ways, and passes an end on", async () => {
    const { client, peer, heard, ends } = await open();
    client.write("there");
    peer.write("back");
    await until(() => expect([heard(peer), heard(client)]).toEqual(["there", "back"]));
    client.end();
    await until(() => expect(ends).toContain("server end"));
    await until(() => expect(proxy.connections()).toBe(0));
  });

  it("cuts one connection, then all, with a reset on both sides", async () => {
    const [first, second, third] = [await open(), await open(), await open()];
    expect(proxy.connections()).toBe(3);
    expect(proxy.cutOne()).toBe(true);
    await until(() => expect(first.ends.toSorted()).toEqual(["client ECONNRESET", "server ECONNRESET"]));
    expect([second.ends, third.ends]).toEqual([[], []]);
    proxy.cut();
    await until(() => expect([second.ends.length, third.ends.length]).toEqual([2, 2]));
    await until(() => expect(proxy.connections()).toBe(0));
    expect(proxy.cutOne()).toBe(false);
  });

  it("leaves a connection half open: nothing passes, no end is told, new ones work", async () => {
    const dead = await open();
    proxy.halfOpen();
    dead.client.write("lost");
    dead.peer.write("lost too");
    dead.client.end();
    const alive = await open();
    alive.client.write("new");
    await until(() => expect(alive.heard(alive.peer)).toBe("new"));
    expect([dead.heard(dead.peer), dead.heard(dead.client), dead.ends]).toEqual(["", "", []]);
    expect(dead.peer.destroyed).toBe(false);
  });

  it("stalls the server's side until its buffer fills, and loses nothing when it goes on", async () => {
    const { client, peer, heard } = await open();
    proxy.stall();
    const chunk = "x".repeat(1 << 20);
    let sent = 0;
    // The system's own buffers take some megabytes before anything waits in the process.
    while (peer.writableLength < 2 * chunk.length) {
      peer.write(chunk);
      sent += chunk.length;
      await new Promise(setImmediate);
      if (sent > 200 * chunk.length) throw new Error("nothing piled up");
    }
    const piled = peer.writableLength;
    client.write("the other way works");
    await until(() => expect(heard(peer)).toBe("the other way works"));
    expect(peer.writableLength).toBe(piled);
    proxy.resume();
    await until(() => expect(heard(client).length).toBe(sent));
  });

  it("refuses new connections only", async () => {
    const old = await open();
    proxy.refuse(true);
    const refused = connect(proxy.port, "127.0.0.1");
    clients.push(refused);
    const [error] = await once(refused, "error") as [NodeJS.ErrnoException];
    expect(error.code).toBe("ECONNRESET");
    old.client.write("still here");
    await until(() => expect(old.heard(old.peer)).toBe("still here"));
    proxy.refuse(false);
    await open();
  });

  it("holds back what is delayed", async () => {
    const { client, peer, heard } = await open();
    proxy.delay(60_000);
    client.write("late");
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(heard(peer)).toBe("");
  });

  it("keeps the order when a delay ends, the end of the stream included", async () => {
    const { client, peer, heard, ends } = await open();
    proxy.delay(100);
    client.write("a");
    // Long enough for the proxy to have it; were it not, the order would be right for a lesser reason.
    await new Promise((resolve) => setTimeout(resolve, 30));
    proxy.delay(0);
    client.write("b");
    client.end("c");
    await until(() => expect(ends).toContain("server end"));
    expect(heard(peer)).toBe("abc");
  });

  it("leads new connections elsewhere, and resets those that lead nowhere", async () => {
    const other = createServer((socket) => socket.end("other"));
    other.listen(0, "127.0.0.1");
    await once(other, "listening");
    proxy.retarget((other.address() as AddressInfo).port);
    const client = connect(proxy.port, "127.0.0.1");
    clients.push(client);
    const [data] = await once(client, "data") as [Buffer];
    expect(data.toString()).toBe("other");
    client.destroy();
    await new Promise((resolve) => other.close(resolve));
    const nowhere = connect(proxy.port, "127.0.0.1");
    clients.push(nowhere);
    await once(nowhere, "error");
  });

  it("runs several at once, and leaves no socket or server behind", async () => {
    const count = (): number => process.getActiveResourcesInfo().filter((name) => name.startsWith("TCP")).length;
    // What earlier tests closed is still going; the server and the proxy of this one stay.
    await until(() => expect(count()).toBe(2));
    const second = await startProxy((server.address() as AddressInfo).port);
    const third = await startProxy(second.port);
    const { client, peer, heard } = await open(third);
    client.write("through two");
    await until(() => expect(heard(peer)).toBe("through two"));
    third.delay(60_000);
    client.write("never");
    await third.close();
    await second.close();
    client.destroy();
    peer.destroy();
    await until(() => expect(count()).toBe(2));
    expect([second.connections(), third.connections()]).toEqual([0, 0]);
  });
});
