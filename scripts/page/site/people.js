// The list of people: one element for each, kept while they are here.

/** @returns {string} the first letters of the first and the last word */
function initials(name) {
  const words = name.replace(/\(.*/s, "").match(/[\p{L}\p{N}]\S*/gu) ?? ["?"];
  const ends = words.length > 1 ? [words[0], words.at(-1)] : words;
  return ends.map((word) => [...word][0]).join("").toUpperCase();
}

function hue(id) {
  let sum = 7;
  for (const letter of id) sum = (Math.imul(sum, 31) + letter.codePointAt(0)) >>> 0;
  // By the golden angle, so that ids that differ by one differ in colour.
  return Math.round(sum * 137.508) % 360;
}

export const tabs = (count) => (count === 1 ? "1 tab" : `${count} tabs`);

/** What somebody calls themselves; the id where they say nothing. */
export const nameOf = (user) => (typeof user.meta?.name === "string" ? user.meta.name : user.id);

/** Which ways a person's connections came by, in words. */
function ways(user) {
  return [...new Set(user.connections.map(({ meta }) => meta?.link).filter(Boolean))].sort().join(" + ");
}

function element(tag, className, ...children) {
  const made = document.createElement(tag);
  made.className = className;
  made.append(...children);
  return made;
}

function createCard(user) {
  const avatar = element("span", "avatar");
  avatar.setAttribute("aria-hidden", "true");
  avatar.style.setProperty("--hue", String(hue(user.id)));
  const name = element("span", "name");
  const you = element("span", "you", "you");
  const more = element("span", "more");
  const dots = element("span", "dots");
  dots.setAttribute("aria-hidden", "true");
  const card = element("li", "person", avatar, element("span", "who", element("span", "line", name, you), element("span", "line", dots, more)));
  card.dataset.user = user.id;
  return { card, avatar, name, you, more, dots };
}

/** Shows people in a list element. */
export function createPeople(list) {
  const cards = new Map();

  function paint(user, own) {
    const shown = cards.get(user.id) ?? createCard(user);
    cards.set(user.id, shown);
    const name = nameOf(user);
    const count = user.connections.length;
    // A change moves something in the card; a look at it shows which.
    if (shown.card.dataset.tabs !== undefined && (shown.name.textContent !== name || shown.card.dataset.tabs !== String(count))) flash(shown.card);
    shown.name.textContent = name;
    shown.name.title = name;
    shown.avatar.textContent = initials(name);
    shown.more.textContent = `${tabs(count)} · ${ways(user)}`;
    shown.dots.replaceChildren(...Array.from({ length: Math.min(count, 6) }, () => document.createElement("i")));
    shown.you.hidden = user.id !== own;
    shown.card.dataset.tabs = String(count);
    shown.card.dataset.you = String(user.id === own);
    return shown.card;
  }

  return function show(users, own) {
    const wanted = users.map((user) => paint(user, own));
    const ids = new Set(users.map(({ id }) => id));
    for (const [id, { card }] of cards) {
      if (ids.has(id)) continue;
      cards.delete(id);
      card.remove();
    }
    // Only what stands elsewhere is moved: a card that moves starts its animation again.
    wanted.forEach((card, i) => {
      if (list.children[i] !== card) list.insertBefore(card, list.children[i] ?? null);
    });
  };
}

function flash(card) {
  card.classList.remove("changed");
  // Read, so that the browser sees the class go before it comes again.
  void card.offsetWidth;
  card.classList.add("changed");
}
