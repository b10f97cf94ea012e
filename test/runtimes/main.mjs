// As an ES module: Node, Deno and Bun run this file as it is.
import * as core from "headcount";
import * as client from "headcount/client";
import * as http from "headcount/http";
import * as server from "headcount/server";
import * as socketIo from "headcount/socket.io";
import * as socketIoClient from "headcount/socket.io-client";
import * as websocket from "headcount/websocket";
import * as ws from "headcount/ws";
import * as browser from "headcount/browser.js";
import { io } from "socket.io-client";
import { WebSocket } from "ws";
import { check } from "./check.mjs";

const { HEADCOUNT_URL: url, HEADCOUNT_ROOM: room } = process.env;
if (typeof ws.attachWs !== "function" || typeof socketIo.attachSocketIo !== "function" || typeof browser.createPresence !== "function") throw new Error("a subpath is empty");
const ran = await check({ ...core, ...client, ...http, ...server, ...socketIoClient, ...websocket }, { url, room, io, fetch, WebSocket: globalThis.WebSocket ?? WebSocket });
console.log(`RAN ${ran.join(" ")}`);
process.exit();
