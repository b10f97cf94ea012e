const { createReadStream } = require("node:fs");
const { createServer } = require("node:http");
const { Server } = require("socket.io");
const { createRegistry } = require("headcount/server");
const { attachSocketIo } = require("headcount/socket.io");

const server = createServer((request, response) => {
  response.setHeader("Content-Type", "text/html; charset=utf-8");
  createReadStream(`${__dirname}/index.html`).pipe(response);
});
const io = new Server(server);

const isName = (name) => typeof name === "string" && name.length <= 60;

const registry = createRegistry({ grace: Number(process.env.GRACE ?? 10_000) });
const presence = attachSocketIo(io, registry, { autoJoin: () => "chat" });
const tell = (event) => ({ user }) => io.emit(event, { username: user, numUsers: registry.userCount("chat") });
registry.on("joined", tell("user joined"));
registry.on("left", tell("user left"));

io.on("connection", (socket) => {
  // A name was chosen.
  socket.on("add user", async (username) => {
    if (socket.username !== undefined || !isName(username)) return;
    socket.username = username;
    await presence.identify(socket, { user: username });
    socket.emit("login", { numUsers: registry.userCount("chat") });
  });

  socket.on("new message", (message) => {
    socket.broadcast.emit("new message", { username: socket.username, message });
  });

  socket.on("typing", () => {
    socket.broadcast.emit("typing", { username: socket.username });
  });

  socket.on("stop typing", () => {
    socket.broadcast.emit("stop typing", { username: socket.username });
  });
});

server.listen(process.env.PORT ?? 3000, () => {
  console.log(`chat on http://localhost:${server.address().port}`);
});
