import { show } from "./check-options.js";
import { whoIsHere, type Step } from "./history.js";
import { openLine, type Line } from "./line.js";
import { ServerCheckError, type CheckCode } from "./server-check-error.js";
import { tellStory, type Shown, type Wrong } from "./words.js";

/** A user's tab, opened by `connect`. */
export type CheckedTab = {
  /** Who is here, as this tab shows it: the ids of the users, in any order, or how many they are; undefined while it shows nothing. */
  readonly who: () => Shown | PromiseLike<Shown>;
  /** Closes the tab: its socket ends as it does in a browser. */
  readonly close: () => unknown;
  /** Leaves, as by a button; the tab stays open. Without it nobody leaves but by closing. */
  readonly leave?: () => unknown;
};

/** Where a started server listens: a port of this machine. */
export type Started = number | { readonly port: number };

/** How your server is run and used. Each of these may be asynchronous. */
export type ServerToCheck<S extends Started> = {
  /** Starts a server with nobody in it, on a port of its own (listen on 0). It is called once for each history, and several run at once. */
  readonly start: () => S | PromiseLike<S>;
  /** Opens a tab of a user, and joins. `port`: where to connect, on 127.0.0.1; it is this tab's own line to the server, which we can cut. */
  readonly connect: (to: { readonly port: number; readonly user: string; readonly server: S }) => CheckedTab | PromiseLike<CheckedTab>;
  readonly stop: (server: S) => unknown;
};

/** Times of a run, all in ms. */
export type PlayTimes = { readonly settle: number; readonly quiet: number; readonly grace: number; readonly lease: number; readonly patience: number };

export type Outcome =
  /** `slowest`: ms after which all tabs were right, in the slowest look. */
  | { readonly type: "held"; readonly looks: number; readonly views: number; readonly slowest: number; readonly canLeave: boolean }
  | { readonly type: "wrong"; readonly wrong: Wrong }
  /** Nobody wants to know any more. */
  | { readonly type: "stopped" };

type OpenTab = { readonly line: Line; readonly tab: CheckedTab };

/** How often tabs are asked while they are waited for, in ms. */
const POLL = 5;

/** Lives through one history with a server of its own, until stopped. @throws ServerCheckError when a function of the caller fails. */
export async function play<S extends Started>(given: ServerToCheck<S>, steps: readonly Step[], times: PlayTimes, signal: AbortSignal): Promise<Outcome> {
  const lines: Line[] = [];
  const tabs: OpenTab[] = [];
  /** What has been done so far. */
  let done: readonly Step[] = [];
  /** When those who went are gone at the latest. */
  let goneAt = 0;
  let looks = 0;
  let views = 0;
  let slowest = 0;

  const call = <T>(name: string, run: () => T | PromiseLike<T>, until?: AbortSignal, undo?: (made: Awaited<T>) => unknown): Promise<Awaited<T>> => attempt(name, run, { patience: times.patience, done: () => done, signal: until, undo });
  const [started] = await Promise.allSettled([call("start", () => given.start(), signal, (late) => given.stop(late as S))]);
  if (signal.aborted && started.status === "rejected") return { type: "stopped" };
  if (started.status === "rejected") throw started.reason;
  const server = started.value;

  const open = async (user: string): Promise<void> => {
    const line = await openLine(portOf(server));
    lines.push(line);
    const tab = await call("connect", () => given.connect({ port: line.port, user, server }), signal, (late) => (late as Partial<CheckedTab> | undefined)?.close?.());
    if (typeof (tab as Partial<CheckedTab> | undefined)?.who !== "function" || typeof tab.close !== "function") {
      throw new ServerCheckError("connect_failed", `checkServer: "connect" must return a tab, { who, close }, both of them functions; it returned ${shape(tab)}.${soFar(done)}`);
    }
    if (line.used() === 0) {
      throw new ServerCheckError("connect_elsewhere", `checkServer: "connect" must connect to 127.0.0.1 at the port that it is given (${line.port}), and be connected when it resolves: that port is a line of this tab's own.${soFar(done)}`);
    }
    tabs.push({ line, tab });
  };

  const perform = async ({ what, tab: at, user }: Step): Promise<void> => {
    const known = tabs[at];
    if (!known) return open(user);
    const { line, tab } = known;
    const before = done.at(-2)?.tabs[at]?.state;
    const close = (): Promise<unknown> => closeTab(tab, before === "cut" || before === "silent");
    switch (what) {
      case "open": return;
      case "close": await close(); return;
      case "leave":
        if (typeof tab.leave !== "function") throw new ServerCheckError("leave_failed", `checkServer: the tab that "connect" returned has no function "leave".${soFar(done)}`);
        await call("leave", () => tab.leave?.(), signal);
        return;
      case "cut": line.cut(); return;
      case "back": line.restore(); return;
      case "silence": line.silence(); return;
      case "refresh":
        await close();
        return open(user);
      case "refresh late":
        await open(user);
        await close();
    }
  };

  /** A tab whose line is gone may wait for ever for its socket's end, which has come already, or never will. */
  const closeTab = (tab: CheckedTab, cut: boolean): Promise<unknown> => {
    const closed = call("close", () => tab.close(), signal);
    return cut ? Promise.race([closed.catch(() => undefined), new Promise((resolve) => { setTimeout(resolve, Math.min(times.settle, 100)); })]) : closed;
  };

  /** Waits until all tabs have shown for a while who is here; else says which one does not. */
  const look = async (): Promise<Wrong | undefined> => {
    const states = done.at(-1)?.tabs ?? [];
    const here = whoIsHere(states);
    const checked = tabs.flatMap(({ tab }, at) => (states[at]?.state === "here" ? [{ ...states[at], who: () => tab.who() }] : []));
    const started = performance.now();
    const calmFrom = Math.max(started, goneAt);
    looks++;
    views += checked.length;
    // Who should be gone by then may be shown until then, and who should stay might be gone only then.
    for (let rightSince: number | undefined, asked = 0; ; ) {
      let wrong: Wrong | undefined;
      for (const { user, label, who } of checked) {
        const shown = await call("who", who, signal);
        if (!isRight(shown, here, done)) wrong ??= { steps: done, user, label, shown, here };
      }
      const now = performance.now();
      asked = wrong ? 0 : asked + 1;
      rightSince = wrong ? undefined : (rightSince ?? now);
      if (signal.aborted) return undefined;
      if (wrong && now >= calmFrom + times.settle) return wrong;
      // Not by the clock alone: on a machine that is busy, little may have happened meanwhile.
      if (rightSince !== undefined && now >= Math.max(rightSince, calmFrom) + times.quiet && asked > 3) {
        slowest = Math.max(slowest, rightSince - calmFrom);
        return undefined;
      }
      await new Promise((resolve) => { setTimeout(resolve, POLL); });
    }
  };

  const live = async (): Promise<Outcome> => {
    for (const [i, step] of steps.entries()) {
      if (signal.aborted) return { type: "stopped" };
      done = steps.slice(0, i + 1);
      await perform(step);
      if (step.what !== "open" && step.what !== "back") goneAt = Math.max(goneAt, performance.now() + times.grace + (step.what === "silence" ? times.lease : 0));
      if (steps[i + 1]?.quick) continue;
      const wrong = await look();
      if (wrong) return { type: "wrong", wrong };
    }
    return { type: "held", looks, views, slowest, canLeave: typeof tabs[0]?.tab.leave === "function" };
  };
  const end = async (): Promise<void> => {
    await Promise.all(tabs.map(async ({ tab }, at) => {
      const state = done.at(-1)?.tabs[at]?.state;
      if (state !== "closed") await closeTab(tab, state !== "here" && state !== "left").catch(() => undefined);
    }));
    await Promise.all(lines.map((line) => line.close()));
    await call("stop", () => given.stop(server));
  };
  const [outcome] = await Promise.allSettled([live()]);
  const [ended] = await Promise.allSettled([end()]);
  if (outcome.status === "fulfilled" && outcome.value.type === "wrong") return outcome.value;
  if (signal.aborted) return { type: "stopped" };
  // What failed first may be why the rest did.
  if (outcome.status === "rejected") throw outcome.reason;
  if (ended.status === "rejected") throw ended.reason;
  return outcome.value;
}

function portOf(server: Started): number {
  const port: unknown = typeof server === "number" ? server : (server as Partial<typeof server> | undefined)?.port;
  if (typeof port === "number" && Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new ServerCheckError("start_failed", `checkServer: "start" must return the port that the server listens on, or an object that has it as "port"; it returned ${shape(server)}.`);
}

/** What was returned instead of what was wanted. */
function shape(value: unknown): string {
  if (typeof value !== "object" || value === null) return show(value);
  const entries = Object.entries(value).map(([name, one]) => `${name}: ${typeof one === "object" ? "…" : typeof one === "function" ? "a function" : show(one)}`);
  return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
}

function isRight(shown: unknown, here: readonly string[], done: readonly Step[]): boolean {
  if (shown === undefined) return false;
  if (typeof shown === "number" && !Number.isNaN(shown)) return shown === here.length;
  if (!Array.isArray(shown) || !shown.every((id) => typeof id === "string")) {
    throw new ServerCheckError("who_failed", `checkServer: "who" must return an array of the users' ids, or their number, or undefined; it returned ${show(shown)}.${soFar(done)}`);
  }
  return shown.length === here.length && [...shown].sort().every((id, i) => id === here[i]);
}

type Attempt<T> = { readonly patience: number; readonly done: () => readonly Step[]; readonly signal: AbortSignal | undefined; readonly undo: ((made: Awaited<T>) => unknown) | undefined };

/** Calls a function of the caller's, and does not wait for ever. What it makes when nobody waits any more is undone. */
async function attempt<T>(name: string, run: () => T | PromiseLike<T>, { patience, done, signal, undo }: Attempt<T>): Promise<Awaited<T>> {
  let timer: NodeJS.Timeout | undefined;
  let stop: (() => void) | undefined;
  const late = new Promise<never>((_, reject) => {
    stop = (): void => { reject(new Error("stopped")); };
    signal?.addEventListener("abort", stop);
    timer = setTimeout(() => {
      reject(new ServerCheckError(`${name}_timeout` as CheckCode, `checkServer: "${name}" did not resolve within ${patience} ms (option "patience").${soFar(done())}`));
    }, patience);
  });
  const made = (async (): Promise<Awaited<T>> => await run())();
  try {
    return await Promise.race([made, late]);
  } catch (error) {
    if (undo) made.then(undo).catch(() => undefined);
    if (error instanceof ServerCheckError) throw error;
    throw new ServerCheckError(`${name}_failed` as CheckCode, `checkServer: "${name}" failed: ${error === undefined ? "with no error given (undefined)" : error instanceof Error ? String(error) : show(error)}${soFar(done())}`, { cause: error });
  } finally {
    clearTimeout(timer);
    if (stop) signal?.removeEventListener("abort", stop);
  }
}

/** The story, when something fails in its last step. */
function soFar(steps: readonly Step[]): string {
  return steps.length === 0 ? "" : `\nThe story so far:\n${tellStory(steps).join("\n")}`;
}
