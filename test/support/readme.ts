import { readFileSync } from "node:fs";
import { join } from "node:path";

const text = readFileSync(join(import.meta.dirname, "../../README.md"), "utf8");

/** The one piece of code of that language in the README, as it stands there. */
export function readmeCode(language: string): string {
  const found = [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "gms"))].map(([, code]) => code!);
  if (found.length !== 1) throw new Error(`the README has ${found.length} pieces of ${language}`);
  return found[0]!;
}
