// `npm run soak -- --minutes 10 --connections 10000`: a real ws server under a crowd that comes and goes; heap, handles, lag and wrong counts.
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { bundle, faultIn } from "./bundle.mjs";

const args = process.argv.slice(2);
const { fault } = faultIn(args, ["leak"]);
// The leak is planted by the server's process itself; the others are edits of the library.
const program = await bundle("scripts/soak/main.ts", { beside: ["scripts/soak/server.ts", "scripts/soak/crowd.ts"], fault: fault === "leak" ? undefined : fault });
const { main } = await import(program);
process.exit(await main(dirname(fileURLToPath(program)), args));
