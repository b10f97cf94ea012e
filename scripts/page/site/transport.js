// The two ways to the server.
import { webSocketTransport } from "/headcount.js";
import { tab, user } from "./visitor.js";

function wsTransport() {
  const address = new URL("/ws", location.href);
  address.protocol = address.protocol.replace("http", "ws");
  address.search = String(new URLSearchParams({ user, tab }));
  return webSocketTransport(address, { minDelay: 300, maxDelay: 2_000 });
}

export const openTransport = () => wsTransport();
