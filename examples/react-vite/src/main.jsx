import { createClient } from "headcount/client";
import { PresenceProvider } from "headcount/react";
import { webSocketTransport } from "headcount/websocket";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Document } from "./Document.jsx";
import { me } from "./me.js";
import "./style.css";

const client = createClient({
  transport: webSocketTransport(`${location.origin.replace("http", "ws")}/?${new URLSearchParams({ user: me })}`),
  // However often a mouse moves: others are told ten times a second at most, and always where it is last.
  flush: 100,
});

createRoot(document.querySelector("#root")).render(
  <StrictMode>
    <PresenceProvider client={client}><Document /></PresenceProvider>
  </StrictMode>,
);
