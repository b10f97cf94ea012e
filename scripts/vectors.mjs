// `npm run vectors`: writes docs/vectors/*.json anew, from scripts/vectors. A test checks that they are current.
import { writeFileSync } from "node:fs";
import { bundle } from "./bundle.mjs";

const { vectorFiles } = await import(await bundle("scripts/vectors/main.ts"));
for (const [name, text] of Object.entries(vectorFiles())) {
  writeFileSync(new URL(`../docs/vectors/${name}`, import.meta.url), text);
  console.log(`docs/vectors/${name}: ${(text.length / 1_000).toFixed(0)} kB`);
}
