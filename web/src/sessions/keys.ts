import { useLayoutEffect, useRef } from "react";
import { isTyping, singleKeys } from "../shortcuts";

interface ListedKey {
  keys: readonly string[];
  does: string;
}

/** The keys of the list of sessions, in the order in which `?` shows them. */
export const KEYS: readonly ListedKey[] = [
  { keys: ["/"], does: "filter the sessions" },
  { keys: ["t"], does: "local time or UTC" },
  { keys: ["?"], does: "this list" },
];

/** Keys of what has the focus, of more than one character: they are never off. */
export const CALENDAR_KEYS: readonly ListedKey[] = [
  { keys: ["↑", "↓"], does: "a day back, forth" },
  { keys: ["←", "→"], does: "a week back, forth" },
  { keys: ["Enter"], does: "only the sessions of that day; again: of all days" },
  { keys: ["Shift Enter"], does: "all days from the one chosen before" },
];

/** What leads to the switch is never off. */
const LIST_KEY = "?";

/** Keys of the page, outside of inputs and dialogs. */
export function useKeys(actions: Record<string, () => void>): void {
  const latest = useRef(actions);
  // Before anything of it is painted: whoever sees the page may press a key.
  useLayoutEffect(() => {
    latest.current = actions;
  });
  useLayoutEffect(() => {
    const press = (event: KeyboardEvent) => {
      const { key, target } = event;
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing)
        return;
      if (isTyping(target) || (singleKeys.get() === "off" && key !== LIST_KEY)) return;
      const act = Object.hasOwn(latest.current, key) ? latest.current[key] : undefined;
      if (act === undefined) return;
      event.preventDefault();
      act();
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, []);
}
