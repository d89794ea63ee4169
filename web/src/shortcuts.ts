import { preference } from "./preference";

/** Keys of one character can be switched off: they disturb who speaks to the computer (WCAG 2.1.4). */
export const singleKeys = preference("single-keys", ["on", "off"]);

/**
 * Whether what is pressed there is written, or is a matter of an open dialog. One that has just been closed still has
 * the focus for a moment, where the page had none before.
 */
export function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    target.closest("dialog:not([open])") === null &&
    target.closest("input, textarea, select, [contenteditable], dialog") !== null
  );
}
