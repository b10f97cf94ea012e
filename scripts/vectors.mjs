// `npm run vectors`: writes docs/vectors/*.json anew, from scripts/vectors. A test checks that they are current.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const folder = mkdtempSync(join(tmpdir(), "headcount-vectors-"));
try {
  const outfile = join(folder, "vectors.mjs");
  await build({ entryPoints: [fileURLToPath(new URL("vectors/main.ts", import.meta.url))], outfile, bundle: true, platform: "node", format: "esm", logLevel: "warning" });
  const { vectorFiles } = await import(pathToFileURL(outfile).href);
  for (const [name, text] of Object.entries(vectorFiles())) {
    writeFileSync(new URL(`../docs/vectors/${name}`, import.meta.url), text);
    console.log(`docs/vectors/${name}: ${(text.length / 1_000).toFixed(0)} kB`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
