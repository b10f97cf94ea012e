import { useEffect, useState } from "react";
import { io } from "socket.io-client";

/** The socket of a project's page, and the ids of the users who are connected to the project. */
export function useSocket(url, projectId, user) {
  const [socket, setSocket] = useState(null);
  const [connectedUsers, setConnectedUsers] = useState(new Set());

  useEffect(() => {
    const socket = io(url, { auth: { user }, forceNew: true });
    setSocket(socket);
    socket.on("connect", () => {
      socket.emit("join-project", projectId);
    });
    socket.on("project-users", (users) => setConnectedUsers(new Set(users.map(({ id }) => id))));
    socket.on("user-connected", ({ id }) => setConnectedUsers((users) => new Set(users).add(id)));
    socket.on("user-disconnected", ({ id }) => setConnectedUsers((users) => new Set([...users].filter((other) => other !== id))));
    return () => {
      socket.disconnect();
    };
  }, [url, projectId, user.id]);

  return { socket, connectedUsers };
}
