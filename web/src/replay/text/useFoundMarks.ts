import { type RefObject, useEffect } from "react";

/** As `::highlight()` names it in the style sheet. */
const NAME = "sr-find";

/**
 * Marks the words looked for in text that is already drawn, whatever drew it.
 *
 * They are painted over the page and change nothing in it. A browser without the CSS Custom Highlight API shows
 * the text without marks.
 *
 * @param drawn Changes when the text does.
 */
export function useFoundMarks(element: RefObject<HTMLElement | null>, find: string, drawn: unknown): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: the text is read from the page after it was drawn
  useEffect(() => {
    const { current } = element;
    if (!current || find === "" || typeof Highlight === "undefined") return;
    const highlight = CSS.highlights.get(NAME) ?? new Highlight();
    CSS.highlights.set(NAME, highlight);
    const ranges = foundIn(current, find.toLowerCase());
    for (const range of ranges) highlight.add(range);
    return () => {
      for (const range of ranges) highlight.delete(range);
    };
  }, [element, find, drawn]);
}

/** Where the lower-cased words occur, each within one piece of text. */
function foundIn(element: HTMLElement, needle: string): Range[] {
  const found: Range[] = [];
  const texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    const text = node.nodeValue ?? "";
    const lower = text.toLowerCase();
    // Lower case can change a text's length (İ): then places no longer agree.
    if (lower.length !== text.length) continue;
    for (let at = lower.indexOf(needle); at !== -1; at = lower.indexOf(needle, at + needle.length)) {
      const range = new Range();
      range.setStart(node, at);
      range.setEnd(node, at + needle.length);
      found.push(range);
    }
  }
  return found;
}
