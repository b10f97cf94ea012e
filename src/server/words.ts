/** A name from outside, so that nothing in it can be taken for our words, or steer a terminal. */
export function named(name: string): string {
  return JSON.stringify(name).replace(/[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** The same, without quotes where there is nothing to be mistaken about. */
export function person(user: string): string {
  return /^[\w.@-]+$/.test(user) ? user : named(user);
}

/** Milliseconds as seconds: `75 s`, `0.050 s`. */
export function seconds(ms: number): string {
  return `${Number.isInteger(ms / 1_000) ? ms / 1_000 : (ms / 1_000).toFixed(3)} s`;
}

/** Milliseconds as people say them: `12 s`, `3 min`, `5 h`. */
export function roughly(ms: number): string {
  const s = Math.round(Math.max(0, ms) / 1_000);
  return s < 120 ? `${s} s` : s < 7_200 ? `${Math.round(s / 60)} min` : `${Math.round(s / 3_600)} h`;
}
