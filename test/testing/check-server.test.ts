import { EventEmitter, once } from "node:events";
import { createServer, connect, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { until } from "../support/until.js";
import { checkServer, ServerCheckError, type CheckedTab, type CheckOptions, type ServerToCheck } from "../../src/testing/check-server.js";

type Running = { readonly port: number; readonly listener: ReturnType<typeof createServer>; readonly sockets: Set<Socket> };

/** A server of lines of text over TCP that counts right: it is sent a name, and sends everybody all names. */
function right(change: Partial<ServerToCheck<Running>> = {}): ServerToCheck<Running> & { readonly running: () => number } {
  let running = 0;
  const server: ServerToCheck<Running> = {
    async start() {
      const names = new Map<Socket, string>();
      const sockets = new Set<Socket>();
      const tell = (): void => { for (const socket of names.keys()) socket.write(`${JSON.stringify([...new Set(names.values())])}\n`); };
      const listener = createServer((socket) => {
        sockets.add(socket);
        const gone = (): void => { if (names.delete(socket)) tell(); };
        socket.on("error", () => undefined);
        socket.on("data", (chunk) => {
          const [name] = chunk.toString().split("\n") as [string];
          if (name === "-") gone();
          else {
            names.set(socket, name);
            tell();
          }
        });
        socket.on("close", gone);
      });
      listener.listen(0);
      await once(listener, "listening");
      running++;
      return { port: (listener.address() as AddressInfo).port, listener, sockets };
    },
    connect: ({ port, user }) => lineOf(port, user),
    async stop({ listener, sockets }) {
      running--;
      for (const socket of sockets) socket.destroy();
      listener.close();
      await once(listener, "close");
    },
  };
  return { ...server, ...change, running: () => running };
}

async function lineOf(port: number, user: string): Promise<CheckedTab> {
  const socket = connect(port, "127.0.0.1");
  let text = "";
  socket.on("error", () => undefined);
  socket.on("data", (chunk) => { text += chunk.toString(); });
  await once(socket, "connect");
  socket.write(`${user}\n`);
  return {
    who() {
      const last = text.split("\n").at(-2);
      return last === undefined ? undefined : (JSON.parse(last) as string[]);
    },
    leave: () => socket.write("-\n"),
    close: () => socket.end(),
  };
}

const quick: CheckOptions = { runs: 20, seed: 3, settle: 300, quiet: 10, parallel: 8 };

/** What it rejects with. */
async function errorOf(server: unknown, options: CheckOptions = {}): Promise<ServerCheckError> {
  const outcome: unknown = await checkServer(server as ServerToCheck<Running>, options).then(String, (error: unknown) => error);
  expect(outcome).toBeInstanceOf(Error);
  return outcome as ServerCheckError;
}

describe("checkServer", () => {
  it("says of a server that is right what was tried, and what was not", async () => {
    const server = right();
    const report = await checkServer(server, quick);
    expect(report).toMatchObject({ ok: true, stopped: false, seed: 3, runs: 20, failure: undefined });
    expect([...report.did.keys()].sort()).toEqual(["close", "cut", "leave", "open", "refresh", "refresh late"]);
    const text = String(report);
    expect(text).toMatch(/^checkServer: 20 histories held, in [\d.]+ s \(seed 3\)\./);
    expect(text).toContain("Not tried: lines that go dead without a word (say after which `lease` the server notices); lines that come back (say `reconnects: true` if the tabs do).");
    expect(server.running()).toBe(0);
  });

  it("does the same for the same seed", async () => {
    const stories = async (): Promise<string[]> => {
      const opened: string[] = [];
      await checkServer(right({ connect: (to) => { opened.push(to.user); return lineOf(to.port, to.user); } }), { ...quick, runs: 5, parallel: 1 });
      return opened;
    };
    const first = await stories();
    expect(first.length).toBeGreaterThan(5);
    expect(await stories()).toEqual(first);
  });

  it("takes numbers for an answer, and says how they are wrong", async () => {
    const server = right({
      async connect({ port, user }) {
        const tab = await lineOf(port, user);
        return { ...tab, who: async () => ((await tab.who()) as string[] | undefined)?.length };
      },
    });
    expect((await checkServer(server, quick)).ok).toBe(true);
    const error = await errorOf({ ...server, connect: async ({ port, user }: { port: number; user: string }) => ({ ...(await lineOf(port, user)), who: () => 7 }) }, quick);
    expect(error.message).toBe([
      "checkServer: a tab shows the wrong number after one step.",
      "",
      "  1. ann opens tab 1",
      "",
      "  ann's tab 1 shows 7, and should show 1.",
      "",
      "Every history begins so; nothing else was tried.",
      'Once more: checkServer(server, { ...options, story: ["ann opens tab 1"] })',
    ].join("\n"));
    expect(error.stack).toBe(`ServerCheckError: ${error.message}`);
  });

  it("tells of a user who is shown twice, of one who never was, and of a tab that shows nothing", async () => {
    const shows = async (shown: (user: string) => unknown): Promise<string> =>
      (await errorOf(right({ connect: async ({ port, user }) => ({ ...(await lineOf(port, user)), who: () => shown(user) as string[] }) }), quick)).message;
    expect(await shows((user) => [user, user])).toContain("ann's tab 1 shows ann, ann, and should show ann.\n  ann is here, once: tab 1 is open.");
    expect(await shows((user) => [user, "zoe"])).toContain("zoe was never here.");
    expect(await shows(() => undefined)).toContain("ann's tab 1 shows nothing yet, and should show ann.");
  });

  it("lives through a story that is given, a few times, and says so if it holds now", async () => {
    const story = ["ann opens tab 1", "  2. at once, ann opens tab 2", "3. ann refreshes tab 1, and its old socket ends only after the new one is there", "the line of ann's tab 2 breaks", "ann leaves, in tab 1, which stays open", "bob opens tab 1", "ann closes tab 1"];
    const report = await checkServer(right(), { ...quick, story });
    expect(report).toMatchObject({ ok: true, runs: 3, did: new Map([["open", 9], ["refresh late", 3], ["cut", 3], ["leave", 3], ["close", 3]]) });
  });

  it("says which step of a story that is given makes no sense", async () => {
    const wrongOf = async (story: unknown, options: CheckOptions = {}): Promise<string> => (await errorOf(right(), { ...quick, ...options, story: story as string[] })).message;
    expect(await wrongOf("ann opens tab 1")).toBe('checkServer: option "story" must be an array of steps, as a report tells them, not "ann opens tab 1".');
    expect(await wrongOf([])).toMatch(/must be an array of steps/);
    expect(await wrongOf(["ann opens tab 1", "ann dances"])).toMatch(/^checkServer: option "story", step 2: "ann dances" is nothing that can be done\./);
    expect(await wrongOf(["ann opens tab 1", 7])).toMatch(/step 2: 7 is nothing/);
    expect(await wrongOf(["ann opens tab 1", "ann closes tab 2"])).toBe('checkServer: option "story", step 2: "ann closes tab 2" can\'t happen after the steps before it.');
    expect(await wrongOf(["ann opens tab 1", "ann opens tab 1"])).toMatch(/step 2: .* can't happen/);
    expect(await wrongOf(["ann opens tab 1", "the line of ann's tab 1 goes dead, and neither end is told"])).toMatch(/step 2: .* needs option "lease"\.$/);
    const mute = right({ connect: async ({ port, user }) => { const { who, close } = await lineOf(port, user); return { who, close }; } });
    expect(await errorOf(mute, { ...quick, story: ["ann opens tab 1", "ann leaves, in tab 1, which stays open"] })).toMatchObject({ code: "leave_failed", message: expect.stringContaining('has no function "leave"') as string });
  });

  it("says when a tab was not wrong but late", { timeout: 60_000 }, async () => {
    // Nobody goes sooner than 1,200 ms after they left.
    const server = right({
      async connect({ port, user }) {
        const tab = await lineOf(port, user);
        const seen = new Map<string, number>();
        return {
          ...tab,
          async who() {
            const shown = (await tab.who()) as string[] | undefined;
            for (const id of shown ?? []) seen.set(id, performance.now());
            return shown && [...seen].filter(([, at]) => performance.now() - at < 1_200).map(([id]) => id);
          },
        };
      },
    });
    const hasty = await errorOf(server, { ...quick, settle: 500, quiet: 30 });
    expect(hasty.message).toMatch(/With more time it was right, after [01]\.\d s\. Does your server keep people for a while\? Say `grace`\. Is it slow\? Give it a longer `settle`\./);
    expect(hasty.report!.failure!.rightAfter).toBeGreaterThan(500);
    expect((await checkServer(server, { ...quick, runs: 5, grace: 1_200 })).ok).toBe(true);
  });

  it("leaves out what a story can do without in its middle too, and tells what is left so that it can be lived again", async () => {
    // Wrong once one user has opened three tabs in all, whatever else happened.
    const opened = new WeakMap<Running, string[]>();
    const server = right({
      async connect({ port, user, server: running }) {
        const tab = await lineOf(port, user);
        const all = opened.get(running) ?? [];
        opened.set(running, all);
        all.push(user);
        return { ...tab, who: () => (["ann", "bob", "cid"].some((one) => all.filter((name) => name === one).length === 3) ? [] : tab.who()) };
      },
    });
    const { report } = await errorOf(server, { ...quick, shorten: 20_000, seed: 5 });
    const { story } = report!.failure!;
    expect(story.every((step) => step.startsWith("ann "))).toBe(true);
    expect(story.length).toBeLessThanOrEqual(4);
    expect((await errorOf(server, { ...quick, story })).report!.failure!.story).toEqual(story);
  });

  it("says that a story ends wrong only sometimes", async () => {
    // Wrong the first time that two are here, and never again.
    let wrong = 0;
    const server = right({
      async connect({ port, user }) {
        const tab = await lineOf(port, user);
        let lies: boolean | undefined;
        return {
          ...tab,
          async who() {
            const shown = (await tab.who()) as string[] | undefined;
            if (shown?.length === 2) lies ??= wrong++ === 0;
            return lies ? ["ann"] : shown;
          },
        };
      },
    });
    expect((await errorOf(server, { ...quick, steps: 3, parallel: 1 })).message).toMatch(/Lived again 3 times, it ended wrong 0 times: it is a matter of who is faster\./);
  });

  it("ends at a signal, stops its servers, and says what was found until then", async () => {
    const server = right();
    const over = new AbortController();
    const emitter = new EventEmitter();
    let opened = 0;
    const running = checkServer({ ...server, connect: (to) => { if (++opened === 30) emitter.emit("thirty"); return server.connect(to); } }, { ...quick, runs: 100_000, signal: over.signal });
    await once(emitter, "thirty");
    over.abort();
    const report = await running;
    expect(report).toMatchObject({ ok: true, stopped: true });
    expect(String(report)).toMatch(/^checkServer: stopped early; until then \d+ histor(y|ies) held/);
    expect(server.running()).toBe(0);
  });

  it("ends at a signal while `start` does not resolve", async () => {
    const report = await checkServer({ ...right(), start: () => new Promise<never>(() => undefined) }, { signal: AbortSignal.timeout(30) });
    expect(report).toMatchObject({ ok: true, stopped: true, runs: 0 });
  });

  it("stops a server, and closes a tab, that come when nobody waits for them any more", async () => {
    const server = right();
    const slow = { ...server, start: async () => { const started = await server.start(); await new Promise((resolve) => { setTimeout(resolve, 100); }); return started; } };
    expect(await checkServer(slow, { ...quick, signal: AbortSignal.timeout(20) })).toMatchObject({ stopped: true });
    await until(() => expect(server.running()).toBe(0));
    expect(await errorOf(slow, { ...quick, patience: 50 })).toMatchObject({ code: "start_timeout" });
    await until(() => expect(server.running()).toBe(0));

    let closed = 0;
    const late = right({ connect: async ({ port, user }) => { const tab = await lineOf(port, user); await new Promise((resolve) => { setTimeout(resolve, 100); }); return { ...tab, close: () => { closed++; return tab.close(); } }; } });
    await checkServer(late, { ...quick, signal: AbortSignal.timeout(50) });
    await until(() => expect(closed).toBe(1));
  });

  it("does not wait for the end of a socket that a broken line has ended already", async () => {
    const server = right({
      async connect({ port, user }) {
        const tab = await lineOf(port, user);
        // As of a page whose socket is gone: its end does not come a second time.
        return { ...tab, close: () => { void tab.close(); return new Promise(() => undefined); } };
      },
    });
    const story = ["ann opens tab 1", "bob opens tab 1", "the line of ann's tab 1 breaks", "ann closes tab 1", "cid opens tab 1"];
    expect((await errorOf(server, { ...quick, patience: 500, story: [...story, "bob closes tab 1"] })).code).toBe("close_timeout");
    expect(await checkServer({ ...server, stop: async (running) => { for (const socket of running.sockets) socket.destroy(); await server.stop(running); } }, { ...quick, patience: 500, story })
      .then(({ ok }) => ok, (error: unknown) => (error as ServerCheckError).code)).toBe(true);
  });

  it("tells the story that it was shortening when the signal came", async () => {
    const over = new AbortController();
    // Histories are lived one after the other, so the second that goes wrong is a try to shorten the first.
    const wrong = new Set<Running>();
    const server = right({
      async connect({ port, user, server: running }) {
        const tab = await lineOf(port, user);
        return {
          ...tab,
          async who() {
            const shown = (await tab.who()) as string[] | undefined;
            if (!shown || shown.length < 2) return shown;
            if (wrong.add(running).size > 1) over.abort();
            return [];
          },
        };
      },
    });
    const error = await errorOf(server, { ...quick, parallel: 1, signal: over.signal });
    expect(error.message).toMatch(/opens tab 1[^]*shows nobody, and should show [^]*or it was stopped[^]*Once more: checkServer/);
  });

  it("refuses options that make no sense, before anything runs", async () => {
    const server = { ...right(), start: () => { throw new Error("it ran"); } };
    const wrong: readonly (readonly [unknown, unknown, RegExp])[] = [
      [undefined, {}, /^checkServer: "start" is missing; the first argument must be \{ start, connect, stop \}/],
      [{ ...server, connect: undefined }, {}, /"connect" is missing/],
      [{ ...server, stop: 1 }, {}, /"stop" is missing/],
      [server, { run: 5 }, /there is no option "run", only runs, seed, /],
      [server, { runs: 0 }, /option "runs" must be a number from 1 to 1000000, not 0/],
      [server, { runs: 1.5 }, /option "runs" must be a whole number, not 1\.5/],
      [server, { runs: "9" }, /option "runs" must be a number from 1 to 1000000, not "9"/],
      [server, { users: 9 }, /option "users" must be a number from 1 to 8, not 9/],
      [server, { settle: Number.NaN }, /option "settle" must be a number from 1 to 2147483647, not NaN/],
      [server, { grace: -1 }, /option "grace"/],
      [server, { lease: 0 }, /option "lease"/],
      [server, { seed: 2 ** 40 }, /option "seed"/],
      [server, { parallel: null }, /option "parallel" must be a number from 1 to 64, not null/],
      [server, { reconnects: 1 }, /option "reconnects" must be true or false/],
      [server, { signal: {} }, /option "signal" must be an AbortSignal/],
      [server, { story: ["ann sleeps"] }, /option "story", step 1: "ann sleeps" is nothing that can be done/],
    ];
    for (const [given, options, message] of wrong) {
      const error = await errorOf(given, options as CheckOptions);
      expect(error).toBeInstanceOf(TypeError);
      expect(error.message).toMatch(message);
    }
  });

  it("names the function of the caller's that fails, its error, and the story so far", async () => {
    const failing = (change: Partial<ServerToCheck<Running>>, options: CheckOptions = {}): ReturnType<typeof errorOf> => errorOf(right(change), { ...quick, patience: 200, ...options });
    const never = (): Promise<never> => new Promise(() => undefined);
    const second = (then: () => never): Partial<ServerToCheck<Running>> => {
      let calls = 0;
      return { connect: ({ port, user }) => (++calls > 2 ? then() : lineOf(port, user)) };
    };
    const tab = (change: object): Partial<ServerToCheck<Running>> => ({ connect: async ({ port, user }) => ({ ...(await lineOf(port, user)), ...change }) });
    const boom = (): never => { throw new Error("boom"); };

    expect(await failing({ start: never })).toMatchObject({ code: "start_timeout", message: 'checkServer: "start" did not resolve within 200 ms (option "patience").' });
    expect(await failing({ start: boom })).toMatchObject({ code: "start_failed", message: 'checkServer: "start" failed: Error: boom', cause: new Error("boom") });
    expect((await failing({ start: () => undefined as never })).message).toMatch(/"start" must return the port .* it returned undefined/);
    expect((await failing({ start: () => ({ stop: never }) as never })).message).toContain("it returned { stop: a function }.");
    expect((await failing({ start: () => { throw undefined as unknown as Error; } })).message).toBe('checkServer: "start" failed: with no error given (undefined)');
    expect(await failing({ connect: never })).toMatchObject({ code: "connect_timeout" });
    expect(await failing(second(boom), { parallel: 1 })).toMatchObject({ code: "connect_failed", message: expect.stringMatching(/"connect" failed: Error: boom\nThe story so far:\n {2}1\. (ann|bob|cid) opens tab 1\n/) as string });
    expect(await failing({ connect: () => ({}) as never })).toMatchObject({ code: "connect_failed", message: expect.stringContaining("must return a tab, { who, close }, both of them functions; it returned {}.") as string });
    expect(await failing({ connect: ({ server, user }) => lineOf(server.port, user) })).toMatchObject({ code: "connect_elsewhere" });
    expect(await failing(tab({ who: boom }))).toMatchObject({ code: "who_failed" });
    expect(await failing(tab({ who: () => [1] }))).toMatchObject({ code: "who_failed", message: expect.stringContaining('"who" must return an array of the users\' ids, or their number, or undefined; it returned [1].') as string });
    expect(await failing(tab({ who: never }))).toMatchObject({ code: "who_timeout" });
    expect(await failing(tab({ close: boom }))).toMatchObject({ code: "close_failed" });
    expect(await failing(tab({ leave: boom }))).toMatchObject({ code: "leave_failed" });
    expect(await failing({ stop: boom })).toMatchObject({ code: "stop_failed" });
    for (const code of ["start_failed", "connect_failed"]) expect(new ServerCheckError(code as "start_failed", "x").name).toBe("ServerCheckError");
  });
});
