/**
 * How a face looks without a word of the page's own: system colours, so that it is light or dark as the page is, logical sides, so that it turns
 * with the text; nothing moves for those who asked for that. The names are there for readers that speak, and seen on hover and focus.
 */
export const LOOK = `
.hc{--s:var(--user-presence-size,2rem);position:relative;display:inline-flex;align-items:center;gap:var(--user-presence-gap,.5rem);border-radius:99px}
.hc:focus-visible{outline:2px solid;outline-offset:.25rem}
.stack{display:flex}
.count{white-space:nowrap}
.names:empty{display:none}
.avatar{position:relative;flex:none;display:grid;place-items:center;overflow:hidden;width:var(--s);height:var(--s);border-radius:50%;background:CanvasText;color:Canvas;font-size:calc(var(--s)*.38);font-weight:600}
.stack .avatar{box-shadow:0 0 0 2px var(--user-presence-ring,Canvas)}
.stack .avatar+.avatar{margin-inline-start:calc(var(--s)*-.12)}
.picture{position:absolute;width:100%;height:100%;object-fit:cover}
.names,.said,[data-state=syncing] .status{position:absolute;width:1px;height:1px;margin:0;padding:0;overflow:hidden;clip-path:inset(50%)}
.hc:is(:hover,:focus):not([data-off]) .names{z-index:9;top:100%;inset-inline-start:0;width:max-content;height:auto;max-width:min(18rem,90vw);max-height:50vh;padding:.5rem;overflow:auto;clip-path:none;border-radius:.5rem;background:Canvas;color:CanvasText;box-shadow:0 0 0 1px #8886}
.person{--s:1.5rem;display:flex;align-items:center;gap:.5rem;padding:.125rem;overflow-wrap:anywhere}
.dot{flex:none;width:.5rem;height:.5rem;border-radius:50%;background:GrayText}
[data-state=live] .dot{background:var(--user-presence-live,#16a34a)}
.status{font-size:.875em;margin-inline-start:.5em}
:is([data-state=stale],[data-state=ended]) .avatar{filter:grayscale(1)}
@media (prefers-reduced-motion:no-preference){[data-state=stale] .dot{animation:a 1s infinite alternate}@keyframes a{to{opacity:.3}}}
`;
