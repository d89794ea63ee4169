import { useEffect, useRef } from "react";
import { preference } from "../preference";

/** What the keys are for, in the order in which `?` lists them. */
export const KEY_GROUPS = ["Move", "Read", "Find", "Copy", "Page"] as const;

interface ListedKey {
  keys: readonly string[];
  does: string;
  group: (typeof KEY_GROUPS)[number];
}

/** The keys of this page, in the order in which `?` lists them. */
export const KEYS: readonly ListedKey[] = [
  { keys: ["j", "k"], does: "next, previous entry", group: "Move" },
  { keys: ["J", "K"], does: "next, previous human prompt", group: "Move" },
  { keys: ["e", "E"], does: "next, previous error or denial", group: "Move" },
  { keys: ["g g", "G"], does: "first, last entry", group: "Move" },
  {
    keys: ["Enter"],
    does: "open the entry in the inspector, unfold it, or show its subagent below it",
    group: "Read",
  },
  { keys: ["1", "2", "3"], does: "Content, Diff, Meta", group: "Read" },
  { keys: ["f"], does: "inspector at full width", group: "Read" },
  { keys: ["v"], does: "Dev or Audit view", group: "Read" },
  { keys: ["/"], does: "find in the trace", group: "Find" },
  { keys: ["n", "N"], does: "next, previous match", group: "Find" },
  { keys: ["y"], does: "copy the link to the entry", group: "Copy" },
  { keys: ["c"], does: "copy all of the entry's content", group: "Copy" },
  { keys: ["b", "["], does: "session list", group: "Page" },
  { keys: ["]"], does: "inspector", group: "Page" },
  { keys: ["t"], does: "local time or UTC", group: "Page" },
  { keys: ["u"], does: "back to the list, or to the parent of a subagent", group: "Page" },
  { keys: ["?"], does: "this list", group: "Page" },
  { keys: ["Esc"], does: "close what is on top", group: "Page" },
];

/** Keys of one character can be switched off: they disturb who speaks to the computer (WCAG 2.1.4). */
export const singleKeys = preference("single-keys", ["on", "off"]);

/** The key that leads to the switch is never off. */
const ALWAYS = new Set(["?"]);

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
  | "time-zone"
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
  b: "fold-list",
  "[": "fold-list",
  "]": "fold-inspector",
  t: "time-zone",
  u: "up",
  "?": "keys",
  Escape: "close",
};

const SECOND_G_MS = 800;

/** The action of a key press, null for none; `afterG` tells that `g` was pressed just before. */
export function actionOf(event: KeyboardEvent, afterG: boolean): Action | null {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return null;
  if (event.key.length === 1 && singleKeys.get() === "off" && !ALWAYS.has(event.key)) return null;
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
