import { createClient } from "headcount/client";
import { webSocketTransport } from "headcount/websocket";
import { hydrateRoot } from "react-dom/client";
import { App } from "./App.jsx";

const { me, initial } = JSON.parse(document.querySelector("#known").textContent);
const client = createClient({ transport: webSocketTransport(`${location.origin.replace("http", "ws")}/?${new URLSearchParams({ user: me })}`) });
hydrateRoot(document.querySelector("#root"), <App client={client} initial={initial} />);
