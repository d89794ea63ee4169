import { useLayoutEffect, useRef } from "react";
import { isTyping, singleKeys } from "../shortcuts";

/** What the keys are for, in the order in which `?` lists them. */
export const KEY_GROUPS = ["Move", "Read", "Find", "Replay", "Copy", "Page"] as const;

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
    does: "open the entry in the inspector, unfold it, or show a subagent below it",
    group: "Read",
  },
  { keys: ["1", "2", "3"], does: "Content, Diff, Meta", group: "Read" },
  { keys: ["f"], does: "inspector at full width", group: "Read" },
  { keys: ["v"], does: "Dev or Audit view", group: "Read" },
  { keys: ["/"], does: "find in the trace", group: "Find" },
  { keys: ["n", "N"], does: "next, previous match", group: "Find" },
  { keys: ["Space"], does: "play the session, or pause", group: "Replay" },
  { keys: ["←", "→"], does: "one row back, forth", group: "Replay" },
  { keys: ["Shift ←", "Shift →"], does: "previous, next human prompt", group: "Replay" },
  { keys: ["<", ">"], does: "slower, faster", group: "Replay" },
  { keys: ["y"], does: "copy the link to the entry", group: "Copy" },
  { keys: ["c"], does: "copy all of the entry's content", group: "Copy" },
  { keys: ["b", "["], does: "session list", group: "Page" },
  { keys: ["]"], does: "inspector", group: "Page" },
  { keys: ["t"], does: "local time or UTC", group: "Page" },
  { keys: ["u"], does: "back to the list, or to the parent of a subagent", group: "Page" },
  { keys: ["?"], does: "this list", group: "Page" },
  { keys: ["Esc"], does: "close what is on top, or end the replay", group: "Page" },
];

/** The key that leads to the switch is never off. */
const ALWAYS = new Set(["?"]);

/** What drives the replay. */
export type ReplayAction =
  | "play"
  | "step-back"
  | "step-forth"
  | "prompt-back"
  | "prompt-forth"
  | "slower"
  | "faster";

/** One word per action, so that the page can be driven without a keyboard, too. */
export type Action =
  | ReplayAction
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
  " ": "play",
  ArrowLeft: "step-back",
  ArrowRight: "step-forth",
  "Shift+ArrowLeft": "prompt-back",
  "Shift+ArrowRight": "prompt-forth",
  "<": "slower",
  "-": "slower",
  ">": "faster",
  "+": "faster",
};

const SECOND_G_MS = 800;

/** The action of a key press, null for none; `afterG` tells that `g` was pressed just before. */
export function actionOf(event: KeyboardEvent, afterG: boolean): Action | null {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return null;
  if (event.key.length === 1 && singleKeys.get() === "off" && !ALWAYS.has(event.key)) return null;
  if (event.key === "g") return afterG ? "first" : null;
  if (isTyping(event.target)) return null;
  if (isAnswered(event)) return null;
  const key = event.shiftKey && event.key.startsWith("Arrow") ? `Shift+${event.key}` : event.key;
  return Object.hasOwn(ACTIONS, key) ? (ACTIONS[key] ?? null) : null;
}

/** A button or link that has the focus answers Enter and Space itself, and what can be scrolled sideways the arrows. */
function isAnswered({ key, target }: KeyboardEvent): boolean {
  if (!(target instanceof Element)) return false;
  if (key === "Enter" || key === " ") return target.closest("button, a, summary") !== null;
  if (key === "ArrowLeft" || key === "ArrowRight")
    return target.closest("[role=tab]") !== null || target.scrollWidth > target.clientWidth;
  return false;
}

/** Keys of the page, outside of inputs and dialogs. */
export function useKeys(act: (action: Action) => void): void {
  const latest = useRef(act);
  // Before anything of it is painted: whoever sees the page may press a key.
  useLayoutEffect(() => {
    latest.current = act;
  });
  useLayoutEffect(() => {
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
