// Runs a bundle in a context that has what edge runtimes have, and no module of Node's.
import { readFileSync } from "node:fs";
import { EdgeVM } from "@edge-runtime/vm";

const { HEADCOUNT_URL: url, HEADCOUNT_ROOM: room } = process.env;
const vm = new EdgeVM({ extend: (context) => Object.assign(context, { url, room }) });
vm.evaluate(readFileSync(process.argv[2], "utf8"));
console.log(`RAN ${(await vm.evaluate("checked")).join(" ")}`);
process.exit();
