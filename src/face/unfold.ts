type Target = { readonly currentTarget: EventTarget };

const namesOf = (face: HTMLElement): HTMLElement => face.querySelector(".hc-names") as HTMLElement;

/** For a pointer or a focus that came to a face: its names, which have just appeared, are moved into the window, and can be scrolled by keyboard if they are many. */
export function unfold({ currentTarget }: Target): void {
  const face = currentTarget as HTMLElement;
  const names = namesOf(face);
  delete face.dataset.off;
  names.style.translate = "0";
  const { left, right, bottom, height } = names.getBoundingClientRect();
  const { top, height: own } = face.getBoundingClientRect();
  const { clientWidth, clientHeight } = face.ownerDocument.documentElement;
  const up = bottom > clientHeight && top > height;
  names.style.translate = `${Math.max(4 - left, Math.min(0, clientWidth - 4 - right))}px ${up ? -height - own : 0}px`;
  names.tabIndex = names.scrollHeight > names.clientHeight ? 0 : -1;
}

/** For a key: Escape puts the names away until the next `unfold`. */
export function fold({ currentTarget, key }: Target & { readonly key: string }): void {
  if (key !== "Escape") return;
  const face = currentTarget as HTMLElement;
  // From the names, which won't be seen any more.
  face.focus();
  namesOf(face).tabIndex = -1;
  face.dataset.off = "";
}
