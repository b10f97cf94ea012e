/**
 * How a face looks without a word of the page's own: system colours, so that it is light or dark as the page is, logical sides, so that it turns
 * with the text; nothing moves. The names are there for readers that speak, and seen on hover and focus. Outlines that are transparent are seen
 * where colours are the system's few. No quotes, "<", ">" and "&": what renders pages on a server would escape them.
 */
export const LOOK = `
.hc-face{--hc:var(--user-presence-size,2rem);position:relative;display:inline-flex;align-items:center;gap:var(--user-presence-gap,.5rem);text-align:start}
.hc-stack{display:flex}
.hc-count{white-space:nowrap}
.hc-status{display:block;font-size:.875em}
.hc-avatar,.hc-dot{flex:none;border-radius:9rem;outline:1px solid #0000}
.hc-avatar{position:relative;display:grid;place-items:center;overflow:hidden;box-sizing:border-box;width:var(--hc);height:var(--hc);font-size:calc(var(--hc)*.36);font-weight:600;color:#fff;box-shadow:0 0 0 2px var(--user-presence-ring,Canvas)}
.hc-avatar:not([style]){width:auto;min-width:var(--hc);padding:0 .5em}
.hc-names,.hc-avatar:not([style]){border:1px solid #8884;background:Canvas;color:CanvasText}
.hc-avatar+[style]{margin-inline-start:calc(var(--hc)*-.1)}
.hc-picture{position:absolute;width:100%;height:100%;object-fit:cover}
.hc-names,.hc-said,[data-state=syncing] .hc-status{position:absolute;inset:0;margin:0;overflow:hidden;clip-path:inset(50%)}
.hc-face:is(:hover,:focus-within) .hc-names{z-index:9;inset:100% auto auto;inset-inline-start:0;width:max-content;max-width:18rem;max-height:50vh;padding:.5rem;overflow:auto;clip-path:none;border-radius:.5rem;box-shadow:0 .5rem 1rem #8884}
.hc-person{--hc:1.5rem;display:flex;align-items:center;gap:.5rem;padding:.125rem;overflow-wrap:anywhere}
.hc-dot{padding:.25rem;background:GrayText}
[data-state=live] .hc-dot{background:var(--user-presence-live,#16a34a)}
[data-state=stale] .hc-avatar{filter:grayscale(1)}
`;
