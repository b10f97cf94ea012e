import type { IncomingMessage } from "node:http";
import { publish } from "./channels.js";
import type { Registry } from "./registry-type.js";

/** From which web pages presence may be used: origins such as `"https://example.com"`, all, or what a function says. */
export type Origins = readonly string[] | "*" | ((origin: string, request: IncomingMessage) => boolean);

/** So many refused origins are reported, each once: whoever makes them up fills no memory. */
const MAX_REPORTED = 100;

/** `originCheck` that says whom it refused, on the channel `headcount:refusal`, and once for each origin as an `error` event. */
export function originGate<M>(adapter: string, origins: Origins | undefined, registry: Registry<M, unknown>): (request: IncomingMessage) => boolean {
  const mayUse = originCheck(origins);
  const reported = new Set<string>();
  return (request) => {
    if (mayUse(request)) return true;
    publish("refusal", () => ({ link: undefined, room: undefined, code: "origin_refused" }));
    const { origin = "", host = "" } = request.headers;
    if (reported.size < MAX_REPORTED && !reported.has(origin)) {
      reported.add(origin);
      registry.report({ code: "origin_refused", message: `A page of ${JSON.stringify(origin)} gets no presence from host ${JSON.stringify(host)}. If it is yours, name it: ${adapter}(…, { origins: [${JSON.stringify(origin)}] }).` });
    }
    return false;
  };
}

/**
 * Whether a request comes from a page that may use presence; by default, one of the host that its `Host` header names.
 * A request without an `Origin` header is no browser's, and passes. Throws a `TypeError` when `origins` makes no sense.
 */
export function originCheck(origins: Origins | undefined): (request: IncomingMessage) => boolean {
  const known = origins === undefined || origins === "*" || typeof origins === "function";
  if (!known && !(Array.isArray(origins) && origins.every((one) => typeof one === "string" && !one.endsWith("/")))) {
    throw new TypeError("Option \"origins\" must be \"*\", a function, or an array of origins such as \"https://example.com\", without a slash at the end.");
  }
  return (request) => {
    const { origin, host } = request.headers;
    if (origin === undefined || origins === "*") return true;
    try {
      if (typeof origins === "function") return origins(origin, request);
      if (origins) return origins.includes(origin);
      const page = new URL(origin);
      // Read by the page's protocol, so that a port that goes without saying may be said.
      return host !== undefined && page.host !== "" && page.host === new URL(`${page.protocol}//${host}`).host;
    } catch {
      return false;
    }
  };
}
