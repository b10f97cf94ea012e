// The page that all journeys look at: a plain view, React's hooks and two elements, one of which only counts and has a client of its own.
// Bundled by world.ts. What it shows is read by `shown()`, what it heard and lived through from `diary`.
import { createElement, useEffect, type ReactElement } from "react";
import { createRoot } from "react-dom/client";
import { io } from "socket.io-client";
import { defineUserPresence } from "../../src/adapters/element.js";
import { PresenceProvider, useChanges, usePresence, useUserCount, useUsers } from "../../src/adapters/react.js";
import { socketIoTransport } from "../../src/adapters/socket.io-client.js";
import { webSocketTransport } from "../../src/adapters/websocket.js";
import { createClient, type Change, type View } from "../../src/client/index.js";
import type { Diary, Meta, Shown } from "./shown.js";

const query = new URLSearchParams(location.search);
const [user, room, host] = ["user", "room", "host"].map((name) => query.get(name)!) as [string, string, string];

const diary: Diary = { events: [], counts: [], statuses: [], heard: { plain: [], hook: [] }, ticks: 0 };
for (const type of ["pageshow", "pagehide", "visibilitychange", "freeze", "resume", "online", "offline"]) {
  addEventListener(type, (event) => { diary.events.push(event instanceof PageTransitionEvent ? `${type}${event.persisted ? " persisted" : ""}` : type === "visibilitychange" ? document.visibilityState : type); }, true);
}
// As often as a browser lets it.
setInterval(() => { diary.ticks++; }, 100);

const address = `ws://${host}/ws?${new URLSearchParams({ user })}`;
// A patient one tries again after a minute: only a wake-up can bring it back sooner.
const pace = query.has("patient") ? { minDelay: 60_000, maxDelay: 60_000, random: () => 1 } : {};
const transport = query.get("link") === "socket.io"
  ? socketIoTransport(io(`http://${host}`, { query: { user }, transports: ["websocket"], reconnectionDelay: 200, reconnectionDelayMax: 1_000 }))
  : webSocketTransport(address, pace);
const client = createClient({ transport });
const badge = createClient({ transport: webSocketTransport(address, pace) });

const plain = client.room<Meta>(room, { meta: { name: user.toUpperCase() } });
let known = false;
plain.subscribe(({ status, userCount }) => {
  note(diary.statuses, status);
  if (userCount !== undefined) note(diary.counts, userCount);
  // What the first answer told is no news.
  if (status === "live") queueMicrotask(() => { known = true; });
});
const hear = (list: string[]) => ({ type, user: who }: Change<Meta>): void => { if (known) list.push(`${type} ${who}`); };
plain.onChange(hear(diary.heard.plain));

function App(): ReactElement {
  const view: View<Meta> = usePresence<Meta>(room);
  const names = useUsers<string, Meta>(room, (users) => users.map(({ meta }) => meta.name).join());
  const count = useUserCount(room);
  useChanges<Meta>(room, hear(diary.heard.hook));
  useEffect(() => { hook = { ...read(view), names, count }; });
  return createElement("p", undefined, `${names ?? "…"} (${count ?? "…"}, ${view.status})`);
}
let hook: Shown["hook"];
createRoot(document.querySelector("#app")!).render(createElement(PresenceProvider, { client }, createElement(App)));

defineUserPresence({ client: (element) => (element.id === "badge" ? badge : client) });
for (const [id, attributes] of Object.entries({ people: {}, badge: { max: "0", "watch-only": "" } })) {
  const element = document.createElement("user-presence");
  element.id = id;
  for (const [name, value] of Object.entries({ room, ...attributes })) element.setAttribute(name, value);
  document.body.append(element);
}

/** Only what is another than the last. */
function note<T>(list: T[], value: T): void {
  if (list.at(-1) !== value) list.push(value);
}

function read({ status, users, userCount, connectionCount }: View<Meta>): Shown["plain"] {
  return { status, users: users?.map(({ id, connections }) => `${id} x${connections.length}`), count: userCount, connections: connectionCount };
}

function drawn(id: string): Shown["people"] {
  const $ = (part: string): HTMLElement[] => [...document.getElementById(id)!.shadowRoot!.querySelectorAll<HTMLElement>(`[part=${part}]`)];
  return { state: $("face")[0]!.dataset.state, count: $("count")[0]!.textContent, names: $("name").map(({ textContent }) => textContent) };
}

const shown = (): Shown => ({ plain: read(plain.getSnapshot()), hook, people: drawn("people"), badge: drawn("badge"), page: document.querySelector("#app")!.textContent });
Object.assign(globalThis, { diary, shown });
