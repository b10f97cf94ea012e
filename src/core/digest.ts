// Digests count modulo 2^48: exact in a double here, in Lua and everywhere else.

/** The digest with a connection's tag in it. Reduced at each step: a long sum would lose its last digits. */
export function addTag(digest: number, tag: number): number {
  return (digest + tag) % 2 ** 48;
}

/** The digest without that tag. */
export function dropTag(digest: number, tag: number): number {
  return addTag(digest, 2 ** 48 - tag);
}
