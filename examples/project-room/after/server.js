import { createServer } from "node:http";
import { createRegistry } from "headcount/server";
import { attachSocketIo } from "headcount/socket.io";
import { Server } from "socket.io";
import { page } from "../page.js";

const server = createServer(page("after"));
const io = new Server(server);

const registry = createRegistry({ grace: Number(process.env.GRACE ?? 10_000) });
attachSocketIo(io, registry, { identify: (socket) => ({ user: socket.handshake.auth.user.id }), authorize: () => true });

io.on("connection", (socket) => {
  socket.on("join-project", (projectId) => {
    socket.join(projectId);
  });

  socket.on("edit", (projectId, edit) => {
    socket.to(projectId).emit("edit", edit);
  });
});

server.listen(process.env.PORT ?? 3000, () => {
  console.log(`project room on http://localhost:${server.address().port}`);
});
