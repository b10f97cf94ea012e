import type { Socket } from "socket.io";

type Conn = Socket["conn"];
type Ear = { heard(): void };

/** Tells links of each packet of their connection, pongs too. Namespaces share a connection: one listener for all of them, or Node warns of a leak. */
export function createHearing(): (conn: Conn, ear: Ear) => () => void {
  const known = new WeakMap<Conn, { readonly ears: Set<Ear>; readonly heard: () => void }>();

  function earsOf(conn: Conn): { readonly ears: Set<Ear>; readonly heard: () => void } {
    const ears = new Set<Ear>();
    const found = known.get(conn) ?? { ears, heard: () => { for (const ear of ears) ear.heard(); } };
    known.set(conn, found);
    return found;
  }

  return (conn, ear) => {
    const { ears, heard } = earsOf(conn);
    if (ears.size === 0) conn.on("packet", heard);
    ears.add(ear);
    return () => {
      ears.delete(ear);
      if (ears.size === 0) conn.off("packet", heard);
    };
  };
}
