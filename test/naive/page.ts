import { once } from "node:events";
import { io as connectTo } from "socket.io-client";
import { WebSocket } from "ws";
import type { CheckedTab } from "../../src/testing/check-server.js";

type To = { readonly port: number; readonly user: string };

/** What pages of a naive app on socket.io do: they say who they are, and show what they are told. */
export async function socketIoPage({ port, user }: To): Promise<CheckedTab> {
  const socket = connectTo(`http://127.0.0.1:${port}`, { forceNew: true, transports: ["websocket"], reconnection: false });
  let shown: string[] | number | undefined;
  socket.on("online", (told: string[] | number) => { shown = told; });
  await new Promise<void>((resolve, reject) => {
    socket.on("connect", resolve);
    socket.on("connect_error", reject);
  });
  socket.emit("join", user);
  return { who: () => shown, close: () => socket.disconnect() };
}

/** The same over a plain WebSocket. */
export async function wsPage({ port, user }: To): Promise<CheckedTab> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`);
  let shown: string[] | undefined;
  socket.on("error", () => undefined);
  socket.on("message", (data: Buffer) => { shown = JSON.parse(data.toString()) as string[]; });
  await once(socket, "open");
  socket.send(JSON.stringify({ type: "join", user }));
  return { who: () => shown, close: () => socket.close() };
}
