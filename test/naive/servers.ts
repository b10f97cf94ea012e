import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server, type Socket } from "socket.io";
import { WebSocketServer, type WebSocket } from "ws";
import type { CheckOptions, ServerToCheck } from "../../src/testing/check-server.js";
import { socketIoPage, wsPage } from "./page.js";

type Running = { readonly port: number; readonly stop: () => unknown };
export type Naive = { readonly name: string; readonly server: ServerToCheck<Running>; readonly bug: Bug; readonly options?: CheckOptions };
/** How the story ends that is expected: its last step, and what is said of it. */
type Bug = { readonly last: RegExp; readonly shows: RegExp };

/** Counters of people as they are written again and again, each with the fault that is usual for it. */
export const naive: readonly Naive[] = [
  // Two tabs are one entry, and the first that closes takes it away.
  onSocketIo("a Set of user ids", { last: /closes|refreshes|breaks/, shows: /(\w+) is here, once: tab \d is open/ }, (io) => {
    const online = new Set<string>();
    io.on("connection", (socket) => {
      socket.on("join", (user: string) => {
        online.add(user);
        io.emit("online", [...online]);
        socket.on("disconnect", () => {
          online.delete(user);
          io.emit("online", [...online]);
        });
      });
    });
  }),

  // Counts sockets and calls them people.
  onSocketIo("a number, up and down", { last: /(ann|bob|cid) opens tab 2/, shows: /shows 2, and should show 1/ }, (io) => {
    let online = 0;
    io.on("connection", (socket) => {
      io.emit("online", ++online);
      socket.on("disconnect", () => io.emit("online", --online));
    });
  }),

  // Whatever socket of a user goes, the user goes.
  onSocketIo("a Map from user to socket, deleted on any disconnect", { last: /closes|refreshes|breaks/, shows: /(\w+) is here, once: tab \d is open/ }, (io) => {
    const sockets = new Map<string, Socket>();
    const tell = (): unknown => io.emit("online", [...sockets.keys()]);
    io.on("connection", (socket) => {
      socket.on("join", (user: string) => {
        socket.data = { user };
        sockets.set(user, socket);
        tell();
      });
      socket.on("disconnect", () => {
        sockets.delete((socket.data as { user: string }).user);
        tell();
      });
    });
  }),

  // The one above, put right for the socket that is replaced; but the tab that is replaced is still open.
  onWs("the last socket wins", { last: /opens tab 1|closes|refreshes|breaks/, shows: /(\w+) is (not )?here/ }, (wss) => {
    const sockets = new Map<string, WebSocket>();
    const tell = (): void => { for (const socket of sockets.values()) socket.send(JSON.stringify([...sockets.keys()])); };
    wss.on("connection", (socket) => {
      let name = "";
      socket.on("message", (data: Buffer) => {
        const { user } = JSON.parse(data.toString()) as { user: string };
        name = user;
        sockets.set(name, socket);
        tell();
      });
      socket.on("close", () => {
        if (sockets.get(name) !== socket) return;
        sockets.delete(name);
        tell();
      });
    });
  }),

  // Counts tabs as it should; but news go by two roads, of which one is slower, and overtaken news are taken for new.
  onWs("lists that are sent again, out of order", { last: /opens|closes|refreshes|breaks/, shows: /is (not )?here/ }, (wss) => {
    const tabs = new Map<WebSocket, string>();
    let waiting: (() => void) | undefined;
    // Which are overtaken is no matter of chance: those that wait when the next come, and they wait for long.
    const tell = (): void => {
      const news = JSON.stringify([...new Set(tabs.values())]);
      const send = (): void => { for (const socket of tabs.keys()) socket.send(news); };
      const late = waiting;
      waiting = undefined;
      if (late) {
        send();
        late();
        return;
      }
      waiting = send;
      setTimeout(() => {
        if (waiting !== send) return;
        waiting = undefined;
        send();
      }, 500);
    };
    wss.on("connection", (socket) => {
      socket.on("message", (data: Buffer) => {
        tabs.set(socket, (JSON.parse(data.toString()) as { user: string }).user);
        tell();
      });
      socket.on("close", () => {
        tabs.delete(socket);
        tell();
      });
    });
  }),

  // Who is silent is removed; but only those who close are spoken of.
  onWs("a heartbeat that forgets to tell", { last: /goes dead|opens tab/, shows: /(\w+) is not here/ }, (wss) => {
    const tabs = new Map<WebSocket, string>();
    const alive = new WeakSet<WebSocket>();
    const tell = (): void => { for (const socket of tabs.keys()) socket.send(JSON.stringify([...new Set(tabs.values())])); };
    wss.on("connection", (socket) => {
      alive.add(socket);
      socket.on("pong", () => alive.add(socket));
      socket.on("message", (data: Buffer) => {
        tabs.set(socket, (JSON.parse(data.toString()) as { user: string }).user);
        tell();
      });
      socket.on("close", () => { if (tabs.delete(socket)) tell(); });
    });
    const heartbeat = setInterval(() => {
      for (const socket of wss.clients) {
        if (!alive.delete(socket)) {
          tabs.delete(socket);
          socket.terminate();
        } else socket.ping();
      }
    }, 60);
    wss.on("close", () => { clearInterval(heartbeat); });
  }, { lease: 200 }),

  // Somebody who comes back in time is removed all the same.
  onSocketIo("a grace that goes on when its user is back", { last: /opens tab|refreshes/, shows: /(\w+) is here, once: tab \d is open/ }, (io) => {
    const tabs = new Map<string, number>();
    const tell = (): unknown => io.emit("online", [...tabs.keys()]);
    io.on("connection", (socket) => {
      socket.on("join", (user: string) => {
        tabs.set(user, (tabs.get(user) ?? 0) + 1);
        tell();
        socket.on("disconnect", () => {
          tabs.set(user, (tabs.get(user) ?? 0) - 1);
          if (tabs.get(user) !== 0) return;
          setTimeout(() => {
            tabs.delete(user);
            tell();
          }, 80);
        });
      });
    });
  }, { grace: 80 }),

  // Counts tabs, and waits with the goodbye for who refreshes; but who is back in time is counted up, and was never counted down.
  onWs("a grace that is cancelled whole", { last: /opens tab 1|closes|breaks/, shows: /(\w+) is not here/ }, (wss) => {
    const tabs = new Map<string, number>();
    const leaving = new Map<string, NodeJS.Timeout>();
    const tell = (): void => { for (const socket of wss.clients) socket.send(JSON.stringify([...tabs.keys()])); };
    wss.on("connection", (socket) => {
      let name = "";
      socket.on("message", (data: Buffer) => {
        ({ user: name } = JSON.parse(data.toString()) as { user: string });
        clearTimeout(leaving.get(name));
        tabs.set(name, (tabs.get(name) ?? 0) + 1);
        tell();
      });
      socket.on("close", () => {
        leaving.set(name, setTimeout(() => {
          const left = (tabs.get(name) ?? 1) - 1;
          if (left > 0) tabs.set(name, left);
          else tabs.delete(name);
          tell();
        }, 60));
      });
    });
  }, { grace: 60 }),
];

function onSocketIo(name: string, bug: Bug, serve: (io: Server) => void, options?: CheckOptions): Naive {
  const start = async (): Promise<Running> => {
    const http = createServer();
    const io = new Server(http);
    serve(io);
    http.listen(0);
    await once(http, "listening");
    return { port: (http.address() as AddressInfo).port, stop: () => io.close() };
  };
  return { name, bug, server: { start, connect: socketIoPage, stop: ({ stop }) => stop() }, ...(options && { options }) };
}

function onWs(name: string, bug: Bug, serve: (wss: WebSocketServer) => void, options?: CheckOptions): Naive {
  const start = async (): Promise<Running> => {
    const wss = new WebSocketServer({ port: 0 });
    serve(wss);
    await once(wss, "listening");
    return { port: (wss.address() as AddressInfo).port, stop: () => wss.close() };
  };
  return { name, bug, server: { start, connect: wsPage, stop: ({ stop }) => stop() }, ...(options && { options }) };
}
