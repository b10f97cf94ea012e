// As CommonJS, which the runner makes of check.mjs, too.
const { io } = require("socket.io-client");
const { attachSocketIo } = require("headcount/socket.io");
const { attachWs } = require("headcount/ws");
const headcount = { ...require("headcount"), ...require("headcount/client"), ...require("headcount/http"), ...require("headcount/server"), ...require("headcount/socket.io-client"), ...require("headcount/websocket") };
const { check } = require("./check.cjs");

const { HEADCOUNT_URL: url, HEADCOUNT_ROOM: room } = process.env;
if (typeof attachWs !== "function" || typeof attachSocketIo !== "function") throw new Error("a subpath is empty");
check(headcount, { url, room, io, fetch, WebSocket: globalThis.WebSocket ?? require("ws") }).then((ran) => {
  console.log(`RAN ${ran.join(" ")}`);
  process.exit();
});
