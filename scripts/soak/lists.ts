/** A connection as a list shows it. */
export type Shown = { readonly user: string; readonly meta: unknown };

/** A room in words that are the same wherever it is looked at: two numbers, and everybody with what their connections show. */
export function roomText(users: number, connections: number, shown: Iterable<Shown>): string {
  const byUser = new Map<string, string[]>();
  for (const { user, meta } of shown) {
    const text = JSON.stringify(meta);
    const metas = byUser.get(user);
    if (metas) metas.push(text);
    else byUser.set(user, [text]);
  }
  const people = [...byUser].sort(([a], [b]) => (a < b ? -1 : 1)).map(([user, metas]) => `${user} ${metas.sort().join(" + ")}`);
  return `${countsText(users, connections)}: ${people.join(", ")}`;
}

export function countsText(users: number | undefined, connections: number | undefined): string {
  return `${String(users)} people, ${String(connections)} connections`;
}

/** The room of these connections, counted here. */
export function truthText(shown: readonly Shown[]): string {
  return roomText(new Set(shown.map(({ user }) => user)).size, shown.length, shown);
}

/** Users as the library lists them. What they show must be what their youngest connection does. */
export function usersText(userCount: number | undefined, connectionCount: number | undefined, users: readonly Listed[]): string {
  const odd = users.filter(({ meta, connections }) => {
    const youngest = connections.reduce((a, b) => (b.first > a.first ? b : a));
    return JSON.stringify(youngest.meta) !== JSON.stringify(meta);
  });
  const text = roomText(userCount ?? NaN, connectionCount ?? NaN, users.flatMap(({ id, connections }) => connections.map(({ meta }) => ({ user: id, meta }))));
  return odd.length === 0 ? text : `${text}; not what their youngest connection shows: ${odd.map(({ id, meta }) => `${id} ${JSON.stringify(meta)}`).join(", ")}`;
}

type Listed = { readonly id: string; readonly meta: unknown; readonly connections: readonly { readonly first: number; readonly meta: unknown }[] };
