import { connect } from "node:net";
import type { Chance } from "../bots/chance.js";
import { noise } from "./frames.js";

const END = "\r\n\r\n";

/** A request over HTTP, from one that is right to one that is none. */
function request(chance: Chance): string | Buffer {
  const host = `Host: 127.0.0.1${chance.next() < 0.1 ? "\r\nHost: evil" : ""}`;
  const room = chance.pick(["lobby", "%", "%zz", "%00", "__proto__", "x".repeat(400), "%ed%a0%80", "a&room=b", "", "lobby&watch=count", "lobby&watch=all"]) ?? "lobby";
  const upgrade = (path: string, more: string): string => `GET ${path} HTTP/1.1\r\n${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n${more}${END}`;
  switch (chance.between(0, 7)) {
    case 0: return noise(chance);
    case 1: return `${chance.pick(["POST", "DELETE", "OPTIONS", "HEAD", "TRACE", "G ET"]) ?? "POST"} /presence?room=${room} HTTP/1.1\r\n${host}${END}`;
    case 2: return upgrade("/?user=mallory", `Sec-WebSocket-Key: ${chance.pick(["", "short", "AAAAAAAAAAAAAAAAAAAAAA=="]) ?? ""}\r\nOrigin: http://evil.example`);
    case 3: return upgrade("/socket.io/?EIO=4&transport=websocket&user=mallory", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==").slice(0, -chance.between(0, 3));
    case 4: return `GET /socket.io/?EIO=${chance.between(1, 5)}&transport=polling&sid=${room} HTTP/1.1\r\n${host}${END}`;
    case 5: return `GET /presence?room=${room} HTTP/1.1\r\n${host}\r\nContent-Length: -1${END}`;
    default: return `GET /presence?room=${room} HTTP/1.1\r\n${host}\r\nIf-None-Match: ${chance.pick(['""', "*", "W/", "x".repeat(500)]) ?? "*"}${END}`;
  }
}

/** Sends a request on a socket of its own; done when something comes back, the socket ends, or nothing does for a moment. */
export function ask(port: number, chance: Chance): Promise<void> {
  const text = request(chance);
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => { socket.write(text); });
    const done = (): void => {
      socket.destroy();
      resolve();
    };
    socket.setTimeout(100, done);
    for (const event of ["data", "end", "error", "close"]) socket.once(event, done);
    // What is torn down after its end may still say so.
    socket.on("error", () => undefined);
  });
}
