// What the examples' tests share.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";

/** Tries again until `check` throws no more; its last error after ten seconds. */
export async function until(check) {
  for (const end = Date.now() + 10_000; ;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > end) throw error;
      await wait(10);
    }
  }
}

/** Runs a server file on a free port until the test is over. Resolves to its address, once it listens. */
export function serve(test, file, env = {}) {
  const child = spawn(process.execPath, [file], { env: { ...process.env, PORT: "0", ...env }, stdio: ["ignore", "pipe", "inherit"] });
  test.after(() => child.kill());
  return new Promise((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`${file} ended with ${code}`)));
    child.stdout.setEncoding("utf8").on("data", (text) => {
      const address = /http:\S+/.exec(text);
      if (address) resolve(address[0]);
    });
  });
}

/** How far one file is from another: lines added, lines removed, and lines changed (an added and a removed one at the same place are one). */
export function difference(before, after) {
  const a = lines(before);
  const b = lines(after);
  // same[i][j]: how many lines of a from i and of b from j can stay, in order.
  const same = Array.from({ length: a.length + 1 }, () => new Array(b.length + 1).fill(0));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) same[i][j] = a[i] === b[j] ? same[i + 1][j + 1] + 1 : Math.max(same[i + 1][j], same[i][j + 1]);
  }
  let added = 0, removed = 0, changed = 0, plus = 0, minus = 0;
  const close = () => {
    added += plus;
    removed += minus;
    changed += Math.max(plus, minus);
    plus = minus = 0;
  };
  for (let i = 0, j = 0; i < a.length || j < b.length;) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      close();
      i++;
      j++;
    } else if (j < b.length && (i === a.length || same[i][j + 1] >= same[i + 1][j])) {
      plus++;
      j++;
    } else {
      minus++;
      i++;
    }
  }
  close();
  return { added, removed, changed };
}

function lines(file) {
  return readFileSync(file, "utf8").split("\n").map((line) => line.trim()).filter((line) => line !== "" && !line.startsWith("//"));
}
