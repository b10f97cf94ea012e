import { element, svg } from "./element.js";
import type { LineState, Recording, Stretch } from "./recorder.js";
import { USERS, type Deed } from "./script.js";
import { COUNTERS, type Counter } from "./world.js";

/** Pixels: of lanes, of a tab's row, of a person in a counter's lane. */
const USER_LANE = 68;
const ROW = 9;
const ROWS = 3;
const COUNTER_LANE = 66;
const PERSON = 14;
const TOP = 18;
/** Between two lines of words. */
const LINE = 12;
/** Of a letter, about. */
const LETTER = 6;
const AXIS = 22;
/** Of a second, at least. */
const SECOND = 11;
const SPAN = 60;

const WORDS: Readonly<Record<Deed["do"], string>> = {
  "open": "opens a tab", "close": "closes it", "refresh": "refreshes", "cut": "line cut", "half-open": "half-open", "late": "late goodbye", "sleep": "sleeps",
  "rough": "200 ms, 20 % loss", "smooth": "smooth again", "restart": "server restarts",
};
const STATES: readonly LineState[] = ["up", "down", "silent", "asleep"];
const top = (lane: number): number => TOP + Math.min(lane, USERS.length) * USER_LANE + Math.max(0, lane - USERS.length) * COUNTER_LANE;
const HEIGHT = top(USERS.length + COUNTERS.length) + AXIS;
const laneOf = (counter: Counter): number => USERS.length + COUNTERS.indexOf(counter);

export type Timeline = { readonly draw: (recording: Recording, at: number) => void; readonly clear: () => void };

/** Draws into `scroll`; `labels` takes the names of the lanes, which stay where they are. */
export function createTimeline(labels: HTMLElement, scroll: HTMLElement): Timeline {
  const paths = new Map<string, SVGElement>();
  const marks = svg("g", { class: "marks" });
  const axis = svg("g", { class: "axis" });
  const root = svg("svg", { height: HEIGHT, role: "img", "aria-label": "A bar for each tab's connection, and below, how many people each tab shows by either counter, against the truth." });
  const clip = path("lanes");
  root.append(pattern("hatch", 5), clip, axis);
  for (const counter of COUNTERS) for (const verdict of ["says", "promised", "wrong"]) root.append(path(`${verdict} ${counter}`));
  for (const state of STATES) root.append(path(state));
  for (const counter of COUNTERS) root.append(path(`truth ${counter}`), path(`belief ${counter}`));
  root.append(marks);
  scroll.append(root);
  labels.style.setProperty("height", `${HEIGHT}px`);
  [...USERS, ...COUNTERS].forEach((name, lane) => {
    const label = element("div", lane < USERS.length ? "lane user" : "lane counter", name === "naive" ? "naive counter" : name);
    label.style.setProperty("top", `${top(lane)}px`);
    labels.append(label);
  });

  let drawn = 0;
  let seconds = 0;
  let scale = 0;
  /** How far it was scrolled to follow time. */
  let followed = 0;
  /** By user, where their last words end. */
  const ends = new Map<string, number>();

  function path(name: string): SVGElement {
    const made = svg("path", { class: name });
    paths.set(name, made);
    return made;
  }

  function draw({ lines, truth, beliefs, verdicts, deeds }: Recording, at: number): void {
    const width = scroll.clientWidth;
    const next = Math.max(SECOND, width / SPAN);
    const span = Math.max(SPAN, Math.ceil(at / 1_000));
    if (next !== scale || span !== seconds) {
      const resized = next !== scale;
      scale = next;
      seconds = span;
      root.setAttribute("width", String(Math.max(width, Math.floor(seconds * scale))));
      ticks();
      if (resized) {
        drawn = 0;
        ends.clear();
        marks.replaceChildren();
      }
    }
    const x = (ms: number): number => Math.round((ms / 1_000) * scale * 10) / 10;
    for (const state of STATES) {
      set(state, lines.filter(({ stretch }) => stretch.is === state).map(({ user, row, stretch: { from, to } }) => {
        const y = top(USERS.indexOf(user)) + 6 + Math.min(row, ROWS - 1) * (ROW + 3);
        const [tall, down] = state === "down" ? [2, (ROW - 2) / 2] : [ROW, 0];
        return `M${x(from)} ${y + down}h${Math.max(1, x(to) - x(from))}v${tall}H${x(from)}z`;
      }));
    }
    for (const counter of COUNTERS) {
      const from = top(laneOf(counter));
      const y = (count: number): number => from + COUNTER_LANE - 12 - count * PERSON;
      const steps = (list: readonly Stretch<number>[]): string[] => list.map((one, i) => {
        const before = list[i - 1];
        return `${before?.to === one.from ? `M${x(one.from)} ${y(before.is)}V${y(one.is)}` : `M${x(one.from)} ${y(one.is)}`}H${x(one.to)}`;
      });
      set(`truth ${counter}`, steps(truth));
      set(`belief ${counter}`, beliefs[counter].map((one) => `M${x(one.from)} ${y(one.is)}H${x(one.to)}`));
      for (const verdict of ["says", "promised", "wrong"] as const) {
        const own = verdicts[counter].filter(({ is }) => is === verdict);
        set(`${verdict} ${counter}`, own.map(({ from: a, to: b }) => `M${x(a)} ${from + 2}H${x(b)}V${from + COUNTER_LANE - 4}H${x(a)}z`));
      }
    }
    for (; drawn < deeds.length; drawn++) {
      const deed = deeds[drawn];
      // How it begins is always the same.
      if (deed && deed.at >= 1_000) mark(deed, x(deed.at));
    }
    // Whoever looks back at what was is left there.
    if (Math.abs(scroll.scrollLeft - followed) > 2) return;
    scroll.scrollLeft = Math.max(0, x(at) - scroll.clientWidth + 24);
    followed = scroll.scrollLeft;
  }

  function set(name: string, parts: readonly string[]): void {
    paths.get(name)?.setAttribute("d", parts.join(""));
  }

  function mark({ deed, user }: Recording["deeds"][number], x: number): void {
    if (user === undefined) {
      marks.append(svg("path", { class: "restart", d: `M${x} ${TOP - 4}V${HEIGHT - AXIS}` }), text(x, TOP - 7, WORDS[deed.do]));
      return;
    }
    const words = WORDS[deed.do];
    const wide = words.length * LETTER + 6;
    const left = x + wide > Math.max(scroll.clientWidth, seconds * scale);
    const [from, to] = left ? [x - wide, x] : [x, x + wide];
    const crowded = from < (ends.get(user) ?? 0);
    const y = top(USERS.indexOf(user)) + USER_LANE - 6 - (crowded ? LINE : 0);
    ends.set(user, to);
    const label = text(left ? x - 3 : x + 3, y, words);
    if (left) label.setAttribute("text-anchor", "end");
    marks.append(svg("path", { class: "mark", d: `M${x} ${y + 2}V${y - 9}` }), label);
  }

  function text(x: number, y: number, words: string): SVGElement {
    return svg("text", { x, y }, words);
  }

  function ticks(): void {
    const width = Math.max(scroll.clientWidth, seconds * scale);
    set("lanes", [...USERS, ...COUNTERS].map((_, lane) => `M0 ${top(lane) - 0.5}H${width}`));
    axis.replaceChildren();
    for (let second = 0; second <= seconds; second += 10) {
      const x = Math.round(second * scale) + 0.5;
      const end = second > 0 && second === seconds;
      axis.append(svg("path", { d: `M${x} ${TOP}V${HEIGHT - AXIS}` }), svg("text", { x: second === 0 ? 1 : x, y: HEIGHT - 6, "text-anchor": second === 0 ? "start" : end ? "end" : "middle" }, `${second} s`));
    }
  }

  return {
    draw,
    clear() {
      drawn = 0;
      seconds = 0;
      ends.clear();
      marks.replaceChildren();
      scroll.scrollLeft = followed = 0;
    },
  };
}

function pattern(id: string, size: number): SVGElement {
  const defs = svg("defs");
  const made = svg("pattern", { id, width: size, height: size, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" });
  made.append(svg("rect", { width: size / 2, height: size }));
  defs.append(made);
  return defs;
}
