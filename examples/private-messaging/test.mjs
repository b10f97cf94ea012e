import assert from "node:assert/strict";
import { it } from "node:test";
import { createPresence } from "headcount/client";
import { socketIoTransport } from "headcount/socket.io-client";
import { io } from "socket.io-client";
import { serve, until } from "../check.mjs";

it("somebody is online with any tab, and offline after the last", async (test) => {
  const address = await serve(test, "server.js", { GRACE: "300" });
  const tab = async (auth) => {
    const socket = io(address, { forceNew: true, auth });
    test.after(() => socket.disconnect());
    const presence = createPresence({ transport: socketIoTransport(socket), room: "everyone" });
    test.after(() => presence.close());
    const seen = [];
    presence.onChange(({ type, user }) => seen.push([type, user]));
    const { session, user } = await new Promise((resolve) => { socket.once("session", resolve); });
    await until(() => assert.equal(presence.getSnapshot().status, "live"));
    return { socket, presence, session, user, seen, online: () => presence.getSnapshot().users.map(({ meta }) => meta.name).sort() };
  };
  const ann = await tab({ username: "ann" });
  const first = await tab({ username: "bob" });
  const second = await tab({ session: first.session });
  assert.equal(second.user.id, first.user.id);
  await until(() => assert.deepEqual(ann.online(), ["ann", "bob"]));
  const messages = [];
  for (const [name, { socket }] of Object.entries({ ann, first, second })) socket.on("message", ({ text }) => messages.push(`${name} ${text}`));
  ann.socket.emit("message", { to: first.user.id, text: "hi" });
  await until(() => assert.deepEqual(messages.sort(), ["ann hi", "first hi", "second hi"]));

  first.socket.disconnect();
  await until(() => assert.equal(ann.presence.getSnapshot().connectionCount, 2));
  assert.deepEqual(ann.online(), ["ann", "bob"]);
  second.socket.disconnect();
  await until(() => assert.deepEqual(ann.online(), ["ann"]));
  assert.deepEqual(ann.seen.filter(([, user]) => user === first.user.id), [["joined", first.user.id], ["left", first.user.id]]);

  // Who comes later still finds bob, offline.
  const eve = io(address, { forceNew: true, auth: { username: "eve" } });
  test.after(() => eve.disconnect());
  const { others } = await new Promise((resolve) => { eve.once("session", resolve); });
  assert.deepEqual(others.map(({ name }) => name), ["ann", "bob"]);
  assert.ok(others[1].lastSeen > 0);
});

it("answers nonsense with nothing, and goes on", async (test) => {
  const address = await serve(test, "server.js");
  const open = (auth) => {
    const socket = io(address, { forceNew: true, auth });
    test.after(() => socket.disconnect());
    return socket;
  };
  for (const username of [undefined, null, 7, {}, " "]) {
    const { message } = await new Promise((resolve) => { open({ username }).once("connect_error", resolve); });
    assert.equal(message, "who are you?");
  }
  const ann = open({ username: "ann" });
  const { user } = await new Promise((resolve) => { ann.once("session", resolve); });
  const heard = [];
  ann.on("message", ({ text }) => heard.push(text));
  ann.emit("message");
  for (const message of [null, 7, "hi", [], { to: user.id }, { to: user.id, text: { toString: 1 } }, { to: "nobody", text: "hi" }, { to: user.id, text: "hi" }]) ann.emit("message", message);
  await until(() => assert.deepEqual(heard, ["hi"]));
});
