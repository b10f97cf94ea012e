/**
 * What every runtime is asked. Throws where it goes wrong; returns what was done.
 * `headcount`: its subpaths, as far as the runtime has use for them. `at`: a server to talk to, how, and in which room.
 */
export async function check(headcount, { url, WebSocket, io, fetch, room }) {
  const ran = [];
  const does = async (what, work) => {
    await work();
    ran.push(what);
  };
  await does("log", () => foldLog(headcount));
  await does("room", () => makeRoom(headcount));
  if (headcount.createRegistry) await does("registry", () => askRegistry(headcount));
  if (WebSocket) await does("socket", () => meet(headcount, room, (user) => headcount.webSocketTransport(`${url}?user=${user}`, { WebSocket })));
  if (io) await does("socket.io", () => meet(headcount, `${room} by socket.io`, (user) => headcount.socketIoTransport(io(url.replace("ws:", "http:"), { query: { user }, forceNew: true }))));
  if (fetch) {
    await does("http", async () => {
      const answer = await (await fetch(`${url.replace("ws:", "http:")}?room=${encodeURIComponent(room)}`)).json();
      same("the server's state", [answer.room, answer.userCount], [room, WebSocket ? 1 : 0]);
    });
  }
  return ran;
}

function same(what, got, wanted) {
  if (JSON.stringify(got) !== JSON.stringify(wanted)) throw new Error(`${what}: ${JSON.stringify(got)}, not ${JSON.stringify(wanted)}`);
}

/** Facts out of order, one of them twice: the heartbeat at the end finds nothing amiss. */
function foldLog({ emptyRoom, reduce, userCount, connectionCount, usersOf, toSnapshot }) {
  const fact = (seq, conn, user) => ({ type: "connect", epoch: 1, seq, at: 5, conn, user, tag: seq * 10, first: seq, since: 5, meta: { user } });
  const snapshot = { type: "snapshot", epoch: 1, seq: 0, at: 5, digest: 0, connections: [] };
  const log = [snapshot, fact(3, "b1", "__proto__"), fact(1, "a1", "ann"), fact(2, "a2", "ann"), fact(2, "a2", "ann"), { type: "heartbeat", epoch: 1, seq: 3, at: 6, digest: 60 }];
  const room = log.reduce((before, event) => reduce(before, event), emptyRoom());
  same("the room", [userCount(room), connectionCount(room), usersOf(room).map(({ id }) => id), room.behind], [2, 3, ["__proto__", "ann"], undefined]);
  same("its snapshot", usersOf(reduce(emptyRoom(), toSnapshot(room))), usersOf(room));
}

/** A room of the client, over a transport that answers as a server would. */
async function makeRoom({ createClient }) {
  let hear;
  const answers = {
    hello: () => [{ type: "welcome", v: 1, lease: 75_000, every: 25_000, jitter: 0, limits: { meta: 4_096, frame: 65_536, id: 256, rooms: 100, rate: 50 } }],
    join: ({ n, room }) => [{ type: "joined", re: n, room, conn: "a1", user: "ann", pos: [1, 1, 7] }, { type: "snapshot", room, pos: [1, 1, 7], at: 5, connections: [["a1", "ann", 7, { name: "Ann" }]] }],
  };
  const transport = {
    get up() { return hear !== undefined; },
    send: (message) => { for (const answer of answers[message.type]?.(message) ?? []) hear.message(answer); },
    probe: () => undefined,
    listen: (listener) => {
      hear = listener;
      hear.up();
      return () => undefined;
    },
  };
  const client = createClient({ transport });
  const view = await seen(client.room("r", { meta: { name: "Ann" } }), ({ status }) => status === "live");
  same("the view", [view.userCount, view.users.map(({ meta }) => meta.name)], [1, ["Ann"]]);
  client.close();
}

/** The server's half, without a socket: who is put into a room is in the answer of `presenceHandler`. */
async function askRegistry({ createRegistry, presenceHandler }) {
  const registry = createRegistry();
  const answers = presenceHandler(registry, { authorize: ({ room }) => room === "r" });
  const state = async (room) => (await answers(new globalThis.Request(`http://localhost/?room=${room}`))).json();
  const link = registry.open({ wire: { send: () => [], close: () => undefined, open: () => true }, peer: {}, user: "ann" });
  same("the link's join", await link.join("r", { meta: { name: "Ann" } }), true);
  same("the state", [(await state("r")).users.map(({ id, meta }) => [id, meta.name]), (await state("s")).code], [[["ann", "Ann"]], "refused"]);
  registry.close();
}

/** Two tabs of two people, on real sockets; one leaves. */
async function meet({ createClient }, room, transportOf) {
  const [ann, bob] = ["ann", "bob"].map((user) => createClient({ transport: transportOf(user) }));
  const [hers, his] = [ann, bob].map((client) => client.room(room));
  const both = ({ status, userCount }) => status === "live" && userCount === 2;
  const stop = his.subscribe(() => undefined);
  await Promise.all([seen(hers, both), seen(his, both)]);
  his.leave();
  await seen(hers, ({ userCount }) => userCount === 1);
  stop();
  bob.close();
  // Her end is open until the process, or the page, ends: the server is still asked who is there.
}

function seen(room, test) {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => { reject(new Error(`a view stays ${JSON.stringify(room.getSnapshot())}`)); }, 10_000);
    room.subscribe((view) => {
      if (!test(view)) return;
      clearTimeout(late);
      resolve(view);
    });
  });
}
