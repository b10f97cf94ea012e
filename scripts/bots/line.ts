import type { Transport } from "../../src/ports.js";
import type { Chance } from "./chance.js";
import { socketIoLine } from "./socket.io-line.js";
import type { LinkKind } from "./sockets.js";
import { wsLine } from "./ws-line.js";

/** What a line is opened with. */
export type LineOptions = {
  /** The server's address, `http://…`. */
  readonly url: string;
  /** Who says so at each attempt; undefined = logged out. */
  readonly user: string | undefined;
  readonly chance: Chance;
};

/** A tab's way to the server on real sockets, and what can go wrong with it. */
export interface Line {
  readonly transport: Transport;
  /** Logs in by a message of the app. Does nothing while the socket is not open. */
  login(user: string): void;
  /** Ends the socket as a browser that closes the tab does. */
  end(): void;
  cut(): void;
  /** Cuts the socket, and no other opens for so long. */
  offline(ms: number): void;
  /** Reads nothing for so long. */
  stall(ms: number): void;
}

const LINES: Readonly<Record<LinkKind, (options: LineOptions) => Line>> = { ws: wsLine, "socket.io": socketIoLine };

export function openLine(kind: LinkKind, options: LineOptions): Line {
  return LINES[kind](options);
}
