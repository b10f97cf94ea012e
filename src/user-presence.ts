import { defineUserPresence, type Rooms } from "./adapters/element.js";
import { webSocketTransport } from "./adapters/websocket.js";
import { createClient } from "./client/client.js";

export { defineUserPresence };
export type { FaceOptions, PersonHint, Rooms, UserPresenceOptions, Words } from "./adapters/element.js";

const clients = new Map<string, Rooms>();

/** One client a server, whatever the number of elements. */
function clientOf(element: HTMLElement): Rooms {
  const server = element.getAttribute("server") ?? "";
  const url = socketUrl(server, element.ownerDocument.location.href);
  if (!url) throw new TypeError(`"server" must be the address of a WebSocket server, not "${server}"`);
  let client = clients.get(url);
  if (!client) clients.set(url, (client = createClient({ transport: webSocketTransport(url) })));
  return client;
}

/** `http:` is `ws:` there, and an address without a host is one of the page's own server. */
function socketUrl(server: string, base: string): string | undefined {
  try {
    const url = new URL(server || "/", base);
    if (url.protocol === "http:" || url.protocol === "https:") url.protocol = url.protocol.replace("http", "ws");
    url.hash = "";
    return /^wss?:$/.test(url.protocol) ? url.href : undefined;
  } catch {
    return undefined;
  }
}

if (typeof customElements !== "undefined" && !customElements.get("user-presence")) defineUserPresence({ client: clientOf });
