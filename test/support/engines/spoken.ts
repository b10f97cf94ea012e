import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WebSocket } from "ws";

export type Json = Readonly<Record<string, unknown>>;
type Reply = { readonly id?: number; readonly result?: Json; readonly error?: string | { readonly message: string }; readonly message?: string };

export type Spoken = {
  /** What it answers. `beside`: what stands beside method and params. */
  readonly call: (method: string, params?: Json, beside?: Json) => Promise<Json>;
  /** Says the last word, waits for its end, and cleans up. */
  readonly close: (method: string) => Promise<void>;
};

export type Start = {
  readonly args: (profile: string) => readonly string[];
  /** How it says, on its standard error, at which address it listens. */
  readonly listening: RegExp;
  /** What comes after that address. */
  readonly under?: string;
  /** Files of its profile. */
  readonly files?: Readonly<Record<string, string>>;
};

/** Starts a browser that speaks a protocol of numbered calls over a WebSocket, with a profile of its own. */
export async function spokenTo(path: string, { args, listening, under = "", files = {} }: Start): Promise<Spoken> {
  const profile = mkdtempSync(join(tmpdir(), "headcount-browser-"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(profile, name), text);
  const child = spawn(path, args(profile), { stdio: ["ignore", "ignore", "pipe"] });
  const ended = new Promise<void>((resolve) => { child.once("close", () => { resolve(); }); });
  const address = await new Promise<string>((resolve, reject) => {
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      const found = listening.exec(said);
      if (found) resolve(found[1]!);
    });
    child.once("error", reject);
    child.once("close", () => { reject(new Error(`${path} ended before it could be spoken to:\n${said}`)); });
  });
  const socket = new WebSocket(address + under, { perMessageDeflate: false });
  await new Promise((resolve, reject) => { socket.once("open", resolve).once("error", reject); });

  let n = 0;
  const waiting = new Map<number, (reply: Reply) => void>();
  socket.on("message", (data: Buffer) => {
    const reply = JSON.parse(data.toString()) as Reply;
    if (reply.id === undefined) return;
    waiting.get(reply.id)?.(reply);
    waiting.delete(reply.id);
  });
  const call: Spoken["call"] = (method, params = {}, beside = {}) => new Promise((resolve, reject) => {
    waiting.set(++n, ({ result, error, message }) => {
      if (error !== undefined) reject(new Error(`${method}: ${typeof error === "string" ? `${error}: ${message ?? ""}` : error.message}`));
      else resolve(result ?? {});
    });
    socket.send(JSON.stringify({ id: n, method, params, ...beside }));
  });
  return {
    call,
    async close(method) {
      await call(method).catch(() => undefined);
      await ended;
      socket.terminate();
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
