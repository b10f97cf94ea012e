const { createReadStream } = require("node:fs");
const { createServer } = require("node:http");
const { Server } = require("socket.io");

const server = createServer((request, response) => {
  response.setHeader("Content-Type", "text/html; charset=utf-8");
  createReadStream(`${__dirname}/index.html`).pipe(response);
});
const io = new Server(server);

const isName = (name) => typeof name === "string" && name.length <= 60;

let numUsers = 0;

io.on("connection", (socket) => {
  // A name was chosen.
  socket.on("add user", (username) => {
    if (socket.username !== undefined || !isName(username)) return;
    socket.username = username;
    numUsers++;
    socket.emit("login", { numUsers });
    socket.broadcast.emit("user joined", { username, numUsers });
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

  socket.on("disconnect", () => {
    if (socket.username === undefined) return;
    numUsers--;
    socket.broadcast.emit("user left", { username: socket.username, numUsers });
  });
});

server.listen(process.env.PORT ?? 3000, () => {
  console.log(`chat on http://localhost:${server.address().port}`);
});
