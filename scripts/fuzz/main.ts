import { parseArgs } from "node:util";
import { fuzz } from "./fuzz.js";

function numbers(): { readonly runs: number; readonly seed: number } {
  try {
    const { values } = parseArgs({ options: { runs: { type: "string", default: "20000" }, seed: { type: "string", default: "1" } } });
    return { runs: Number(values.runs), seed: Number(values.seed) };
  } catch {
    return { runs: NaN, seed: NaN };
  }
}

const { runs, seed } = numbers();
if (!Number.isInteger(runs) || runs < 4 || !Number.isInteger(seed)) {
  console.error("Usage: npm run fuzz -- [--runs N] [--seed S]    N: frames and requests, at least 4");
  process.exit(2);
}

console.log(`headcount: ${runs} hostile frames and requests, seed ${seed}\n`);
console.log("sockets     limits     frames  requests  reached us  sockets lost    a second  noticed");
let bad = 0;
// A tenth with the limits as they are by default: nearly all of it is turned away there.
for (const [kind, rate, share] of [["ws", 1e6, 0.45], ["socket.io", 1e6, 0.45], ["ws", undefined, 0.05], ["socket.io", undefined, 0.05]] as const) {
  const started = performance.now();
  const { frames, requests, reached, reopened, noticed } = await fuzz({ kind, rate, runs: Math.round(runs * share), seed });
  const cells = [kind.padEnd(10), (rate === undefined ? "default" : "raised").padEnd(8), String(frames).padStart(8), String(requests).padStart(9), `${((100 * reached) / Math.max(1, frames)).toFixed(0)} %`.padStart(11), String(reopened).padStart(13), String(Math.round((1_000 * (frames + requests)) / (performance.now() - started))).padStart(11), noticed.length === 0 ? "nothing" : String(noticed.length)];
  console.log(cells.join(" "));
  for (const one of noticed) console.log(`  ${one}`);
  bad += noticed.length;
}
console.log(bad === 0 ? "\nNobody noticed anything." : `\n${bad} things were noticed.`);
process.exit(bad === 0 ? 0 : 1);
