// Who the visitor is: remembered by the browser, so that all of its tabs are one person. `?user=` and `?link=` say otherwise.
const ADJECTIVES = ["Amber", "Brave", "Calm", "Eager", "Gentle", "Happy", "Lucky", "Merry", "Quick", "Quiet", "Sunny", "Witty"];
const ANIMALS = ["Badger", "Crane", "Dolphin", "Finch", "Fox", "Hare", "Heron", "Lynx", "Otter", "Owl", "Panda", "Wren"];
const LINKS = ["ws", "socket.io"];

const asked = new URLSearchParams(location.search);

/** Not `crypto.randomUUID`: a page served over plain HTTP to a phone has none. */
export function randomId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const pick = (list) => list[crypto.getRandomValues(new Uint8Array(1))[0] % list.length];

function read(key) {
  try {
    return localStorage.getItem(key) ?? undefined;
  } catch {
    return undefined;
  }
}

/** A browser that keeps nothing makes each tab a person of its own. */
function keep(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    return;
  }
}

function remembered(key, make) {
  const value = read(key) ?? make();
  keep(key, value);
  return value;
}

export const user = asked.get("user") ?? remembered("headcount:user", randomId);

/** This tab's own secret: who knows it may cut or freeze it. */
export const tab = randomId();

const nameKey = `headcount:name:${user}`;
let name = remembered(nameKey, () => asked.get("user") || `${pick(ADJECTIVES)} ${pick(ANIMALS)}`);

/** Half of the visitors come by each; all tabs of one come by the same. */
const kept = remembered("headcount:link", () => pick(LINKS));
export const link = [asked.get("link"), kept].find((one) => LINKS.includes(one)) ?? "ws";

export const currentName = () => name;

export function rename(next) {
  name = next;
  keep(nameKey, next);
}

/** Calls the listener when another tab of the same person was renamed. */
export function onRenamed(listener) {
  addEventListener("storage", ({ key, newValue }) => {
    if (key !== nameKey || !newValue) return;
    name = newValue;
    listener(newValue);
  });
}
