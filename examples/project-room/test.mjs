import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { JSDOM } from "jsdom";
import { difference, serve, until } from "../check.mjs";

const { window } = new JSDOM("<!doctype html>");
Object.assign(globalThis, { window, document: window.document, IS_REACT_ACT_ENVIRONMENT: false });
globalThis.navigator ??= window.navigator;
const { createElement } = await import("react");
const { createRoot } = await import("react-dom/client");

/** Pages with the hook of `folder` around its server; `open` gives one, with what it shows. */
async function rig(test, folder) {
  const url = await serve(test, `${folder}/server.js`, { GRACE: "400" });
  const { useSocket } = await import(`./${folder}/use-socket.js`);
  return {
    open(id) {
      const page = { users: [], socket: null };
      function Page() {
        const { socket, connectedUsers } = useSocket(url, "p1", { id });
        page.socket = socket;
        page.users = [...connectedUsers].sort();
        return null;
      }
      const root = createRoot(document.createElement("div"));
      root.render(createElement(Page));
      page.close = () => { root.unmount(); };
      test.after(page.close);
      return page;
    },
  };
}

const here = (page, users) => until(() => assert.deepEqual(page.users, users));

/** bob has two tabs and closes one. Whom ann sees then. */
async function twoTabs(test, folder) {
  const { open } = await rig(test, folder);
  const ann = open("ann");
  await here(ann, ["ann"]);
  const first = open("bob");
  const second = open("bob");
  await here(first, ["ann", "bob"]);
  await here(second, ["ann", "bob"]);
  await here(ann, ["ann", "bob"]);
  first.close();
  await wait(700);
  const seen = ann.users;
  second.close();
  await here(ann, ["ann"]);
  return seen;
}

/** Five users come and go, and come back, as fast as they can, for a while; each ends with one page open. Whom ann sees then. */
async function rapid(test, folder) {
  const { open } = await rig(test, folder);
  const ann = open("ann");
  await here(ann, ["ann"]);
  const ids = ["bob", "cid", "dan", "eve", "fay"];
  await Promise.all(ids.map(async (id, i) => {
    let page = open(id);
    for (let n = 0; n < 12; n++) {
      await wait(5 + ((n * 7 + i * 3) % 20));
      // A refresh: the new page is often there before the server has heard that the old one went.
      const next = open(id);
      await until(() => assert.ok(next.socket?.connected));
      page.close();
      page = next;
    }
  }));
  await wait(700);
  return ann.users;
}

const ALL = ["ann", "bob", "cid", "dan", "eve", "fay"];

describe("who is in the project, as its hook says", () => {
  it("before: closing one of two tabs takes the user away", async (test) => {
    assert.deepEqual(await twoTabs(test, "before"), ["ann"]);
  });

  it("before: rapid connects and disconnects leave a wrong list", async (test) => {
    const seen = await rapid(test, "before");
    console.log(`shown: ${seen.join(", ")}; there: ${ALL.join(", ")}`);
    assert.notDeepEqual(seen, ALL);
  });

  it("after: one of two tabs is enough", async (test) => {
    assert.deepEqual(await twoTabs(test, "after"), ["ann", "bob"]);
  });

  it("after: rapid connects and disconnects leave the right list", async (test) => {
    assert.deepEqual(await rapid(test, "after"), ALL);
  });

  it("by at most 25 changed lines, server and hook together", () => {
    const both = ["server.js", "use-socket.js"].map((file) => difference(`before/${file}`, `after/${file}`));
    const changed = both.reduce((sum, file) => sum + file.changed, 0);
    console.log(both.map(({ added, removed }) => `+${added} -${removed}`).join(", "), `= ${changed} lines changed`);
    assert.ok(changed <= 25);
  });
});
