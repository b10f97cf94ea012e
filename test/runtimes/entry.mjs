// What bundlers make a page of: it does all, and says so.
import * as core from "headcount";
import * as client from "headcount/client";
import * as websocket from "headcount/websocket";
import { check } from "./check.mjs";

globalThis.checked = check({ ...core, ...client, ...websocket }, globalThis.asked);
