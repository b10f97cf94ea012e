import { createPresence } from "headcount/client";
import { socketIoTransport } from "headcount/socket.io-client";
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
    const presence = createPresence({ transport: socketIoTransport(socket), room: projectId });
    presence.subscribe(({ users }) => {
      if (users) setConnectedUsers(new Set(users.map(({ id }) => id)));
    });
    return () => {
      presence.close();
      socket.disconnect();
    };
  }, [url, projectId, user.id]);

  return { socket, connectedUsers };
}
