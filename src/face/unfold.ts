let unfolded: HTMLElement;

/** Of a face that a pointer or a focus came to, the names, which have just appeared, are moved into the window. Escape puts them away until the next time. */
export function unfold(names: HTMLElement): void {
  unfolded = names;
  // Wherever the focus is. The same listener is added once.
  addEventListener("keydown", fold);
  names.style.cssText = "translate:0";
  const { left, right, top, bottom } = names.getBoundingClientRect();
  names.style.translate = `${shift(left, right, innerWidth)}px ${shift(top, bottom, innerHeight)}px`;
}

function fold({ key }: KeyboardEvent): void {
  if (key === "Escape") unfolded.style.clipPath = "inset(50%)";
}

/** What brings a side into a window of that size, whose scroll bar takes some of it. */
function shift(from: number, to: number, size: number): number {
  return Math.max(-from, Math.min(0, size - 20 - to));
}
