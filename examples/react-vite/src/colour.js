/** The same colour for the same person, in every page; white can be read on it. */
export function colourOf(id) {
  let hash = 0;
  for (const character of id) hash = Math.imul(hash + character.codePointAt(0), 0x9e3779b1);
  return `oklch(.53 .13 ${(hash >>> 8) % 360})`;
}
