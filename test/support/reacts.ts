import * as React from "react";
import * as dom from "react-dom/client";
import * as server from "react-dom/server";
import * as hooks from "../../src/adapters/react.js";
import { bundled } from "./bundle.js";

/** One version of React, and our hooks on it. */
export type ReactKit = { readonly React: typeof React; readonly dom: Pick<typeof dom, "createRoot" | "hydrateRoot">; readonly server: Pick<typeof server, "renderToString">; readonly hooks: typeof hooks };

export const react19: ReactKit = { React, dom, server, hooks };

/** React 18 lies beside 19 under another name: what asks for `react` gets it by a bundle of its own. */
export async function react18(): Promise<ReactKit> {
  const all = 'export * as React from "react"; export * as dom from "react-dom/client"; export * as server from "react-dom/server"; export * as hooks from "./src/adapters/react.ts";';
  const kit = (await bundled("react-18", all, { alias: { react: "react-18", "react-dom": "react-dom-18" } })) as ReactKit;
  if (!kit.React.version.startsWith("18.")) throw new Error(`it is React ${kit.React.version}`);
  return kit;
}
