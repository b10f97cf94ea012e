import { createClient, type Client, type ClientRoom, type View } from "../../src/client/index.js";
import type { Transport } from "../../src/ports.js";
import type { Chance } from "./chance.js";
import { openLine, type Line } from "./line.js";
import { ROOM } from "./server.js";
import type { LinkKind, Meta } from "./sockets.js";

export type BotOptions = {
  /** The server's address, `http://…`. */
  readonly url: string;
  readonly link: LinkKind;
  readonly user: string;
  /** Default: the user's id. */
  readonly name?: string;
  readonly tab: number;
  readonly chance: Chance;
};

/** One tab of one user, on a real socket. */
export type Bot = {
  readonly user: string;
  readonly tab: number;
  readonly link: LinkKind;
  /** Whether the tab is open, and its user wants to be seen. */
  readonly present: () => boolean;
  readonly view: () => View<Meta> | undefined;
  /** How often its views asked to catch up beyond the question at a link-up. */
  readonly syncs: () => number;
  /** A user who joined twice or left twice in this tab's eyes. */
  readonly flickers: () => readonly string[];
  readonly open: () => void;
  /** Closes the tab as a browser does: the socket ends, no goodbye is said. */
  readonly close: () => void;
  /** Cuts the socket; the client notices and returns. */
  readonly cut: () => void;
  /** Cuts the socket, and no other opens for so long. */
  readonly offline: (ms: number) => void;
  /** Reads nothing for so long. */
  readonly stall: (ms: number) => void;
  readonly rename: (name: string) => void;
  /** Opens the tab logged out; the login comes later, as a message of the app. */
  readonly openLate: (ms: number) => void;
  /** Leaves by word, and comes back. */
  readonly step: (ms: number) => void;
};

export function createBot({ url, link, user, tab, chance, ...options }: BotOptions): Bot {
  let line: Line | undefined;
  let client: Client | undefined;
  let room: ClientRoom<Meta> | undefined;
  let name = options.name ?? user;
  let syncs = 0;
  let away = false;
  let muted: { quiet: boolean } = { quiet: false };
  const here = new Set<string>();
  const flickers: string[] = [];

  function open(login: boolean): void {
    const mine = { quiet: false };
    muted = mine;
    const own = openLine(link, { url, user: login ? user : undefined, chance });
    line = own;
    const wire = own.transport;
    const transport: Transport = {
      get up() { return wire.up; },
      probe() { wire.probe(); },
      listen: (listener) => wire.listen(listener),
      send(message) {
        if (mine.quiet) return;
        if (message.type === "sync") syncs++;
        wire.send(message);
      },
    };
    client = createClient({ transport, random: chance.next });
    room = client.room<Meta>(ROOM, { meta: { name, link } });
    here.clear();
    room.onChange((change) => {
      if (change.type === "joined" && here.has(change.user)) flickers.push(`${change.user} joined twice`);
      if (change.type === "left" && !here.has(change.user)) flickers.push(`${change.user} left twice`);
      if (change.type === "joined") here.add(change.user);
      if (change.type === "left") here.delete(change.user);
    });
  }

  return {
    user, tab, link,
    present: () => client !== undefined && !away,
    view: () => room?.getSnapshot(),
    syncs: () => syncs,
    flickers: () => flickers,
    open() { if (!client) open(true); },
    close() {
      muted.quiet = true;
      line?.end();
      client?.close();
      client = room = line = undefined;
      away = false;
    },
    cut() { line?.cut(); },
    offline(ms) { line?.offline(ms); },
    stall(ms) { line?.stall(ms); },
    rename(next) {
      name = next;
      room?.update({ name, link });
    },
    openLate(ms) {
      if (client) return;
      open(false);
      // Each socket of this tab has to log in, also one that it opens later.
      const mine = muted;
      const own = line;
      const login = (): void => {
        if (mine.quiet) return;
        own?.login(user);
        setTimeout(login, 200);
      };
      setTimeout(login, ms);
    },
    step(ms) {
      const left = room;
      if (!left || away) return;
      away = true;
      left.leave();
      setTimeout(() => {
        if (room !== left) return;
        away = false;
        left.enter().catch(() => undefined);
      }, ms);
    },
  };
}
