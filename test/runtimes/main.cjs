// As CommonJS, which the runner makes of check.mjs, too.
const { attachWs } = require("headcount/ws");
const headcount = { ...require("headcount"), ...require("headcount/client"), ...require("headcount/http"), ...require("headcount/server"), ...require("headcount/websocket") };
const { check } = require("./check.cjs");

const { HEADCOUNT_URL: url, HEADCOUNT_ROOM: room } = process.env;
if (typeof attachWs !== "function") throw new Error("a subpath is empty");
check(headcount, { url, room, fetch, WebSocket: globalThis.WebSocket ?? require("ws") }).then((ran) => {
  console.log(`RAN ${ran.join(" ")}`);
  process.exit();
});
