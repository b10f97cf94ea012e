// @vitest-environment jsdom
import { compile } from "svelte/compiler";
import { afterEach, describe, expect, it } from "vitest";
import type { ClientRoom } from "../../src/client/index.js";
import { createTestRegistry } from "../../src/testing/fakes/index.js";
import { bundled } from "../support/bundle.js";
import { readmeCode } from "../support/readme.js";

type Meta = { readonly name: string };
type Mounted = { readonly mount: (component: unknown, options: { target: Element; props: object }) => object; readonly unmount: (mounted: object) => Promise<void>; readonly flushSync: () => void };

const { js } = compile(readmeCode("svelte"), { generate: "client", filename: "WhoIsHere.svelte" });
const { WhoIsHere, mount, unmount, flushSync } = (await bundled("svelte", `${js.code.replace("export default function WhoIsHere", "export function WhoIsHere")}\nexport { mount, unmount, flushSync } from "svelte";`, { conditions: ["browser"] })) as Mounted & { WhoIsHere: unknown };

const { js: drawn } = compile(readmeCode("svelte"), { generate: "server", filename: "WhoIsHere.svelte" });
type Drawer = { readonly Drawn: unknown; readonly render: (component: unknown, options: { props: object }) => { readonly body: string }; readonly readable: (value: unknown) => object };
const { Drawn, render, readable } = (await bundled("svelte-server", `${drawn.code.replace("export default function WhoIsHere", "export function Drawn")}\nexport { render } from "svelte/server";\nexport { readable } from "svelte/store";`)) as Drawer;

afterEach(() => { document.body.replaceChildren(); });

describe("Svelte", () => {
  it("[U1, V9] a room is a store: a compiled component shows it, is in it while mounted, and leaves after linger", async () => {
    const { registry, tab, advance } = createTestRegistry<Meta>({ grace: 0, settle: 0 });
    const left: string[] = [];
    registry.on("left", ({ user }) => left.push(user));
    const ann = tab("ann");
    ann.cut();
    const room: ClientRoom<Meta> = ann.room("r", { meta: { name: "Ann" } });
    const shown = mount(WhoIsHere, { target: document.body, props: { room } });
    const text = (): string => { flushSync(); return document.body.textContent.replace(/\s+/g, " ").trim(); };
    expect(text()).toBe("…");
    ann.reconnect();
    advance(100);
    expect(text()).toBe("1 here: Ann");
    tab("bob").room("r", { meta: { name: "Bob" } }).subscribe(() => undefined);
    advance(200);
    expect(text()).toBe("2 here: Ann, Bob");
    await unmount(shown);
    advance(999);
    expect(left).toEqual([]);
    advance(100);
    expect(left).toEqual(["ann"]);
  });

  it("[U6] drawn on a server, a store of what the server draws joins nothing", () => {
    const { registry, tab, advance } = createTestRegistry<Meta>({ grace: 0, settle: 0 });
    const bob = tab("bob").room("r", { meta: { name: "Bob" } });
    bob.subscribe(() => undefined);
    advance(200);
    const initial = registry.snapshot("r");
    const room = tab("server").room("r", initial && { initial });
    const { body } = render(Drawn, { props: { room: readable(room.getServerSnapshot()) } });
    advance(200);
    expect(body.replace(/<!--.*?-->/g, "")).toBe("1 here: Bob");
    expect(registry.userCount("r")).toBe(1);
  });
});
