import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { agrees, world, type FakeClient } from "../support/server.js";

const ROOMS = ["r", "s"];
const USERS = ["ann", "bob", "cid", "dan"];

type Step = { readonly what: "open" | "join" | "count" | "watch" | "update" | "leave" | "sync" | "vanish" | "close" | "slow" | "ready" | "wait" | "tick" | "kick" | "identify" | "serve" | "unserve"; readonly who: number; readonly room: string; readonly user: string; readonly ms: number };

const step: fc.Arbitrary<Step> = fc.record({
  what: fc.constantFrom("open", "open", "open", "join", "join", "join", "join", "count", "watch", "update", "update", "update", "leave", "sync", "vanish", "close", "slow", "ready", "wait", "wait", "wait", "tick", "kick", "identify", "serve", "unserve"),
  who: fc.nat(5),
  room: fc.constantFrom(...ROOMS),
  user: fc.constantFrom(...USERS),
  ms: fc.constantFrom(1, 10, 49, 50, 51, 60),
});

describe("any history", () => {
  it("[R13] [R12] [P3] [P5] [P6] whatever happens, in the end every watcher knows its room, and the room is who is connected", () => {
    fc.assert(fc.property(fc.array(step, { maxLength: 80, size: "max" }), fc.constantFrom(300, 65_536, 65_536), fc.constantFrom(2, 5_000, 5_000), fc.constantFrom(3, 512), (steps, page, maxWatched, window) => {
      const w = world({ grace: 3_000, rate: 10_000, burst: 10_000, page, maxWatched, window });
      /** Open clients: what each watches, by room, and where it is present. */
      const open: { readonly client: FakeClient; user: string; readonly watches: Map<string, string>; readonly present: Set<string>; readonly given: Set<string> }[] = [];
      const wait = (ms: number): void => {
        for (const { client } of open) client.link.heard();
        w.clock.advance(ms);
        // Nothing was lost, so nobody ever has reason to doubt what it knows.
        for (const { client, watches } of open) for (const room of watches.keys()) expect(client.room(room).behind).toBe(undefined);
      };
      // Without a crowd to begin with, most histories are of one link that is alone.
      const crowd = USERS.flatMap((user, who): Step[] => [{ what: "open", who, room: "r", user, ms: 1 }, { what: "join", who, room: "r", user, ms: 1 }]);
      for (const { what, who, room, user, ms } of [...crowd, ...steps]) {
        if (what === "open" && open.length < 6) open.push({ client: w.client(user), user, watches: new Map(), present: new Set(), given: new Set() });
        const one = open[who % Math.max(1, open.length)];
        if (!one || what === "open") continue;
        const { client, watches, present, given } = one;
        switch (what) {
          case "join": client.join(room, { meta: { ms } }); watches.set(room, "users"); present.add(room); break;
          case "count": client.join(room, { watch: "count", meta: { ms } }); watches.set(room, "count"); present.add(room); break;
          case "watch": client.join(room, { present: false }); watches.set(room, "users"); present.delete(room); break;
          case "update": client.say({ type: "update", room, meta: { ms, what } }); break;
          case "leave": client.say({ type: "leave", room }); watches.delete(room); present.delete(room); break;
          case "sync": { const { epoch, seq, digest } = client.room(room); client.say({ type: "sync", room, ...(epoch > 0 && { pos: [epoch, seq, digest] }) }); break; }
          case "vanish": case "close": client.link.closed(what === "close" ? "leave" : "vanished"); open.splice(open.indexOf(one), 1); break;
          case "slow": w.wire.slow.add(client.peer); break;
          case "ready": w.wire.slow.delete(client.peer); client.link.ready(); break;
          case "wait": wait(ms); break;
          case "tick": wait(1_000); break;
          case "kick":
            w.registry.kick(user, room);
            for (const other of open) if (other.user === user) for (const set of [other.watches, other.present, other.given]) set.delete(room);
            break;
          case "identify": {
            void client.link.identify({ user, meta: { ms } });
            one.user = user;
            break;
          }
          case "serve": void client.link.join(room); given.add(room); break;
          case "unserve": void client.link.leave(room); given.delete(room); break;
        }
      }
      w.wire.slow.clear();
      for (const { client } of open) client.link.ready();
      for (let i = 0; i < 6; i++) wait(5_000);
      expect(w.errors).toEqual([]);
      expect(w.registry.audit()).toBe(0);
      for (const room of ROOMS) {
        const there = open.filter(({ present, given }) => present.has(room) || given.has(room));
        expect(w.registry.users(room).map(({ id }) => id).sort()).toEqual([...new Set(there.map(({ user }) => user))].sort());
        expect(w.registry.connectionCount(room)).toBe(there.length);
        for (const { client, watches } of open) {
          const count = client.all().findLast((message) => message.type === "count" && message.room === room);
          const users = w.registry.userCount(room);
          const limited = watches.get(room) === "users" && (users > maxWatched || (users > 0.9 * maxWatched && !agrees(w, client, room)));
          if (watches.get(room) === "count" || limited) {
            expect(count).toMatchObject(limited ? { limited } : {});
            expect(count).toMatchObject({ users, connections: there.length });
          } else if (watches.get(room) === "users") expect([client.peer, room, agrees(w, client, room)]).toEqual([client.peer, room, true]);
        }
      }
      expect(w.registry.health().connections).toBe(ROOMS.reduce((sum, room) => sum + w.registry.connectionCount(room), 0));
      // Comings and goings alternate, and end as the rooms say.
      const here = new Set<string>();
      for (const [name, { room, ...event }] of w.told as [string, { room: string; user: string }][]) {
        const key = `${room} ${event.user}`;
        if (name === "joined") expect([key, here.has(key), here.add(key).has(key)]).toEqual([key, false, true]);
        if (name === "left") expect([key, here.delete(key)]).toEqual([key, true]);
      }
      expect([...here].sort()).toEqual(ROOMS.flatMap((room) => w.registry.users(room).map(({ id }) => `${room} ${id}`)).sort());
      w.registry.close();
      expect(w.clock.pending).toBe(0);
    }), { numRuns: 60 });
  });
});
