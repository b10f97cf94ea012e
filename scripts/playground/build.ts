import { readFileSync } from "node:fs";
import { join } from "node:path";
import { build, type Plugin } from "esbuild";

export type Built = { readonly html: string; readonly css: string; readonly script: string };

/** The server's part runs in the page too; Node's diagnostics, which nobody listens to there, stay out. */
const withoutInstrumentation: Plugin = {
  name: "without instrumentation",
  setup(one) {
    one.onResolve({ filter: /^node:diagnostics_channel$/ }, ({ path }) => ({ path, namespace: "none" }));
    one.onLoad({ filter: /.*/, namespace: "none" }, () => ({ contents: "export const channel = () => ({ hasSubscribers: false });" }));
  },
};

/** The playground's page, of the sources as they are now, or with a fault built in. */
export async function buildPlayground(root: string, plugins: readonly Plugin[] = []): Promise<Built> {
  const read = (path: string): string => readFileSync(join(root, path), "utf8");
  const { outputFiles } = await build({
    entryPoints: [join(root, "scripts/playground/main.ts")],
    bundle: true, write: false, minify: true, format: "esm", target: "es2022", logLevel: "error",
    define: { NAIVE_SOURCE: JSON.stringify(read("scripts/playground/naive-counter.ts").replace(/^type .*\n/gm, "").trim()) },
    plugins: [...plugins, withoutInstrumentation],
  });
  return { html: read("scripts/playground/site/index.html"), css: read("scripts/playground/site/style.css"), script: outputFiles[0]?.text ?? "" };
}

/** As a server gives it out: nothing is inline. */
export function servedPage({ html }: Built): string {
  return filled(html, '<link rel="icon" href="/icon.svg" type="image/svg+xml">', '<link rel="stylesheet" href="/playground.css">', '<script type="module" src="/playground.js"></script>');
}

/** As one file, which needs no server. */
export function singleFile({ html, css, script }: Built, icon: string): string {
  const data = `<link rel="icon" href="data:image/svg+xml,${encodeURIComponent(icon.trim())}">`;
  // What ends a script, where it stands in one of its strings.
  return filled(html, data, `<style>\n${css}</style>`, `<script type="module">\n${script.replaceAll("</script", "<\\/script")}</script>`);
}

function filled(html: string, icon: string, style: string, script: string): string {
  return html.replace("<!-- icon -->", () => icon).replace("<!-- style -->", () => style).replace("<!-- script -->", () => script);
}
