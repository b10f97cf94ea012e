import fc from "fast-check";
import type { RoomEvent } from "../core/event.js";
import { sameJson } from "../core/json.js";
import { since } from "../server/log.js";
import { arrived, courses, deltaOf, fates, forks, heartbeatAt, histories, snapshotAt, type Delivery, type History } from "./arbitraries.js";
import { followed, tellDelivery, tellHistories, truthAt, type Told } from "./follow.js";
import { freeze } from "./freeze.js";
import { difference, law, type Hold, type Law, type Shown, type Verdict, type Watched } from "./law.js";
import { peopleOf } from "./rows.js";
import { name, tellEvent, tellFacts } from "./story.js";

export { changes } from "./changes-law.js";

/**
 * A reducer leaves its arguments as they are, and does the same with the same ones (R1).
 * All that is frozen is frozen for it, so that a write throws. Throws a `LawError`.
 */
export const purity: Law = law("purity (R1)", <S>(subject: Watched<S>, hold: Hold) => {
  const { reduce } = subject;
  const copy = (state: S): Shown => structuredClone(subject.show(state));
  hold(courses({ lies: true }), (one) => {
    let was: Shown | undefined;
    const noted: Watched<S> = {
      ...subject,
      reduce: (state, event) => {
        was = copy(state);
        return reduce(state, freeze(event));
      },
    };
    return followed(noted, one, (before, delivery, after) => {
      if (delivery.doubt) return [];
      const is = copy(after);
      if (was && !sameJson(copy(before), was)) return ["it changed the state that it was given", ...difference(copy(before), was)];
      const again = copy(reduce(before, delivery.event));
      if (!sameJson(copy(after), is)) return ["it changed the state that it had returned", ...difference(copy(after), is)];
      return sameJson(again, is) ? [] : ["it does otherwise when it hears the same again from the same state", ...difference(again, is)];
    });
  });
});

/** What changes nothing comes back as the same reference, so that `===` is enough to know it (R2). Throws a `LawError`. */
export const identity: Law = law("identity (R2)", (subject, hold) => {
  const { reduce } = subject;
  hold(courses({ lies: false }), (one) =>
    followed(subject, one, (_, delivery, after) => {
      const again = delivery.doubt ? subject.doubt(after) : reduce(after, delivery.event);
      return again === after ? [] : ["the same once more, and it returns another object"];
    }));
});

/** What is heard a second time, at once, changes nothing that is shown or asked (R2, R3). Throws a `LawError`. */
export const idempotence: Law = law("idempotence (R2, R3)", (subject, hold) => {
  const { reduce, show, ask } = subject;
  hold(courses({ lies: false }), (one) =>
    followed(subject, one, (_, delivery, after) => {
      if (delivery.doubt) return [];
      const again = reduce(after, delivery.event);
      const wrong = difference(show(again), show(after));
      if (wrong.length > 0) return ["the same once more", ...wrong];
      return sameJson(ask(again), ask(after)) ? [] : [`the same once more: it asks ${JSON.stringify(ask(again))}, and asked ${JSON.stringify(ask(after))} before`];
    }));
});

/**
 * Wherever a follower stands, it shows exactly what was true there: people, order, metas, times and counts; whatever it
 * heard before, in whatever order, of whatever epochs, with whatever wrong digests (R3, R4, R8, R11). Throws a `LawError`.
 */
export const truth: Law = law("truth (R3, R4, R8, R11)", (subject, hold) => {
  const { show } = subject;
  hold(courses({ lies: true }), (one) => followed(subject, one, (_, __, after) => difference(show(after), truthAt(one[0], show(after)))));
});

/** Counts are those of the lists, everybody listed is there by a connection, and nobody is listed twice (R9). Throws a `LawError`. */
export const counts: Law = law("counts (R9)", (subject, hold) => {
  hold(courses({ lies: true }), (one) =>
    followed(subject, one, (_, __, after) => {
      const { users, userCount, connectionCount } = subject.show(after);
      const conns = users.flatMap(({ connections }) => connections.map(({ conn }) => conn));
      const wrong: string[] = [];
      if (userCount !== new Set(users.map(({ id }) => id)).size || userCount !== users.length) wrong.push(`it counts ${userCount} people and lists ${users.map(({ id }) => name(id)).join(", ") || "nobody"}`);
      if (connectionCount !== conns.length || new Set(conns).size !== conns.length) wrong.push(`it counts ${connectionCount} connections and lists ${conns.map(name).join(", ") || "none"}`);
      for (const { id, connections } of users) if (connections.length === 0) wrong.push(`${name(id)} is listed without a connection`);
      return wrong;
    }));
});

/** A delta takes every room between its ends to exactly the room at its end, and any other nowhere (R4). Throws a `LawError`. */
export const deltas: Law = law("deltas (R4)", (subject, hold) => {
  const { reduce, show, start } = subject;
  hold(fc.tuple(histories(), fc.nat(), fc.nat()), ([history, a, b]) => {
    const last = history.facts.length;
    if (last === 0) return undefined;
    const from = a % last;
    const to = from + 1 + (b % (last - from));
    const delta = deltaOf(history, from, to);
    for (const seq of history.rows.keys()) {
      const snapshot = snapshotAt(history, seq);
      const wrong = difference(show(reduce(reduce(start, snapshot), delta)), truthAt([history], { epoch: history.epoch, seq: seq >= from && seq < to ? to : seq }));
      if (wrong.length > 0) return { story: [...tellFacts(history.facts), `it hears ${tellEvent(snapshot)}`, `it hears ${tellEvent(delta)}`, ...wrong] };
    }
    return undefined;
  });
});

/**
 * A snapshot and the deltas of its epoch, some of which overlap or come twice, lead to the same room in whatever order
 * they come, and leave nothing to ask (R3). A reducer that holds nothing back for later need not keep this one. Throws a `LawError`.
 */
export const commutation: Law = law("commutation (R3)", (subject, hold) => {
  const { reduce } = subject;
  const cuts = fc.array(fc.tuple(fc.integer({ min: 1, max: 6 }), fc.nat(2)), { minLength: 1 });
  const cases = fc.tuple(histories(), fc.nat(), cuts, fates({ loses: false, late: 12 })).map(([history, at, cut, drawn]) => {
    const last = history.facts.length;
    const sent: RoomEvent<unknown>[] = [snapshotAt(history, at % (last + 1))];
    for (let from = 0, i = 0; from < last; i++) {
      const [reach, back] = cut[i % cut.length] ?? [1, 0];
      const to = Math.min(last, from + reach);
      sent.push(deltaOf(history, Math.max(0, from - back), to));
      from = to;
    }
    return [history, arrived(sent, drawn)] as const;
  });
  hold(cases, ([history, heard]) => {
    const state = heard.reduce(reduce, subject.start);
    const wrong = [...difference(subject.show(state), truthAt([history], { epoch: history.epoch, seq: history.facts.length })), ...asks(subject, state)];
    return wrong.length > 0 ? { story: [...tellFacts(history.facts), ...heard.map((event) => `it hears ${tellEvent(event)}`), ...wrong] } : undefined;
  });
});

/**
 * Whatever was lost, repeated or out of order, once a follower hears where the log stands, one answer to what it asks
 * makes its room that of the log (R13). Throws a `LawError`.
 */
export const convergence: Law = law("convergence (R13)", (subject, hold) => {
  const cases = fc.tuple(courses({ lies: false }), fc.constantFrom(0, 0, 0, 0, 1, 2));
  hold(cases, ([[all, heard], which]) => {
    const living = all[which];
    if (!living) return undefined;
    const heartbeat: Delivery = { doubt: false, event: heartbeatAt(living, living.facts.length) };
    return answered(subject, [all, [...heard, heartbeat]], living);
  });
});

/**
 * A follower whose room has become another than its log's, for whatever reason, finds out by the next digest that it
 * hears, and is mended by one answer (R6, R13). Throws a `LawError`.
 */
export const drift: Law = law("drift (R6, R13)", (subject, hold) => {
  hold(fc.tuple(forks, fc.nat()), ([fork, at]) => {
    const { room, window } = fork.log;
    // Where both have been: at the same seq they hold different people, at a later one too.
    const seq = at % (Math.min(room.seq, fork.facts.length) + 1);
    const digest = seq === 0 ? 0 : window[seq - 1]?.digest;
    const news = digest === undefined ? undefined : since(fork.log, { pos: { epoch: fork.epoch, seq, digest }, full: false }, 0);
    if (!news || news.type === "later") return undefined;
    return answered(subject, [[fork], [snapshotAt(fork, seq), news].map((event) => ({ doubt: false, event }))], fork);
  });
});

/**
 * A follower whose link comes up anew needs no heartbeat: the one answer to what it asks makes its room that of the log; after
 * wrong digests, and after a log that lost its end and went on otherwise, too (R5, R7, R13). Throws a `LawError`.
 */
export const recovery: Law = law("recovery (R5, R7, R13)", (subject, hold) => {
  const lied = fc.tuple(courses({ lies: true }), fc.nat(2)).map(([[all, heard], which]) => ({ all, heard, living: all[which] }));
  const forked = fc.tuple(forks, fc.nat()).map(([fork, at]) => ({ all: [fork], heard: [{ doubt: false, event: snapshotAt(fork, at % fork.rows.length) }], living: fork }));
  hold(fc.oneof(lied, forked), ({ all, heard, living }) => living && answered(subject, [all, [...heard, { doubt: true }]], living));
});

/** Hears it all, asks the log once, and compares. */
function answered<S>(subject: Watched<S>, [all, heard]: Told, { log }: History): Verdict {
  const { reduce, doubt, start, ask, show } = subject;
  let state = heard.reduce((room, delivery) => (delivery.doubt ? doubt(room) : reduce(room, delivery.event)), start);
  const story = [...tellHistories(all, heard), ...heard.map(tellDelivery)];
  const wish = ask(state);
  const answer = wish && freeze(since(log, wish, 1_000_000));
  if (answer && answer.type !== "later") {
    story.push(`it asks ${JSON.stringify(wish)}`, `it hears ${tellEvent(answer)}`);
    state = reduce(state, answer);
  } else story.push("it asks nothing");
  const { epoch, seq } = log.room;
  const users = peopleOf([...log.room.users.values()].flatMap(({ connections }) => connections));
  const should = { epoch, seq, users, userCount: users.length, connectionCount: users.reduce((sum, { connections }) => sum + connections.length, 0) };
  const wrong = [...difference(show(state), should), ...asks(subject, state)];
  return wrong.length > 0 ? { story: [...story, ...wrong] } : undefined;
}

function asks<S>({ ask }: Watched<S>, state: S): string[] {
  const still = ask(state);
  return still ? [`it still asks ${JSON.stringify(still)}`] : [];
}
