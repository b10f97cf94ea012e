type Socket = { readonly send: (text: string) => void; readonly on: (event: "close", run: () => void) => unknown };
type Request = { readonly url?: string | undefined };
type Sockets = { readonly clients: Iterable<Socket>; readonly on: (event: "connection", run: (socket: Socket, request: Request) => void) => unknown };

/** Who is online, as it is written again and again. */
export function naiveCounter(server: Sockets): void {
  const online = new Set<string>();

  function broadcast(): void {
    const list = JSON.stringify([...online]);
    for (const socket of server.clients) socket.send(list);
  }

  server.on("connection", (socket, request) => {
    const query = new URLSearchParams(request.url?.split("?")[1]);
    const user = query.get("user") ?? "";
    online.add(user);
    broadcast();
    socket.on("close", () => {
      online.delete(user);
      broadcast();
    });
  });
}
