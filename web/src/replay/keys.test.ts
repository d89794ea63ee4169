import { describe, expect, it } from "vitest";
import { singleKeys } from "../shortcuts";
import { actionOf, KEY_GROUPS, KEYS } from "./keys";

function pressed(key: string, init: KeyboardEventInit = {}, target: Element = document.body): KeyboardEvent {
  let seen: KeyboardEvent | null = null;
  const listen = (event: Event) => {
    seen = event as KeyboardEvent;
  };
  if (!target.isConnected) document.body.append(target);
  window.addEventListener("keydown", listen);
  target.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, ...init }));
  window.removeEventListener("keydown", listen);
  if (!seen) throw new Error("the key was not heard");
  return seen;
}

/** Keys that the list writes otherwise than events do. */
const WRITTEN: Record<string, string> = {
  Esc: "Escape",
  "g g": "g",
  Space: " ",
  "←": "ArrowLeft",
  "→": "ArrowRight",
};

describe("keys", () => {
  it("every listed key does something", () => {
    for (const key of KEYS.flatMap(({ keys }) => [...keys])) {
      const shiftKey = key.startsWith("Shift ");
      const name = key.replace("Shift ", "");
      const event = pressed(WRITTEN[name] ?? name, { shiftKey });
      expect(actionOf(event, key === "g g"), key).not.toBeNull();
    }
  });

  it("tells upper from lower case, and a first g from a second", () => {
    expect(actionOf(pressed("j"), false)).toBe("next");
    expect(actionOf(pressed("J"), false)).toBe("next-prompt");
    expect(actionOf(pressed("g"), false)).toBeNull();
    expect(actionOf(pressed("g"), true)).toBe("first");
  });

  it("plays with Space, and steps by rows or by prompts", () => {
    expect(actionOf(pressed(" "), false)).toBe("play");
    expect(actionOf(pressed(" ", {}, document.createElement("input")), false)).toBeNull();
    expect(actionOf(pressed("ArrowLeft"), false)).toBe("step-back");
    expect(actionOf(pressed("ArrowLeft", { shiftKey: true }), false)).toBe("prompt-back");
    const tab = document.createElement("div");
    tab.setAttribute("role", "tab");
    expect(actionOf(pressed("ArrowRight", {}, tab), false)).toBeNull();
  });

  it("leaves the browser's own keys alone", () => {
    for (const init of [{ ctrlKey: true }, { metaKey: true }, { altKey: true }]) {
      expect(actionOf(pressed("c", init), false)).toBeNull();
    }
    expect(actionOf(pressed("constructor"), false)).toBeNull();
  });

  it("are off while typing, and Enter is a button's own", () => {
    for (const name of ["input", "textarea", "select"]) {
      expect(actionOf(pressed("j", {}, document.createElement(name)), false)).toBeNull();
    }
    const button = document.createElement("button");
    expect(actionOf(pressed("Enter", {}, button), false)).toBeNull();
    expect(actionOf(pressed(" ", {}, button), false)).toBeNull();
    expect(actionOf(pressed("j", {}, button), false)).toBe("next");
  });

  it("are a dialog's own while it is open, and the page's once it is closed, whatever still has the focus", () => {
    const dialog = document.createElement("dialog");
    const box = document.createElement("input");
    dialog.append(box);
    document.body.append(dialog);
    dialog.setAttribute("open", "");
    expect(actionOf(pressed("j", {}, box), false)).toBeNull();
    dialog.removeAttribute("open");
    expect(actionOf(pressed("j", {}, box), false)).toBe("next");
  });

  it("of one character can be switched off, but for the one that leads to the switch", () => {
    singleKeys.set("off");
    try {
      for (const key of ["j", "K", "1", "/", "[", "c", "g"])
        expect(actionOf(pressed(key), true), key).toBeNull();
      expect(["?", "Escape", "Enter"].map((key) => actionOf(pressed(key), false))).toEqual([
        "keys",
        "close",
        "open",
      ]);
    } finally {
      singleKeys.set("on");
    }
    expect(actionOf(pressed("j"), false)).toBe("next");
  });

  it("are listed once, each in a group that is shown", () => {
    const listed = KEYS.flatMap(({ keys }) => [...keys]);
    expect(new Set(listed).size).toBe(listed.length);
    for (const { group } of KEYS) expect(KEY_GROUPS).toContain(group);
  });
});
