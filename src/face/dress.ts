import { LOOK } from "./look.js";

const sheets = new WeakMap<Document, CSSStyleSheet>();

/**
 * Gives the look to the page or the shadow in which an element is, once: by a sheet made by script, which no content security policy forbids.
 * Where there are no such sheets (a page simulated for tests) it does nothing.
 */
export function dress(element: Element): void {
  const page = element.ownerDocument;
  const root = element.getRootNode() as ShadowRoot;
  // What is in no page yet will be in this one.
  const scope: DocumentOrShadowRoot = "host" in root ? root : page;
  const Sheet = page.defaultView?.CSSStyleSheet;
  if (!Sheet || !("adoptedStyleSheets" in scope)) return;
  let sheet = sheets.get(page);
  if (!sheet) {
    // Of the page's own making: another window's are not taken.
    sheets.set(page, (sheet = new Sheet()));
    sheet.replaceSync(LOOK);
  }
  if (!scope.adoptedStyleSheets.includes(sheet)) scope.adoptedStyleSheets = [...scope.adoptedStyleSheets, sheet];
}
