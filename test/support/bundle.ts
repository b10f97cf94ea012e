import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { BuildOptions } from "esbuild";

// jsdom has a URL of its own, which Node does not take.
const root = join(import.meta.dirname, "../..");

/** Bundles a module for a page and loads it here. In a process of its own: esbuild does not run where jsdom is. */
export async function bundled(name: string, contents: string, options: BuildOptions & { readonly language?: "jsx" | "tsx" | "ts" } = {}): Promise<unknown> {
  const folder = join(root, "node_modules/.cache/headcount");
  mkdirSync(folder, { recursive: true });
  const outfile = join(folder, `${name}-${process.pid}.mjs`);
  const { language = "ts", ...rest } = options;
  const all: BuildOptions = {
    stdin: { contents, resolveDir: root, loader: language }, outfile, bundle: true, platform: "browser", format: "esm", jsx: "automatic", logLevel: "silent",
    define: { "process.env.NODE_ENV": '"development"', __VUE_OPTIONS_API__: "true", __VUE_PROD_DEVTOOLS__: "false", __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: "true" }, ...rest,
  };
  execFileSync(process.execPath, ["--input-type=module", "-e", 'import { build } from "esbuild"; await build(JSON.parse(process.argv[1]));', JSON.stringify(all)], { cwd: root });
  return import(/* @vite-ignore */ pathToFileURL(outfile).href);
}

/** What a text that imports `headcount/…` is given here: the sources. */
export const FROM_SOURCE: Readonly<Record<string, string>> = {
  "headcount/client": join(root, "src/client/index.ts"),
  "headcount/react": join(root, "src/adapters/react.ts"),
  "headcount/vue": join(root, "src/adapters/vue.ts"),
  "headcount/websocket": join(root, "src/adapters/websocket.ts"),
};
