import { usePresence, UserPresence } from "headcount/react";
import { Cursors } from "./Cursors.jsx";

export function Document() {
  const { status, update } = usePresence("document");
  const point = ({ clientX, clientY, currentTarget }) => {
    // In parts of the sheet, whose size is another in each window.
    const { left, top, width, height } = currentTarget.getBoundingClientRect();
    update({ cursor: [(clientX - left) / width, (clientY - top) / height] });
  };
  return (
    <>
      <header>
        <h1>Where we meet</h1>
        <UserPresence room="document" />
      </header>
      <main className="sheet" onPointerMove={point} onPointerLeave={() => update({})}>
        <p>Open this page in a second tab: you are still one person. Open it as <a href="?user=Bob" target="_blank" rel="noreferrer">Bob</a>, put the windows side by side, and move the mouse.</p>
        <p>Refresh a tab, and nobody sees you leave. Close it, and your cursor is gone. Stop the server, and those who were here stay, in grey, until it is back.</p>
        <Cursors room="document" stale={status === "stale"} />
      </main>
    </>
  );
}
