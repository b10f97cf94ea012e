// Messages between two people, as many tabs as they like, and who of them is online.
import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { createRegistry } from "headcount/server";
import { attachSocketIo } from "headcount/socket.io";
import { Server } from "socket.io";

const files = new Map([
  ["/", ["text/html; charset=utf-8", new URL("index.html", import.meta.url)]],
  ["/headcount.js", ["text/javascript", import.meta.resolve("headcount/browser.js")]],
]);
const server = createServer((request, response) => {
  const [type, file] = files.get(request.url) ?? [];
  if (!file) return response.writeHead(404).end();
  response.setHeader("Content-Type", type);
  createReadStream(fileURLToPath(file)).pipe(response);
});
const io = new Server(server);

/** Who a session belongs to; the id of a session is a secret between a browser and this server. */
const sessions = new Map();
/** Everybody who was ever here, by user id. */
const users = new Map();

io.use((socket, next) => {
  const { session, username } = socket.handshake.auth;
  const known = sessions.get(session);
  if (!known && (typeof username !== "string" || username.trim() === "")) return next(new Error("who are you?"));
  socket.data.session = known ? session : randomUUID();
  socket.data.user = known ?? { id: randomUUID(), name: username.trim().slice(0, 60) };
  sessions.set(socket.data.session, socket.data.user);
  users.set(socket.data.user.id, socket.data.user);
  next();
});

// Everybody is in one room. headcount knows who is there: after the last tab of a user, and a short grace, they are not.
const registry = createRegistry({ grace: Number(process.env.GRACE ?? 10_000) });
attachSocketIo(io, registry, {
  identify: ({ data: { user } }) => ({ user: user.id, meta: { name: user.name } }),
  authorize: ({ room }) => room === "everyone",
});
registry.on("left", ({ user, at }) => { users.get(user).lastSeen = at; });

io.on("connection", (socket) => {
  const { session, user } = socket.data;
  socket.join(user.id);
  socket.emit("session", { session, user, others: [...users.values()].filter(({ id }) => id !== user.id) });
  // What a page sends may be anything, or nothing.
  socket.on("message", (message) => {
    const { to, text } = message ?? {};
    if (users.has(to) && typeof text === "string") io.to(to).to(user.id).emit("message", { from: user.id, to, text: text.slice(0, 1_000) });
  });
});

server.listen(process.env.PORT ?? 3000, () => {
  console.log(`private messages on http://localhost:${server.address().port}`);
});
