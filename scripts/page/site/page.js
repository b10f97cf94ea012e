import { createClient } from "/headcount.js";
import { createFeed, timeOf } from "./feed.js";
import { createPeople } from "./people.js";
import { openTransport } from "./transport.js";
import { currentName, link, onRenamed, rename, tab, user } from "./visitor.js";

const at = (id) => document.getElementById(id);
const meta = () => ({ name: currentName(), link });

const client = createClient({ transport: await openTransport(), timeouts: { ping: 2_000 } });
const room = client.room("lobby", { meta: meta() });
const showPeople = createPeople(at("people"));
const feed = createFeed(at("feed"));

let away = false;

const STATUS = {
  idle: () => "not here",
  syncing: () => "asking who is here",
  live: () => (away ? "live, and I only watch" : "live"),
  stale: (view) => `as of ${timeOf(view.staleSince)}, asking again`,
  ended: (view) => `ended: ${view.error.message}`,
};

/** What `check` found last, how often it has begun, and when it comes next. */
let differed = false;
let checks = 0;
let checkTimer;

let status = "idle";
room.subscribe((view) => {
  const { userCount, connectionCount, users } = view;
  at("user-count").textContent = userCount ?? "…";
  at("user-count-label").textContent = userCount === 1 ? "person" : "people";
  at("connection-count").textContent = connectionCount ?? "…";
  at("connection-count-label").textContent = connectionCount === 1 ? "connection" : "connections";
  at("status").dataset.status = view.status;
  document.body.dataset.status = view.status;
  document.title = userCount === undefined ? "headcount" : `(${userCount}) headcount`;
  if (users) {
    showPeople(users, user);
    feed.compare(users);
  }
  at("nobody").hidden = users?.length !== 0;
  at("nobody").textContent = "Nobody is here.";
  if (view.status !== status) {
    if (view.status === "stale") feed.say("self", "My line", "is silent: what I show may be old");
    if (view.status === "live" && status === "stale") {
      feed.say("self", "My line", "is back, and nothing is missing");
      // Beside "live" stands nothing that was found of the view while it was stale.
      differed = false;
      if (at("check").dataset.agrees === "no") tellCheck("unknown", "Asking the server again.");
      void check();
    }
    if (view.status === "live" && !known) {
      feed.say("self", "This tab", `came to ${userCount === 1 ? "an empty room" : `a room of ${userCount}`}`);
      // The changes that this view is made of are told after it.
      queueMicrotask(() => { known = true; });
    }
    status = view.status;
  }
  tellStatus();
});
/** Who was here already did not join just now. */
let known = false;
room.onChange((change) => { if (known) feed.change(change); });

function tellStatus() {
  const view = room.getSnapshot();
  const text = STATUS[view.status](view);
  // Said to a screen reader each time it is written.
  if (at("status-text").textContent !== text) at("status-text").textContent = text;
}

at("link").textContent = `linked by ${link}`;
at("name").value = currentName();
at("another").href = location.href;

onRenamed((name) => {
  at("name").value = name;
  room.update(meta());
});
at("rename").addEventListener("submit", (event) => {
  event.preventDefault();
  const name = at("name").value.trim();
  if (!name) return;
  at("name").value = name;
  rename(name);
  room.update(meta());
});

at("refresh").addEventListener("click", () => { location.reload(); });

/** What a page can't do to its own socket, the server does: it destroys it, or stops moving what goes in and out. */
async function ask(deed) {
  try {
    const response = await fetch(`/tabs/${tab}/${deed}`, { method: "POST" });
    return await response.json();
  } catch {
    feed.say("self", "The server", "can't be reached");
    return undefined;
  }
}
at("cut").addEventListener("click", () => { void ask("cut"); });
let frozen = false;
const freezeHint = at("freeze-hint").textContent;
at("freeze").addEventListener("click", async () => {
  if (frozen) return;
  frozen = true;
  const asked = await ask("freeze");
  if (!asked) {
    frozen = false;
    return;
  }
  const end = Date.now() + asked.ms;
  // Not `disabled`, which would take the focus away.
  at("freeze").setAttribute("aria-disabled", "true");
  feed.say("self", "My line", `is frozen for ${Math.round(asked.ms / 1_000)} s: nothing gets in or out`);
  const tick = () => {
    const left = Math.ceil((end - Date.now()) / 1_000);
    frozen = left > 0;
    at("freeze-hint").textContent = frozen ? `${left} s to go` : freezeHint;
    if (frozen) setTimeout(tick, 500);
    else at("freeze").removeAttribute("aria-disabled");
  };
  tick();
});

at("leave").addEventListener("click", () => {
  away = !away;
  if (away) room.leave();
  else room.enter().catch((error) => { feed.say("self", "Coming back", `failed: ${error.message}`); });
  at("leave-label").textContent = away ? "Come back" : "Leave";
  at("leave-hint").textContent = away ? "one of the people again" : "gone at once, by my word";
  tellStatus();
});

/** Compares what is shown with the server's own count; one that differs once may have been overtaken on its way. */
async function check() {
  clearTimeout(checkTimer);
  const turn = ++checks;
  const view = room.getSnapshot();
  let truth;
  try {
    truth = await (await fetch("/state")).json();
  } catch {
    truth = undefined;
  }
  // Asked anew meanwhile.
  if (turn !== checks) return;
  const now = room.getSnapshot();
  if (!truth) tellCheck("unknown", "The server can't be reached.");
  else if (truth.userCount === now.userCount && truth.connectionCount === now.connectionCount) {
    differed = false;
    tellCheck("yes", "Exactly what the server counts.");
  } else if (view === now && differed) tellCheck("no", `The server counts ${truth.userCount} and ${truth.connectionCount}${now.status === "live" ? "." : "; this page says itself that it does not know."}`);
  else differed = true;
  checkTimer = setTimeout(check, differed ? 300 : 1_500);
}

function tellCheck(agrees, text) {
  at("check").dataset.agrees = agrees;
  if (at("check").textContent !== text) at("check").textContent = text;
}
void check();
