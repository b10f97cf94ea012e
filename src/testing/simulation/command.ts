import type { Watch } from "../../protocol/message.js";
import type { Kind } from "./page.js";

/**
 * What a page does with a room as soon as it is loaded. `present`: the room is opened so that the tab is in it while it is subscribed.
 * `initial`: the server rendered the page, and who was there is on it.
 */
export type Plan = { readonly room: string; readonly watch: Watch | undefined; readonly enter: boolean; readonly present?: boolean; readonly initial?: boolean };

/** What is done to the world. Tabs go by their number; one that names a tab which is not there does nothing. */
export type Deed =
  | { readonly what: "open"; readonly tab: number; readonly user: string; readonly kind: Kind; readonly plans: readonly Plan[] }
  | { readonly what: "watch"; readonly tab: number; readonly room: string; readonly watch: Watch }
  | { readonly what: "unwatch" | "enter" | "leave"; readonly tab: number; readonly room: string }
  | { readonly what: "update"; readonly tab: number; readonly room: string; readonly shows: string }
  | { readonly what: "close" | "quit" | "logout" | "cut" | "mute" | "lose-news" | "lose-asks"; readonly tab: number }
  | { readonly what: "refresh" | "offline" | "stall" | "slow" | "sleep" | "throttle" | "clock"; readonly tab: number; readonly ms: number }
  | { readonly what: "login"; readonly tab: number; readonly user: string }
  | { readonly what: "kick"; readonly user: string; readonly room: string }
  | { readonly what: "block"; readonly user: string; readonly room: string; readonly ms: number }
  | { readonly what: "crash" | "deploy" | "pause" | "server-clock" | "think"; readonly ms: number };

/** A deed, so many ms after the one before. */
export type Command = { readonly wait: number; readonly deed: Deed };

/** How the server of a history is set up. */
export type Setup = {
  readonly grace: number;
  readonly flush: number;
  readonly window: number;
  readonly page: number;
  readonly maxWatched: number;
  readonly maxUsers: number;
  readonly maxRooms: number;
  /** The server puts everybody into `lobby`. */
  readonly lobby: boolean;
  /** Ms for which the app thinks about who somebody is. */
  readonly identify: number;
};

/** As a server is that nobody has set up. */
export const PLAIN: Setup = { grace: 10_000, flush: 50, window: 512, page: 65_536, maxWatched: 5_000, maxUsers: Infinity, maxRooms: 100, lobby: false, identify: 0 };

/** A whole history: the same one goes the same way each time. */
export type History = { readonly seed: string; readonly setup: Setup; readonly commands: readonly Command[] };

/** A number of ms as people say it. */
export function inWords(ms: number): string {
  const size = Math.abs(ms);
  if (size < 1_000) return `${size} ms`;
  if (size < 120_000) return `${Math.round(size / 100) / 10} s`;
  return size < 7_200_000 ? `${Math.round(size / 6_000) / 10} min` : `${Math.round(size / 360_000) / 10} h`;
}

/** A deed in plain words. `owner`: whose a tab is. */
export function tell(deed: Deed, owner: (tab: number) => string): string {
  const tab = "tab" in deed ? `${owner(deed.tab)}'s tab ${deed.tab}` : "";
  switch (deed.what) {
    case "open":
      return `${deed.user} opens tab ${deed.tab} (${deed.kind})${deed.plans.map(tellPlan).join("")}`;
    case "watch":
      return `${tab} watches the ${deed.watch} of ${deed.room}`;
    case "unwatch":
      return `${tab} watches ${deed.room} no longer`;
    case "enter":
      return `${tab} enters ${deed.room}`;
    case "leave":
      return `${tab} leaves ${deed.room}`;
    case "update":
      return `${tab} shows "${deed.shows}" in ${deed.room}`;
    case "close":
      return `${tab} is closed without a word`;
    case "quit":
      return `${tab} closes its client`;
    case "refresh":
      return `${tab} is refreshed, and is back ${inWords(deed.ms)} later`;
    case "login":
      return `${tab} logs in as ${deed.user}`;
    case "logout":
      return `${tab} logs out`;
    case "cut":
      return `the line of ${tab} is cut`;
    case "mute":
      return `the line of ${tab} is half-open: nothing passes, nobody is told`;
    case "lose-news":
      return `the next text to ${tab} is lost`;
    case "lose-asks":
      return `the next request of ${tab} is lost`;
    case "offline":
      return `${tab} has no network for ${inWords(deed.ms)}`;
    case "stall":
      return `the line of ${tab} stalls for ${inWords(deed.ms)}`;
    case "slow":
      return `the line to ${tab} is slow for ${inWords(deed.ms)}`;
    case "sleep":
      return `the computer of ${tab} sleeps for ${inWords(deed.ms)}`;
    case "throttle":
      return `${tab} is hidden: its timers fire once a minute for ${inWords(deed.ms)}`;
    case "clock":
      return `the clock of ${tab} is put ${deed.ms < 0 ? "back" : "forward"} by ${inWords(deed.ms)}`;
    case "kick":
      return `the server kicks ${deed.user} out of ${deed.room}`;
    case "block":
      return `the server kicks ${deed.user} out of ${deed.room}, and blocks them for ${inWords(deed.ms)}`;
    case "crash":
      return `the server crashes, and is back ${inWords(deed.ms)} later`;
    case "deploy":
      return `the server is deployed anew: it drains within ${inWords(deed.ms)}`;
    case "pause":
      return `the server stands still: its next tick comes ${inWords(deed.ms)} late`;
    case "server-clock":
      return `the server's clock is put ${deed.ms < 0 ? "back" : "forward"} by ${inWords(deed.ms)}`;
    case "think":
      return deed.ms === 0 ? "the app answers authorize at once" : `from now on the app thinks about authorize for ${inWords(deed.ms)}`;
  }
}

function tellPlan({ room, watch, enter, present = false, initial = false }: Plan): string {
  const page = initial ? `, knows ${room} from the page` : "";
  if (present && watch !== undefined) return `${page}, ${enter ? `enters ${room} and ` : ""}is in ${room} while it watches its ${watch}`;
  return `${page}, ${enter ? "enters" : "does not enter"} ${room}${watch === undefined ? "" : ` and watches its ${watch}`}`;
}
