/**
 * What changed within a line, where a reader gains by it.
 *
 * Law: at most one mark a line, and only where most of the line stays as it was. Lines are paired only in changes that
 * replace as many lines as they bring: anything else is another text, not an edit of this one.
 */
import type { ChangeData, HunkData } from "react-diff-view";

export interface Range {
  type: "edit";
  lineNumber: number;
  /** In characters of the line. */
  start: number;
  length: number;
}

/** Less of the line than this stays the same: the whole line is what changed. */
const SAME_SHARE_MIN = 0.5;

export interface LinePair {
  old: ChangeData;
  new: ChangeData;
}

/** Removed lines with the lines that came in their places. */
export function linePairs(changes: readonly ChangeData[]): LinePair[] {
  const pairs: LinePair[] = [];
  let at = 0;
  while (at < changes.length) {
    const removed = runOf(changes, at, "delete");
    const added = runOf(changes, at + removed.length, "insert");
    if (removed.length === added.length)
      removed.forEach((old, index) => {
        const brought = added[index];
        if (brought) pairs.push({ old, new: brought });
      });
    at += Math.max(1, removed.length + added.length);
  }
  return pairs;
}

function runOf(changes: readonly ChangeData[], from: number, type: ChangeData["type"]): ChangeData[] {
  let to = from;
  while (changes[to]?.type === type) to += 1;
  return changes.slice(from, to);
}

/** The marks of the old and of the new side. */
export function editRanges(hunks: readonly HunkData[]): [Range[], Range[]] {
  const ranges: [Range[], Range[]] = [[], []];
  for (const { changes } of hunks) {
    for (const pair of linePairs(changes)) {
      const [start, oldEnd, newEnd] = changedPart(pair.old.content, pair.new.content) ?? [0, 0, 0];
      if (oldEnd > start) ranges[0].push(range(pair.old, start, oldEnd));
      if (newEnd > start) ranges[1].push(range(pair.new, start, newEnd));
    }
  }
  return ranges;
}

function range(change: ChangeData, start: number, end: number): Range {
  const lineNumber = change.type === "normal" ? change.newLineNumber : change.lineNumber;
  return { type: "edit", lineNumber, start, length: end - start };
}

/** Start of the change and its end in either line; null where too little stays the same. */
export function changedPart(before: string, after: string): [number, number, number] | null {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) start += 1;
  let tail = 0;
  while (tail < shorter - start && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1;
  if (!differsInSpaceOnly(before, after)) {
    // A mark begins and ends with a whole word.
    while (start > 0 && isWordPart(before, after, start - 1, start)) start -= 1;
    while (
      tail > 0 &&
      isWord(before.at(-tail)) &&
      (isWord(before.at(-tail - 1)) || isWord(after.at(-tail - 1)))
    )
      tail -= 1;
    const same =
      lengthWithoutSpace(before.slice(0, start)) + lengthWithoutSpace(before.slice(before.length - tail));
    if (same < SAME_SHARE_MIN * Math.max(lengthWithoutSpace(before), lengthWithoutSpace(after))) return null;
  }
  return [start, before.length - tail, after.length - tail];
}

function isWordPart(before: string, after: string, last: number, next: number): boolean {
  return isWord(before[last]) && (isWord(before[next]) || isWord(after[next]));
}

function isWord(character: string | undefined): boolean {
  return character !== undefined && /[\p{L}\p{N}_]/u.test(character);
}

function lengthWithoutSpace(text: string): number {
  return text.replace(/\s+/g, "").length;
}

export function differsInSpaceOnly(before: string, after: string): boolean {
  return before !== after && before.replace(/\s+/g, "") === after.replace(/\s+/g, "");
}

/** Whether all that changed in a file is white space. */
export function isSpaceOnly(hunks: readonly HunkData[]): boolean {
  let changed = 0;
  for (const { changes } of hunks) {
    const pairs = linePairs(changes);
    const lines = changes.filter((change) => change.type !== "normal");
    if (pairs.length * 2 !== lines.length && lines.some((line) => line.content.trim() !== "")) return false;
    if (!pairs.every((pair) => differsInSpaceOnly(pair.old.content, pair.new.content))) return false;
    changed += lines.length;
  }
  return changed > 0;
}
