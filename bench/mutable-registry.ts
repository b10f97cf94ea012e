import type { Fact } from "../src/core/event.js";

/**
 * What one writes by hand: room → user → connection → meta, edited in place, counts read off the sizes.
 * It keeps no position, age, order or digest, no older version, and can't tell that it missed something.
 */
export class MutableRegistry {
  readonly rooms = new Map<string, Map<string, Map<string, unknown>>>();

  apply(name: string, fact: Fact<unknown>): void {
    if (fact.type === "connect") this.join(name, fact.user, fact.conn, fact.meta);
    else this.leave(name, fact.user, fact.conn);
  }

  join(name: string, user: string, conn: string, meta: unknown): void {
    let room = this.rooms.get(name);
    if (!room) this.rooms.set(name, (room = new Map<string, Map<string, unknown>>()));
    let connections = room.get(user);
    if (!connections) room.set(user, (connections = new Map<string, unknown>()));
    connections.set(conn, meta);
  }

  leave(name: string, user: string, conn: string): void {
    const room = this.rooms.get(name);
    const connections = room?.get(user);
    if (!room || !connections?.delete(conn) || connections.size > 0) return;
    room.delete(user);
    if (room.size === 0) this.rooms.delete(name);
  }

  userCount(name: string): number {
    return this.rooms.get(name)?.size ?? 0;
  }

  connectionCount(name: string): number {
    let count = 0;
    for (const connections of this.rooms.get(name)?.values() ?? []) count += connections.size;
    return count;
  }
}
