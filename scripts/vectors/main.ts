import { coreVectors } from "./core.js";
import { protocolVectors } from "./protocol.js";
import { viewVectors } from "./view.js";

/** The files of docs/vectors by name, as they should be. */
export function vectorFiles(): Record<string, string> {
  return {
    "core.json": file({ cases: coreVectors().map(({ steps, ...about }) => ({ ...about, steps: lines(steps, 6) })) }),
    "view.json": file({ cases: viewVectors().map(({ steps, ...about }) => ({ ...about, steps: lines(steps, 6) })) }),
    "protocol.json": file(Object.fromEntries(Object.entries(protocolVectors()).map(([key, items]) => [key, lines(items, 2)]))),
  };
}

const kept = new Map<string, string>();

/** Stands for a list with an item a line, so that a change shows as what it is. */
function lines(items: readonly unknown[], indent: number): string {
  const key = `@@${kept.size}@@`;
  const space = " ".repeat(indent);
  kept.set(JSON.stringify(key), `[\n${items.map((item) => `${space}  ${JSON.stringify(item)}`).join(",\n")}\n${space}]`);
  return key;
}

function file(content: unknown): string {
  return `${JSON.stringify(content, null, 2).replace(/"@@\d+@@"/g, (key) => kept.get(key)!)}\n`;
}
