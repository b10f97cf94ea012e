/**
 * How a face looks without a word of the page's own: system colours, so that it is light or dark as the page is, logical sides, so that it turns
 * with the text; nothing moves for those who asked for that, and where colours are the system's few, lines say what they said. The names are there
 * for readers that speak, and seen on hover and focus. No quotes, "<", ">" and "&": what renders pages on a server would escape them.
 */
export const LOOK = `
:host{display:inline-block}
.hc-face{--hc:var(--user-presence-size,2rem);position:relative;display:inline-flex;align-items:center;gap:var(--user-presence-gap,.5rem);padding:.25rem 0;border-radius:.5rem;line-height:1.4}
.hc-face,.hc-face *{box-sizing:border-box}
.hc-face:focus-visible,.hc-names:focus-visible{outline:2px solid;outline-offset:2px}
.hc-stack{display:flex}
.hc-state{display:flex;flex-wrap:wrap;align-items:baseline;column-gap:.5em}
.hc-count{white-space:nowrap}
.hc-avatar{position:relative;flex:none;display:grid;place-items:center;overflow:hidden;width:var(--hc);height:var(--hc);border-radius:50%;font-size:calc(var(--hc)*.36);font-weight:600;line-height:1}
.hc-more{width:auto;min-width:var(--hc);padding:0 .4em;border-radius:99px;background:color-mix(in srgb,CanvasText 14%,Canvas);color:CanvasText}
.hc-stack .hc-avatar{box-shadow:0 0 0 2px var(--user-presence-ring,Canvas)}
.hc-stack .hc-avatar+.hc-avatar{margin-inline-start:calc(var(--hc)*-.1)}
.hc-picture{position:absolute;inset:0;width:100%;max-width:none;height:100%;object-fit:cover}
.hc-names,.hc-said,:is([data-state=idle],[data-state=syncing]) .hc-status{position:absolute;width:1px;height:1px;margin:0;padding:0;overflow:hidden;clip-path:inset(50%)}
.hc-names:empty{display:none}
.hc-face:is(:hover,:focus-within):not([data-off]) .hc-names{z-index:9;top:100%;inset-inline-start:0;width:max-content;height:auto;max-width:min(18rem,90vw);max-height:50vh;padding:.375rem .5rem;overflow:auto;clip-path:none;border-radius:.625rem;background:Canvas;color:CanvasText;box-shadow:0 0 0 1px #8884,0 .5rem 1.5rem #0003}
.hc-person{--hc:1.5rem;display:flex;align-items:center;gap:.5rem;padding:.1875rem .125rem;overflow-wrap:anywhere}
.hc-dot{flex:none;width:.5rem;height:.5rem;border-radius:50%;background:GrayText}
[data-state=live] .hc-dot{background:var(--user-presence-live,#16a34a)}
.hc-status{font-size:.875em}
:is([data-state=stale],[data-state=ended]) .hc-avatar{filter:grayscale(1)}
@media (prefers-reduced-motion:no-preference){[data-state=stale] .hc-dot{animation:hc-beat 1s infinite alternate}@keyframes hc-beat{to{opacity:.3}}}
@media (forced-colors:active){.hc-avatar,.hc-names{border:1px solid}[data-state] .hc-dot{border:1px solid;background:Canvas}[data-state=live] .hc-dot{background:CanvasText}}
`;
