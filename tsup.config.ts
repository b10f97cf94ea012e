import { readFileSync, writeFileSync } from "node:fs";
import { defineConfig } from "tsup";

const common = {
  target: "es2022",
  platform: "neutral",
  treeshake: false,
  // Node's modules without their prefix are not found outside Node.
  removeNodeProtocol: false,
  // tsup sets baseUrl for its declaration build, which TypeScript 6 calls deprecated.
  dts: { compilerOptions: { ignoreDeprecations: "6.0" } },
} as const;

export default defineConfig([
  {
    ...common,
    entry: {
      index: "src/index.ts",
      server: "src/server/index.ts",
      client: "src/client/index.ts",
      ws: "src/adapters/ws.ts",
      websocket: "src/adapters/websocket.ts",
      "socket.io": "src/adapters/socket.io.ts",
      "socket.io-client": "src/adapters/socket.io-client.ts",
      http: "src/adapters/http.ts",
      react: "src/adapters/react.ts",
      vue: "src/adapters/vue.ts",
      element: "src/adapters/element.ts",
      testing: "src/testing/index.ts",
      fakes: "src/testing/fakes/index.ts",
      network: "src/testing/network.ts",
    },
    format: ["esm", "cjs"],
    splitting: true,
    external: [/^node:/],
    // What makes CommonJS of split modules puts its own lines first, and then it is no directive any more.
    onSuccess() {
      writeFileSync("dist/react.cjs", `"use client";${readFileSync("dist/react.cjs", "utf8")}`);
      return Promise.resolve();
    },
  },
  { ...common, entry: { headcount: "src/bin/headcount.ts" }, platform: "node", dts: false, format: ["esm"], splitting: false },
  // One file for pages without a bundler.
  { ...common, entry: { "user-presence": "src/user-presence.ts" }, format: ["esm"], splitting: false, minify: true },
  { ...common, entry: { browser: "src/browser.ts" }, format: ["esm"], splitting: false, minify: true },
]);
