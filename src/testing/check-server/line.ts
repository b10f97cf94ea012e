import { createServer, connect, type AddressInfo, type Socket } from "node:net";

/** A line of TCP of one tab's own, from a port on 127.0.0.1 to the server, which can fail as lines do. */
export type Line = {
  readonly port: number;
  /** How often a connection was made over it. */
  readonly used: () => number;
  /** Both ends are told that it broke; nothing connects over it until it is restored. */
  readonly cut: () => void;
  readonly restore: () => void;
  /** Nothing passes any more, and neither end is told. */
  readonly silence: () => void;
  readonly close: () => Promise<void>;
};

/** Opens a line to a port of this machine. */
export async function openLine(target: number): Promise<Line> {
  const sockets = new Set<Socket>();
  let state: "up" | "cut" | "silent" = "up";
  let used = 0;

  const keep = (socket: Socket): void => {
    sockets.add(socket);
    // What broke also closes; that is passed on there.
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
  };
  const pump = (from: Socket, to: Socket): void => {
    // What comes over a silent line is read all the same: its sender would notice that nobody does.
    from.on("data", (chunk) => {
      if (state === "silent" || to.write(chunk)) return;
      from.pause();
      to.once("drain", () => from.resume());
    });
    from.on("end", () => { if (state !== "silent") to.end(); });
    from.on("close", (failed) => {
      if (state === "silent") return;
      if (failed) to.resetAndDestroy();
      else to.destroySoon();
    });
  };
  const break_ = (): void => { for (const socket of sockets) socket.resetAndDestroy(); };

  const listener = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    keep(client);
    used++;
    if (state === "silent") client.resume();
    if (state === "cut") client.resetAndDestroy();
    if (state !== "up") return;
    // By name, for a server may listen on ::1 alone.
    const server = connect({ port: target, host: "localhost", allowHalfOpen: true, noDelay: true });
    keep(server);
    pump(client, server);
    pump(server, client);
  });
  await new Promise<void>((resolve, reject) => {
    listener.once("error", reject);
    listener.listen(0, "127.0.0.1", resolve);
  });

  return {
    port: (listener.address() as AddressInfo).port,
    used: () => used,
    cut() {
      state = "cut";
      break_();
    },
    restore() { state = "up"; },
    silence() {
      state = "silent";
      for (const socket of sockets) socket.resume();
    },
    close() {
      state = "cut";
      break_();
      return new Promise((resolve) => { listener.close(() => { resolve(); }); });
    },
  };
}
