import { useUsers } from "headcount/react";
import { colourOf } from "./colour.js";
import { me } from "./me.js";

/** Where the others point. */
export function Cursors({ room, stale }) {
  return useUsers(room)?.map(({ id, meta }) => {
    // Whatever others sent arrives here.
    const [x, y] = Array.isArray(meta?.cursor) ? meta.cursor.map(Number) : [];
    if (id === me || !(x >= 0 && x <= 1 && y >= 0 && y <= 1)) return null;
    return (
      <div key={id} className="cursor" data-stale={stale} aria-hidden="true" style={{ left: `${x * 100}%`, top: `${y * 100}%`, "--colour": colourOf(id) }}>
        <svg width="16" height="18" viewBox="0 0 16 18"><path d="M1 1l13 8-6 1-3 6z" /></svg>
        <span>{id}</span>
      </div>
    );
  });
}
