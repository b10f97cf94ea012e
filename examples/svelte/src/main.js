import { createPresence } from "headcount/client";
import { webSocketTransport } from "headcount/websocket";
import { mount } from "svelte";
import App from "./App.svelte";
import { me } from "./me.js";

const transport = webSocketTransport(`${location.origin.replace("http", "ws")}/?${new URLSearchParams({ user: me })}`);
mount(App, { target: document.querySelector("#app"), props: { room: createPresence({ transport, room: "table", meta: { ready: false } }) } });
