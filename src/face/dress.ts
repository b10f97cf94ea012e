import { LOOK } from "./look.js";

let sheet: CSSStyleSheet | undefined;

/**
 * Gives the look to the page or the shadow in which an element is, once: by a sheet made by script, which no content security policy forbids.
 * Where there are no such sheets (a page simulated for tests) it does nothing. Another window's page does not get it.
 */
export function dress(element: Element): void {
  // What is in no page yet will be in this one.
  const adopted = (element.getRootNode() as Partial<Document>).adoptedStyleSheets ?? (element.ownerDocument as Partial<Document>).adoptedStyleSheets;
  if (!adopted) return;
  if (!sheet) (sheet = new CSSStyleSheet()).replaceSync(LOOK);
  if (!adopted.includes(sheet)) adopted.push(sheet);
}
