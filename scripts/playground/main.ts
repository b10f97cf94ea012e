import { byId, element, write } from "./element.js";
import { createLiveWorld } from "./live-world.js";
import { createPeople } from "./people.js";
import { createRecorder } from "./recorder.js";
import { ROUGH_MOST } from "./rough-way.js";
import { SCRIPT, SCRIPT_SECONDS, TIMES, USERS, type Deed } from "./script.js";
import { createSimulatedWorld } from "./simulated-world.js";
import { createTally, promised, type Totals } from "./tally.js";
import { emptyScene } from "./truth.js";
import { createTimeline } from "./timeline.js";
import { COUNTERS, type Counter, type World } from "./world.js";

declare const NAIVE_SOURCE: string;

/** What is asked of the page by its address: `?play` plays the script at once; `speed`, `seed`, and `world=simulated` where there is a server. */
const asked = new URLSearchParams(location.search);
const seed = Number(asked.get("seed") ?? 1);
const live = location.protocol.startsWith("http") && asked.get("world") !== "simulated";
/** Time that is simulated goes by in such steps, in ms: finer than is seen. */
const STEP = 50;

const speed = byId("speed") as HTMLSelectElement;
const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)}\u00a0s`;

/** One run: a world and all that is known of it. */
type Run = { readonly world: World; readonly tally: ReturnType<typeof createTally>; readonly recorder: ReturnType<typeof createRecorder>; readonly scripted: boolean; next: number; over: boolean };

let run = begin(asked.has("play"));
const timeline = createTimeline(byId("lanes"), byId("scroll"));
const showPeople = createPeople(byId("people"), act);

function begin(scripted: boolean): Run {
  const tally = createTally();
  const recorder = createRecorder(tally);
  const made = live ? createLiveWorld : createSimulatedWorld;
  const world = made({
    seed,
    hear(happening) {
      tally.hear(happening);
      recorder.hear(happening);
    },
  });
  return { world, tally, recorder, scripted, next: 0, over: false };
}

function again(scripted: boolean): void {
  run.world.stop();
  run = begin(scripted);
  timeline.clear();
  write(byId("said"), scripted ? "The scripted minute begins." : "Everything is as at the beginning.");
}

function act(deed: Deed): void {
  if (run.over) again(false);
  else run.world.act(deed);
}

/** The script's people come in any case; the rest of it is played where it is asked for. */
const due = ({ next, scripted }: Run): (typeof SCRIPT)[number] | undefined => {
  const step = SCRIPT[next];
  return step && (scripted || step.at < 1) ? step : undefined;
};

async function advance(own: Run, to: number): Promise<void> {
  const { world, tally, recorder, scripted } = own;
  const end = scripted ? Math.min(to, SCRIPT_SECONDS * 1_000) : to;
  for (;;) {
    const step = due(own);
    const at = Math.min(end, (step?.at ?? Infinity) * 1_000, live ? Infinity : world.now() + STEP);
    if (world.now() < at) await world.run(at - world.now());
    if (own !== run) return;
    tally.until(live ? end : world.now());
    recorder.look(live ? end : world.now());
    if (step && world.now() >= step.at * 1_000) {
      own.next++;
      const { at: _, ...deed } = step;
      world.act(deed);
    } else if (live || world.now() >= end) break;
  }
  if (scripted && end >= SCRIPT_SECONDS * 1_000) finish(own);
}

function finish(own: Run): void {
  own.over = true;
  own.world.stop();
  const { by } = own.tally.totals();
  write(byId("said"), `The minute is over: the naive counter was wrong for ${seconds(by.naive.wrong)} of it, headcount for ${seconds(by.headcount.wrong)}.`);
}

const VERDICTS = { right: "right", says: "says itself that it does not know", promised: "wrong, within what is promised", wrong: "wrong" };

function showScore({ tally }: Run): void {
  const { ms, by } = tally.totals();
  const here = USERS.filter((user) => tally.truth(user) === "here");
  const maybe = USERS.filter((user) => tally.truth(user) === "either");
  showCard("truth", maybe.length > 0 ? `${here.length}–${here.length + maybe.length}` : String(here.length), (user) => (here.includes(user) ? "all" : maybe.includes(user) ? "some" : "none"));
  for (const counter of COUNTERS) {
    const lists = [...tally.scene().tabs.values()].flatMap(({ asleep, beliefs }) => (asleep === undefined && beliefs[counter].users ? [beliefs[counter].users] : []));
    const counts = lists.map(({ length }) => length);
    const [least, most] = [Math.min(...counts), Math.max(...counts)];
    const card = showCard(counter, lists.length === 0 ? "…" : least === most ? String(least) : `${least}–${most}`, (user) => {
      const shown = lists.filter((list) => list.includes(user)).length;
      return shown === 0 ? "none" : shown === lists.length ? "all" : "some";
    });
    const verdict = tally.now(counter);
    card.dataset.verdict = verdict;
    const { wrong, promised: within, says } = by[counter];
    write(card.querySelector(".verdict") ?? card, VERDICTS[verdict]);
    write(card.querySelector(".tally b") ?? card, seconds(wrong));
    write(card.querySelector(".tally span") ?? card, ` of ${Math.round(ms / 1_000)} s`);
    card.dataset.wrong = String(wrong > 0);
    write(card.querySelector(".rest") ?? card, `${seconds(within)} as promised · ${seconds(says)} said so itself`);
  }
}

function showCard(name: string, number: string, shows: (user: string) => "all" | "some" | "none"): HTMLElement {
  const card = document.querySelector<HTMLElement>(`[data-of="${name}"]`) ?? document.body;
  write(card.querySelector(".number") ?? card, number);
  const faces = card.querySelector(".faces") ?? card;
  if (faces.childElementCount === 0) faces.append(...USERS.map((user) => element("li", "", user)));
  USERS.forEach((user, i) => {
    const face = faces.children[i] as HTMLElement;
    const is = shows(user);
    face.dataset.user = user;
    if (face.dataset.shown === is) return;
    face.dataset.shown = is;
    face.replaceChildren(user, element("span", "aloud", is === "all" ? " here" : is === "some" ? " perhaps here" : " away"));
  });
  return card;
}

function showStatic(): void {
  byId("source").textContent = NAIVE_SOURCE;
  const { coming, leaving, noticing } = promised(emptyScene, 0, "", "");
  const rows = [
    [`Who vanishes is kept for the grace, ${seconds(TIMES.grace)}: gone from all views within`, seconds(leaving)],
    ["Who comes is in all views within", seconds(coming)],
    ["A tab whose line died unnoticed says so within", seconds(noticing)],
    ["Who is not heard of is away after the lease", seconds(TIMES.lease)],
    ["Facts gather before they are told", `${TIMES.flush} ms`],
    ["A line that is rough adds, each way, up to", seconds(ROUGH_MOST)],
  ];
  byId("promises").querySelector("tbody")?.append(...rows.map(([what = "", time = ""]) => {
    const head = element("th", "", what);
    head.scope = "row";
    return element("tr", "", head, element("td", "", time));
  }));
  byId("speed-label").hidden = live;
  const where = byId("where");
  where.append(live ? "Each tab below is a real WebSocket of this page. " : "Server and network are simulated in this page. ");
  if (location.protocol.startsWith("http")) {
    const other = element("a", "", live ? "Simulate them" : "Real sockets");
    other.href = live ? "?world=simulated" : location.pathname;
    const back = element("a", "", "One room, many tabs");
    back.href = "/";
    where.append(other, " · ", back);
  }
}

byId("play").addEventListener("click", () => { again(true); });
byId("free").addEventListener("click", () => { again(false); });
byId("restart").addEventListener("click", () => { act({ do: "restart" }); });

async function loop(): Promise<void> {
  let last = performance.now();
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 16));
    const now = performance.now();
    // A page that was in the background does not catch up.
    const passed = Math.min(now - last, 250) * (Number(asked.get("speed")) || Number(speed.value));
    last = now;
    const own = run;
    if (!own.over) await advance(own, live ? own.world.now() : own.world.now() + passed);
    if (own !== run) continue;
    showScore(own);
    showPeople(own.tally.scene());
    timeline.draw(own.recorder.recording, own.tally.totals().ms);
  }
}

/** What a script that drives the page reads. */
export type Report = { readonly over: boolean; readonly live: boolean; readonly totals: Totals; readonly promised: ReturnType<typeof promised>; readonly counters: readonly Counter[] };
(globalThis as { playground?: () => Report }).playground = () => ({ over: run.over, live, totals: run.tally.totals(), promised: promised(emptyScene, 0, "", ""), counters: COUNTERS });

showStatic();
void loop();
