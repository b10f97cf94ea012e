import { build } from "vite";

for (const name of ["entry", "badge"]) {
  await build({
    configFile: false, logLevel: "warn",
    build: { outDir: "out", emptyOutDir: false, modulePreload: false, rollupOptions: { input: `${name}.mjs`, output: { format: "iife", entryFileNames: `${name}.js` } } },
  });
}
