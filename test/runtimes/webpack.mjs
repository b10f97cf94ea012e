import { resolve } from "node:path";
import webpack from "webpack";

const compiler = webpack({ mode: "production", entry: { entry: "./entry.mjs", badge: "./badge.mjs" }, output: { path: resolve("out"), filename: "[name].js" } });
compiler.run((error, stats) => {
  if (error ?? stats.hasErrors()) throw error ?? new Error(stats.toString());
  if (stats.hasWarnings()) throw new Error(stats.toString());
});
