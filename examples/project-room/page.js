// The page around the hook: one project, who is in it, and a text that all may edit.
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";

const html = `<!doctype html>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Project room</title>
<style>:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif } body { margin: 0 auto; max-width: 40rem; padding: 1rem } textarea { width: 100%; height: 12rem; font: inherit }</style>
<div id="root"></div>
<script src="/page-client.js" type="module"></script>
`;

/** Answers a browser's requests; `which` hook to show: "before" or "after". */
export function page(which) {
  let script;
  return (request, response) => {
    if (request.url.startsWith("/page-client.js")) {
      script ??= buildSync({
        entryPoints: [fileURLToPath(new URL("page-client.js", import.meta.url))],
        alias: { "#use-socket": fileURLToPath(new URL(`${which}/use-socket.js`, import.meta.url)) },
        bundle: true, format: "esm", write: false, define: { "process.env.NODE_ENV": '"production"' },
      }).outputFiles[0].text;
      response.setHeader("Content-Type", "text/javascript; charset=utf-8").end(script);
    } else {
      response.setHeader("Content-Type", "text/html; charset=utf-8").end(html);
    }
  };
}
