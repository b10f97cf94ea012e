// `npm start` serves the page; with arguments (`npm start -- --bots 50`) it runs a crowd of bots instead.
// Both are bundled with the library's own sources, as they are or with one fault built in.
import { bundle, faultIn, root } from "./bundle.mjs";

const args = process.argv.slice(2);
const { fault } = faultIn(args);
const crowd = args.length > 0;
const { main } = await import(await bundle(crowd ? "scripts/bots/main.ts" : "scripts/page/main.ts", { fault }));
if (!crowd) await main(root);
