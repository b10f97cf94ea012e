import { createClient } from "headcount/client";
import { presenceKey } from "headcount/vue";
import { webSocketTransport } from "headcount/websocket";
import { createApp } from "vue";
import App from "./App.vue";
import { me } from "./me.js";

const client = createClient({ transport: webSocketTransport(`${location.origin.replace("http", "ws")}/?${new URLSearchParams({ user: me })}`) });
createApp(App).provide(presenceKey, client).mount("#app");
