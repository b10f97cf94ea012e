import { webSocketTransport, type SocketLike } from "../../src/adapters/websocket.js";
import { createClient } from "../../src/client/index.js";
import { createDeeds, type Tab } from "./deeds.js";
import { createGate, type Gate } from "./gate.js";
import { createWay } from "./rough-way.js";
import { DOWN, LATE, ROOM } from "./script.js";
import { headcountBelief, naiveBelief, type Untimed, type World, type WorldOptions } from "./world.js";

type Page = { readonly gate: Gate; readonly wakes: Set<() => void>; socket: TabSocket | undefined };
type LiveTab = Tab<Page>;
type TabSocket = SocketLike & { readonly name: string; readonly drop: () => void };

const randomId = (): string => Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** The server that served this page: each drawn tab has a real WebSocket of its own. What a page can't do to its socket, the server does to the TCP socket below. */
export function createLiveWorld({ hear }: WorldOptions): World {
  const began = performance.now();
  const ground = randomId();
  const timers = new Set<ReturnType<typeof setTimeout>>();
  let stopped = false;

  const now = (): number => performance.now() - began;
  const say = (happening: Untimed): void => { if (!stopped) hear({ ...happening, at: now() }); };
  const ask = async (deed: string, name = ""): Promise<void> => {
    await fetch(`/playground/${ground}/${deed}${name && `/${name}`}`, { method: "POST" }).catch(() => undefined);
  };
  const later = (ms: number, run: () => void): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      if (!stopped) run();
    }, ms);
    timers.add(timer);
  };

  /** A class of sockets for one page: a real one, behind the page's gate and a way that may be rough. */
  function socketsOf(tab: LiveTab, page: Page): new (url: string | URL) => SocketLike {
    return class implements TabSocket {
      onopen: SocketLike["onopen"] = null;
      onclose: SocketLike["onclose"] = null;
      onerror: SocketLike["onerror"] = null;
      onmessage: SocketLike["onmessage"] = null;
      readonly name = randomId();
      readonly #real: WebSocket;
      readonly #out = createWay(Math.random);
      readonly #back = createWay(Math.random);
      #up = false;

      constructor(url: string | URL) {
        const address = new URL(url);
        address.searchParams.set("socket", this.name);
        this.#real = new WebSocket(address);
        page.socket = this;
        this.#real.onopen = () => {
          this.#arrive(() => {
            this.#tell(true);
            this.onopen?.(undefined as never);
          });
        };
        this.#real.onmessage = ({ data }) => {
          this.#arrive(() => {
            const belief = naiveBelief(String(data));
            if (belief && page.socket === this) say({ type: "belief", tab: tab.id, counter: "naive", belief });
            this.onmessage?.({ data: data as unknown } as never);
          });
        };
        this.#real.onclose = ({ code }) => {
          page.gate.through(() => {
            this.#tell(false);
            this.onclose?.({ code } as never);
          });
        };
      }

      #arrive(run: () => void): void {
        const wait = this.#back.wait(now(), rough.has(tab.user));
        if (wait === 0) page.gate.through(run);
        else later(wait, () => { page.gate.through(run); });
      }

      #tell(up: boolean): void {
        if (page.socket !== this || up === this.#up) return;
        this.#up = up;
        say({ type: "line", tab: tab.id, up });
      }

      send(text: string): void {
        const wait = this.#out.wait(now(), rough.has(tab.user));
        const go = (): void => { if (this.#real.readyState === WebSocket.OPEN) this.#real.send(text); };
        if (wait === 0) go();
        else later(wait, go);
      }

      close(): void {
        this.#tell(false);
        this.drop();
      }

      drop(): void {
        this.#real.onclose = this.#real.onmessage = null;
        this.#real.close();
      }
    };
  }

  function load(tab: LiveTab): void {
    const gate = createGate();
    const page: Page = { gate, wakes: new Set(), socket: undefined };
    tab.page = page;
    const address = new URL("/playground/socket", location.href);
    address.protocol = address.protocol.replace("http", "ws");
    address.search = String(new URLSearchParams({ ground, user: tab.user }));
    const client = createClient({
      transport: webSocketTransport(address, { WebSocket: socketsOf(tab, page), clock: gate.clock }),
      clock: gate.clock,
      wake(listener) {
        page.wakes.add(listener);
        return () => { page.wakes.delete(listener); };
      },
    });
    client.room(ROOM).subscribe((view) => { if (tab.page === page) say({ type: "belief", tab: tab.id, counter: "headcount", belief: headcountBelief(view) }); });
    if (sleeping.has(tab.device)) gate.sleep(true);
  }

  /** As a browser does it: the page stops, and its socket is closed without a word of its own. */
  function unload(tab: LiveTab): void {
    const { page } = tab;
    tab.page = undefined;
    page?.gate.shut();
    page?.socket?.drop();
  }

  const nameOf = (tab: LiveTab): string | undefined => tab.page?.socket?.name;
  const { act, tabs, sleeping, rough } = createDeeds<LiveTab>({
    say, now, later, load, unload,
    make: (tab) => tab,
    cut(tab) {
      const name = nameOf(tab);
      if (name !== undefined) void ask("cut", name);
    },
    halfOpen(tab) {
      const name = nameOf(tab);
      if (name === undefined) return;
      void ask("hold", name);
      say({ type: "silent", tab: tab.id });
    },
    late(tab, refresh) {
      const name = nameOf(tab);
      if (name === undefined) return;
      void ask("hold", name).then(() => {
        say({ type: "late", tab: tab.id, until: now() + LATE });
        refresh();
        later(LATE, () => { void ask("release", name); });
      });
    },
    sleep(own) {
      const held = own.flatMap((tab) => nameOf(tab) ?? []);
      for (const { page } of own) page?.gate.sleep(true);
      // A browser answers the server's pings by itself, as a device that sleeps does not.
      for (const name of held) void ask("hold", name);
      return (awake) => {
        for (const name of held) void ask("release", name);
        for (const { page } of awake) {
          page?.gate.sleep(false);
          for (const wake of page?.wakes ?? []) wake();
        }
      };
    },
    restart() {
      void ask("restart");
      say({ type: "server", up: false });
      later(DOWN, () => { say({ type: "server", up: true }); });
    },
  });

  return {
    now, act,
    run: () => Promise.resolve(),
    stop() {
      stopped = true;
      for (const timer of timers) clearTimeout(timer);
      for (const tab of tabs) unload(tab);
    },
  };
}
