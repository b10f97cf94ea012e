import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { io } from "socket.io-client";
import { difference, serve, until } from "../check.mjs";

/** ann watches while bob opens two tabs, closes one, loses the other for a moment, and goes. What ann was told of bob. */
async function story(test, file) {
  const address = await serve(test, file, { GRACE: "600" });
  const tab = async (name) => {
    const socket = io(address, { forceNew: true });
    test.after(() => socket.disconnect());
    socket.on("connect", () => socket.emit("add user", name));
    await new Promise((resolve) => { socket.once("login", resolve); });
    return socket;
  };
  const told = [];
  const ann = await tab("ann");
  for (const event of ["user joined", "user left"]) {
    ann.on(event, ({ username, numUsers }) => { if (username === "bob") told.push(`${event.slice(5)}, ${numUsers} here`); });
  }
  const first = await tab("bob");
  const second = await tab("bob");
  first.disconnect();
  // A reader of the list would see the mistakes come one by one.
  await wait(100);
  second.io.engine.close();
  await new Promise((resolve) => { second.once("login", resolve); });
  await wait(100);
  second.disconnect();
  await until(() => assert.equal(told.at(-1), "left, 1 here"));
  await wait(800);
  return told;
}

describe("who is in the chat, by its own events", () => {
  it("before: each tab is counted, each blink is seen", async (test) => {
    assert.deepEqual(await story(test, "before.js"), [
      "joined, 2 here", "joined, 3 here", "left, 2 here", "left, 1 here", "joined, 2 here", "left, 1 here",
    ]);
  });

  it("after: bob came once and went once", async (test) => {
    assert.deepEqual(await story(test, "server.js"), ["joined, 2 here", "left, 1 here"]);
  });

  it("after: nobody takes a second name, or one that is none", async (test) => {
    const address = await serve(test, "server.js", { GRACE: "100" });
    const open = async () => {
      const socket = io(address, { forceNew: true });
      test.after(() => socket.disconnect());
      await new Promise((resolve) => { socket.once("connect", resolve); });
      return socket;
    };
    const ann = await open();
    const told = [];
    for (const event of ["user joined", "user left"]) ann.on(event, ({ username }) => told.push(`${event.slice(5)} ${username}`));
    for (const name of [undefined, null, 7, {}, [], "x".repeat(300), "ann", "eve"]) ann.emit("add user", name);
    ann.emit("add user");
    await until(() => assert.deepEqual(told, ["joined ann"]));
    const bob = await open();
    const { numUsers } = await new Promise((resolve) => { bob.once("login", resolve).emit("add user", "bob"); });
    assert.equal(numUsers, 2);
    await until(() => assert.deepEqual(told, ["joined ann", "joined bob"]));
  });

  it("by at most 10 added lines", () => {
    const { added, removed } = difference("before.js", "server.js");
    console.log(`${added} lines added, ${removed} removed`);
    assert.ok(added <= 10);
  });
});
