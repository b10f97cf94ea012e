/** Of a face that a pointer or a focus came to, the names, which have just appeared, are moved into the window. `data-off` is what put them away: Escape. */
export function unfold(names: HTMLElement): void {
  delete names.dataset.off;
  names.style.translate = "0";
  const { left, right, top, bottom } = names.getBoundingClientRect();
  names.style.translate = `${shift(left, right, innerWidth)}px ${shift(top, bottom, innerHeight)}px`;
}

/** What brings a side into a window of that size, whose scroll bar takes some of it. */
function shift(from: number, to: number, size: number): number {
  return Math.max(-from, Math.min(0, size - 20 - to));
}
