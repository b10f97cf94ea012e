/** The characters as people count them: a family of emoji is one. */
export function charactersOf(text: string): readonly string[] {
  return [...new Intl.Segmenter().segment(text)].map(({ segment }) => segment);
}

/**
 * A name as it may be shown: on one line, without characters that turn the text around it, at most `most` UTF-16 code units with "…" where it was cut.
 * `undefined` when nothing of it would be seen, or it is no string.
 */
export function safeName(name: unknown, most = 60): string | undefined {
  if (typeof name !== "string") return undefined;
  // Cut first: what is cut may be long, and all that follows looks at each character.
  const text = name.slice(0, 8 * most).normalize().replace(/[\s\p{Bidi_C}\p{Cc}\p{Cs}\u200b]+/gu, " ").trim();
  if (!/[^\p{DI}\s\u2800]/u.test(text)) return undefined;
  if (text.length <= most) return text;
  let kept = "";
  for (const character of charactersOf(text)) {
    // A single character may be longer than a whole name: thousands of accents on one letter.
    if (kept.length + character.length >= most) return `${kept || "?"}…`;
    kept += character;
  }
  return kept;
}
