import { LOOK } from "./look.js";

/** A page takes only sheets of its own making, and an element may move to another window's. */
const sheets = new WeakMap<Document, CSSStyleSheet>();

/**
 * Gives the look to the page or the shadow in which an element is, once: by a sheet made by script, which no content security policy forbids.
 * Where there are no such sheets (a page simulated for tests), or no window any more (a popup that was closed), it does nothing.
 */
export function dress(element: Element): void {
  const { ownerDocument: page } = element;
  const view = page.defaultView;
  // What is in no page yet will be in this one.
  const adopted = (element.getRootNode() as Partial<Document>).adoptedStyleSheets ?? (page as Partial<Document>).adoptedStyleSheets;
  if (!adopted || !view) return;
  let sheet = sheets.get(page);
  if (!sheet) {
    sheets.set(page, (sheet = new view.CSSStyleSheet()));
    sheet.replaceSync(LOOK);
  }
  if (!adopted.includes(sheet)) adopted.push(sheet);
}
