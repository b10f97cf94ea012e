const { check } = require("./check.cjs");

const { HEADCOUNT_URL: url, HEADCOUNT_ROOM: room } = process.env;
const page = typeof window !== "undefined";
const { io } = require("socket.io-client");

test("headcount in Jest", async () => {
  const server = page ? {} : { ...require("headcount/server"), ...require("headcount/http") };
  const headcount = { ...require("headcount"), ...require("headcount/client"), ...require("headcount/socket.io-client"), ...require("headcount/websocket"), ...server };
  // Of Node's own fetch jsdom shows nothing to a page.
  const ran = await check(headcount, { url, room, io, fetch: globalThis.fetch, WebSocket: globalThis.WebSocket ?? require("ws") });
  process.stdout.write(`RAN ${ran.join(" ")}\n`);
});
