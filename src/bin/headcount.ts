#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { replay, type Replayed } from "../testing/replay.js";
import { where } from "../testing/replay-story.js";

const USAGE = `Usage: headcount replay FILE

Runs a recording of registry.record again, and tells what happened. FILE: JSON lines, or - for what is piped in.
Exits with 0 when the replay comes to what the recording says, with 1 when it differs, with 2 when there is nothing to replay.`;

// Whoever reads the story may have read enough: `| head`.
process.stdout.on("error", () => { process.exit(); });
process.exitCode = main(process.argv.slice(2));

function main([command, file, ...rest]: readonly string[]): number {
  if (command === "--help" || command === "-h") {
    say([USAGE]);
    return 0;
  }
  if (command !== "replay" || file === undefined || rest.length > 0) {
    console.error(USAGE);
    return 2;
  }
  let replayed: Replayed<unknown>;
  try {
    replayed = replay(readFileSync(file === "-" ? 0 : file, "utf8"));
  } catch (error) {
    console.error(`headcount: ${error instanceof Error ? error.message : String(error)}`);
    return 2;
  }
  const { story, rooms, differences, complete } = replayed;
  say([...story, "", "At the end:", ...[...rooms].map(([name, room]) => `  ${where(name, room)}`), ...(rooms.size === 0 ? ["  no room is followed"] : []), ""]);
  if (differences.length > 0) {
    say([`The replay differs from the recording in ${differences.length} places:`, ...differences.map((one) => `  ${one}`)]);
    return 1;
  }
  say([complete ? "The replay agrees with the recording." : "The recording was not ended; as far as it goes, the replay agrees with it."]);
  return 0;
}

function say(lines: readonly string[]): void {
  process.stdout.write(`${lines.join("\n")}\n`);
}
