/**
 * The address of a picture as it may be loaded: `https:`, `http:` and `blob:`, relative ones too, and bitmaps as `data:`. `undefined` for whatever else it is.
 * @param base what a relative address is relative to; without one there are none.
 */
export function safePicture(address: unknown, base?: string): string | undefined {
  if (!address || typeof address !== "string") return undefined;
  try {
    const { href } = new URL(address, base);
    return /^(https?:|blob:|data:image\/(?!svg))/i.test(href) ? href : undefined;
  } catch {
    return undefined;
  }
}
