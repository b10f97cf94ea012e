// The least that a page needs: how much of headcount does a bundler leave in?
import { createPresence } from "headcount/client";
import { webSocketTransport } from "headcount/websocket";

createPresence({ transport: webSocketTransport("wss://localhost"), room: "r" }).subscribe(({ userCount }) => { document.title = String(userCount); });
