/**
 * Syntax colours and invisible characters in a tree of HTML nodes (hast), before it becomes elements.
 *
 * Only the few node shapes that the highlighter and the Markdown compiler make are known here; there is
 * no way from a tree to a string of HTML.
 */
import rehypeHighlight from "rehype-highlight";
import { segmentsOf } from "./invisible";

export interface TreeText {
  type: "text";
  value: string;
}

export interface TreeElement {
  type: "element";
  tagName: string;
  properties: Record<string, unknown>;
  children: TreeNode[];
}

export interface TreeRoot {
  type: "root";
  children: TreeNode[];
}

export type TreeNode =
  | TreeText
  | TreeElement
  | TreeRoot
  | { type: "comment" | "doctype" | "raw"; value?: string };

const ALIASES = {
  bash: ["console", "shell-session"],
  javascript: ["node"],
  typescript: ["tsx", "mts", "cts"],
  plaintext: ["text", "output"],
};

type Transform = (tree: TreeRoot, file: { message: () => void }) => void;
const colour = rehypeHighlight({ aliases: ALIASES }) as unknown as Transform;

/** Above this the colours cost more time than they save. */
export const COLOURED_CHARACTERS_MAX = 120_000;

/** Code as a tree with `hljs-…` spans; one plain text node for an unknown language or a very long text. */
export function colouredCode(text: string, language: string | null): TreeNode[] {
  if (!language || text.length > COLOURED_CHARACTERS_MAX) return [{ type: "text", value: text }];
  const code: TreeElement = {
    type: "element",
    tagName: "code",
    properties: { className: [`language-${language.toLowerCase()}`] },
    children: [{ type: "text", value: text }],
  };
  const pre: TreeElement = { type: "element", tagName: "pre", properties: {}, children: [code] };
  try {
    colour({ type: "root", children: [pre] }, { message: () => undefined });
  } catch {
    return [{ type: "text", value: text }];
  }
  return code.children;
}

/** The same tree line by line; an element that goes over several lines is one on each of them. */
export function treeLines(nodes: readonly TreeNode[]): TreeNode[][] {
  let line: TreeNode[] = [];
  const lines = [line];
  for (const node of nodes) {
    const parts: TreeNode[][] =
      node.type === "text"
        ? node.value.split("\n").map((value) => (value === "" ? [] : [{ type: "text", value }]))
        : node.type === "element"
          ? treeLines(node.children).map((children) => (children.length === 0 ? [] : [{ ...node, children }]))
          : [];
    parts.forEach((part, index) => {
      if (index > 0) {
        line = [];
        lines.push(line);
      }
      line.push(...part);
    });
  }
  return lines;
}

/** A rehype plugin: each invisible run in a text becomes an element that the reader sees. */
export function rehypeVisible() {
  return (tree: TreeRoot): void => showInvisible(tree);
}

function showInvisible(parent: TreeRoot | TreeElement): void {
  // Cut instead of descending for ever: Markdown nests as deep as its author likes.
  const pending: (TreeRoot | TreeElement)[] = [parent];
  for (let node = pending.pop(); node; node = pending.pop()) {
    node.children = node.children.flatMap((child) => (child.type === "text" ? visibleNodes(child) : [child]));
    for (const child of node.children) if (child.type === "element" && !isBadge(child)) pending.push(child);
  }
}

function visibleNodes(node: TreeText): TreeNode[] {
  const segments = segmentsOf(node.value);
  if (segments.every((segment) => typeof segment === "string")) return [node];
  return segments.map((segment) =>
    typeof segment === "string"
      ? { type: "text", value: segment }
      : {
          type: "element",
          tagName: "span",
          properties: {
            className: segment.bidi ? ["sr-invisible", "sr-invisible-bidi"] : ["sr-invisible"],
            title: segment.title,
          },
          children: [{ type: "text", value: segment.label }],
        },
  );
}

function isBadge(node: TreeElement): boolean {
  return Array.isArray(node.properties.className) && node.properties.className.includes("sr-invisible");
}
