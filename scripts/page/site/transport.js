// The two ways to the server.
import { socketIoTransport, webSocketTransport } from "/headcount.js";
import { link, tab, user } from "./visitor.js";

function overWs() {
  const address = new URL("/ws", location.href);
  address.protocol = address.protocol.replace("http", "ws");
  address.search = String(new URLSearchParams({ user, tab }));
  return webSocketTransport(address, { minDelay: 300, maxDelay: 2_000 });
}

/** On a socket of the app's, as most pages that have socket.io have one already. */
async function overSocketIo() {
  const { io } = await import("/socket.io/socket.io.esm.min.js");
  // Straight by WebSocket: one TCP socket, which can be cut and frozen.
  return socketIoTransport(io({ query: { user, tab }, transports: ["websocket"], reconnectionDelay: 300, reconnectionDelayMax: 2_000 }));
}

export const openTransport = link === "socket.io" ? overSocketIo : overWs;
