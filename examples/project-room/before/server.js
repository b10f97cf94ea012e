import { createServer } from "node:http";
import { Server } from "socket.io";
import { page } from "../page.js";

const server = createServer(page("before"));
const io = new Server(server);

/** The users of each project: project id → user id → user. */
const projects = new Map();

io.on("connection", (socket) => {
  const { user } = socket.handshake.auth;

  socket.on("join-project", (projectId) => {
    socket.join(projectId);
    const users = projects.get(projectId) ?? new Map();
    projects.set(projectId, users.set(user.id, user));
    socket.emit("project-users", [...users.values()]);
    socket.to(projectId).emit("user-connected", user);

    socket.on("disconnect", () => {
      users.delete(user.id);
      socket.to(projectId).emit("user-disconnected", user);
    });
  });

  socket.on("edit", (projectId, edit) => {
    socket.to(projectId).emit("edit", edit);
  });
});

server.listen(process.env.PORT ?? 3000, () => {
  console.log(`project room on http://localhost:${server.address().port}`);
});
