export { checkServer } from "./check-server.js";
