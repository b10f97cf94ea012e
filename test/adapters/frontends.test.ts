// @vitest-environment jsdom
import { createElement, type ComponentType } from "react";
import { createRoot } from "react-dom/client";
import { describe, expect, it, vi } from "vitest";
import { createApp, type Component } from "vue";
import { compileScript, parse } from "vue/compiler-sfc";
import { WebSocket } from "ws";
import { bundled, FROM_SOURCE } from "../support/bundle.js";
import { readmeCode } from "../support/readme.js";
import { afterwards, serve } from "../support/sockets.js";
import { until } from "../support/until.js";

/** A server where the README's pages look for one; the pages' users come one after the other. */
async function at3000(): Promise<Awaited<ReturnType<typeof serve>>> {
  let visitor = 0;
  const users = ["ann", "bob"];
  const server = await serve({ attach: { identify: () => ({ user: users[visitor++]! }) } });
  vi.stubGlobal("WebSocket", class extends WebSocket {
    constructor(url: string | URL, protocols?: string[]) { super(String(url).replace("//localhost:3000", `//127.0.0.1:${server.port}`), protocols); }
  });
  afterwards(() => vi.unstubAllGlobals());
  return server;
}

const shown = (): string => document.body.textContent?.trim() ?? "";

describe("the README's lines, as they stand there", () => {
  it("[U1] show in React who is here", async () => {
    const { registry } = await at3000();
    const load = async (): Promise<ComponentType> => ((await bundled(`react-${String(Math.random())}`, readmeCode("jsx"), { language: "jsx", alias: FROM_SOURCE, external: ["react", "react/jsx-runtime"] })) as { WhoIsHere: ComponentType }).WhoIsHere;
    for (const Page of [await load(), await load()]) {
      const root = createRoot(document.body.appendChild(document.createElement("div")));
      root.render(createElement(Page));
      afterwards(() => root.unmount());
      await until(() => expect(registry.userCount("project-1")).toBe(document.body.childElementCount));
    }
    await until(() => expect(shown()).toBe("ann, bobann, bob"));
    document.body.replaceChildren();
  });

  it("[U1, U15] show by React's component who is here", async () => {
    const { registry } = await at3000();
    const { Page } = (await bundled("react-page", readmeCode("tsx"), { language: "tsx", alias: FROM_SOURCE, external: ["react", "react/jsx-runtime"] })) as { Page: ComponentType };
    const root = createRoot(document.body.appendChild(document.createElement("div")));
    root.render(createElement(Page));
    afterwards(() => root.unmount());
    await until(() => expect([...document.querySelectorAll(".hc-count, .hc-name")].map((one) => one.textContent)).toEqual(["1 here", "ann (you)"]));
    expect(registry.userCount("project-1")).toBe(1);
    document.body.replaceChildren();
  });

  it("[U1] show in Vue who is here", async () => {
    const { registry } = await at3000();
    const { descriptor } = parse(readmeCode("vue"), { filename: "WhoIsHere.vue" });
    const { content } = compileScript(descriptor, { id: "who", inlineTemplate: true });
    const { default: page } = (await bundled("vue", content, { alias: FROM_SOURCE, external: ["vue"] })) as { default: Component };
    const app = createApp(page);
    app.mount(document.body.appendChild(document.createElement("div")));
    expect(shown()).toBe("…");
    await until(() => expect(shown()).toBe("ann"));
    expect(registry.userCount("project-1")).toBe(1);
    app.unmount();
    await until(() => expect(registry.userCount("project-1")).toBe(0));
  });
});
