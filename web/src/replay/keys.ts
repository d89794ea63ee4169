import { useEffect, useRef } from "react";

/** The keys of this page, in the order in which `?` lists them. */
export const KEYS = [
  { keys: ["j", "k"], does: "next, previous entry" },
  { keys: ["J", "K"], does: "next, previous human prompt" },
  { keys: ["e", "E"], does: "next, previous error or denial" },
  { keys: ["n", "N"], does: "next, previous match" },
  { keys: ["g g", "G"], does: "first, last entry" },
  { keys: ["Enter"], does: "open the entry in the inspector, unfold it, or show its subagent below it" },
  { keys: ["1", "2", "3"], does: "Content, Diff, Meta" },
  { keys: ["f"], does: "inspector at full width" },
  { keys: ["v"], does: "Dev or Audit view" },
  { keys: ["/"], does: "find in the trace" },
  { keys: ["y"], does: "copy the link to the entry" },
  { keys: ["c"], does: "copy the entry's text" },
  { keys: ["[", "]"], does: "fold the session list, the inspector" },
  { keys: ["u"], does: "back to the list, or to the parent of a subagent" },
  { keys: ["?"], does: "this list" },
  { keys: ["Esc"], does: "close" },
] as const;

/** One word per action, so that the page can be driven without a keyboard, too. */
export type Action =
  | "next"
  | "previous"
  | "next-prompt"
  | "previous-prompt"
  | "next-error"
  | "previous-error"
  | "next-match"
  | "previous-match"
  | "first"
  | "last"
  | "open"
  | "content"
  | "diff"
  | "meta"
  | "wide"
  | "view"
  | "find"
  | "copy-link"
  | "copy-text"
  | "fold-list"
  | "fold-inspector"
  | "up"
  | "keys"
  | "close";

const ACTIONS: Record<string, Action> = {
  j: "next",
  k: "previous",
  J: "next-prompt",
  K: "previous-prompt",
  e: "next-error",
  E: "previous-error",
  n: "next-match",
  N: "previous-match",
  G: "last",
  Enter: "open",
  "1": "content",
  "2": "diff",
  "3": "meta",
  f: "wide",
  v: "view",
  "/": "find",
  y: "copy-link",
  c: "copy-text",
  "[": "fold-list",
  "]": "fold-inspector",
  u: "up",
  "?": "keys",
  Escape: "close",
};

const SECOND_G_MS = 800;

/** The action of a key press, null for none; `afterG` tells that `g` was pressed just before. */
export function actionOf(event: KeyboardEvent, afterG: boolean): Action | null {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return null;
  if (event.key === "g") return afterG ? "first" : null;
  if (isTyping(event.target)) return null;
  // A button or link that has the focus answers Enter itself.
  if (event.key === "Enter" && event.target instanceof Element && event.target.closest("button, a, summary"))
    return null;
  return Object.hasOwn(ACTIONS, event.key) ? (ACTIONS[event.key] ?? null) : null;
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    target.closest("input, textarea, select, [contenteditable], dialog") !== null
  );
}

/** Keys of the page, outside of inputs and dialogs. */
export function useKeys(act: (action: Action) => void): void {
  const latest = useRef(act);
  useEffect(() => {
    latest.current = act;
  });
  useEffect(() => {
    let lastG = Number.NEGATIVE_INFINITY;
    const press = (event: KeyboardEvent) => {
      if (event.defaultPrevented || isTyping(event.target)) return;
      const afterG = event.timeStamp - lastG < SECOND_G_MS;
      lastG = event.key === "g" && !afterG ? event.timeStamp : Number.NEGATIVE_INFINITY;
      const action = actionOf(event, afterG);
      if (action === null) return;
      event.preventDefault();
      latest.current(action);
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, []);
}
