import assert from "node:assert/strict";
import { it } from "node:test";
import { createPresence } from "headcount/client";
import { serve, until } from "../check.mjs";
import { sseTransport } from "./sse-transport.js";

it("people without a socket: two tabs, one closed, a lost line, the last closed", async (test) => {
  const address = await serve(test, "server.js", { GRACE: "400" });
  const tab = (user) => {
    const transport = sseTransport(`${address}/?user=${user}`);
    const presence = createPresence({ transport, room: "demo" });
    test.after(() => presence.close());
    const changes = [];
    presence.onChange(({ type, user }) => changes.push(`${type} ${user}`));
    return { transport, presence, changes, users: () => presence.getSnapshot().users?.map(({ id }) => id) };
  };
  const ann = tab("ann");
  await until(() => assert.deepEqual(ann.users(), ["ann"]));
  const first = tab("bob");
  const second = tab("bob");
  await until(() => assert.equal(ann.presence.getSnapshot().connectionCount, 3));
  assert.deepEqual(ann.users(), ["ann", "bob"]);
  first.presence.close();
  await until(() => assert.equal(ann.presence.getSnapshot().connectionCount, 2));
  // The line is cut, and the page comes back.
  second.transport.probe();
  await until(() => assert.equal(second.presence.getSnapshot().status, "live"));
  assert.deepEqual(ann.users(), ["ann", "bob"]);
  second.presence.close();
  await until(() => assert.deepEqual(ann.users(), ["ann"]));
  assert.deepEqual(ann.changes.filter((change) => change.endsWith("bob")), ["joined bob", "left bob"]);
});

it("answers nonsense with a status, and goes on", async (test) => {
  const address = await serve(test, "server.js");
  const post = (path, body) => fetch(address + path, { method: "POST", body }).then(({ status }) => status);
  assert.equal(await post("/messages?link=guess", "{}"), 410);
  assert.equal((await fetch(`${address}//`)).status, 400);
  assert.equal((await fetch(`${address}/nothing`)).status, 404);
});
