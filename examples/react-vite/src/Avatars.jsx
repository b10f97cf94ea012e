import { useUserCount, useUsers } from "headcount/react";
import { colourOf } from "./colour.js";

/** Who is here: a face for each. Drawn again when somebody comes or goes, not when a cursor moves. */
export function Avatars({ room, stale }) {
  const ids = useUsers(room, (users) => users.map((user) => user.id));
  const count = useUserCount(room);
  return (
    <div className="avatars" data-stale={stale} role="group" aria-label="Who is here">
      <ul>{ids?.slice(0, 5).map((id) => <li key={id} title={id} style={{ background: colourOf(id) }}>{[...id][0]}</li>)}</ul>
      <span role="status">{count === undefined ? "…" : `${count} here${stale ? ", reconnecting" : ""}`}</span>
    </div>
  );
}
