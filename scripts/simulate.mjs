// `npm run simulate -- --runs 1000 --seed 7 --workers 2`: histories of people, networks and servers in virtual time.
// The library's sources are bundled as they are, or with one fault built in (`--break merge`).
import { bundle, faultIn } from "./bundle.mjs";

const { fault, rest } = faultIn(process.argv.slice(2));
const program = await bundle("scripts/simulate/main.ts", { fault, define: { "process.env.NODE_ENV": '"production"' } });
const { main } = await import(program);
// `--runs=10` is the same as `--runs 10`.
process.exitCode = await main(program, rest.flatMap((one) => one.split("=")), fault);
