import { createElement as h, useEffect, useState } from "react";
import { createRoot } from "react-dom/client";
import { useSocket } from "#use-socket";

const project = new URLSearchParams(location.search).get("project") ?? "demo";
// The same user in all tabs of a browser: that is what goes wrong without headcount.
const user = { id: (localStorage.user ??= `user-${Math.random().toString(36).slice(2, 6)}`) };

function Project() {
  const { socket, connectedUsers } = useSocket("", project, user);
  const [text, setText] = useState("");
  useEffect(() => {
    socket?.on("edit", setText);
    return () => { socket?.off("edit", setText); };
  }, [socket]);
  return h("main", null,
    h("h1", null, `Project ${project}`),
    h("p", { role: "status" }, `${connectedUsers.size} here: ${[...connectedUsers].join(", ")} (you are ${user.id})`),
    h("textarea", {
      "aria-label": "Text",
      value: text,
      onChange: ({ target: { value } }) => { setText(value); socket?.emit("edit", project, value); },
    }));
}

createRoot(document.querySelector("#root")).render(h(Project));
