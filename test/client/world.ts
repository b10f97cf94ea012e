import { createClient, type Client, type ClientOptions } from "../../src/client/client.js";
import type { View } from "../../src/client/view-show.js";
import { fakeClock, fakeTransport, type FakeClock, type FakeTransport } from "../support/fake-transport.js";

export const WELCOME = { type: "welcome", v: 1, lease: 75_000, every: 25_000, jitter: 10_000, limits: { meta: 4096, frame: 65_536, id: 256, rooms: 100, rate: 50 } };

export type World = {
  readonly clock: FakeClock;
  readonly wire: FakeTransport;
  readonly client: Client;
  /** A link comes up and is welcomed; what the client says upon it. */
  greet(): ReturnType<FakeTransport["take"]>;
};

/** A client whose server, time and luck are the test's. Chance is 0 unless set. */
export function world(options: Partial<ClientOptions> = {}): World {
  const clock = fakeClock();
  const wire = fakeTransport();
  const client = createClient({ transport: wire, clock, random: () => 0, ...options });
  return {
    clock,
    wire,
    client,
    greet() {
      wire.take();
      wire.open();
      wire.say(WELCOME);
      return wire.take().filter(({ type }) => type !== "hello");
    },
  };
}

/** What a person sees of a view, in short. */
export function names(view: View<unknown>): readonly string[] | undefined {
  return view.users?.map(({ id }) => id);
}
