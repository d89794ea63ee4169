/** A recorded diff in the form that the diff view draws. */
import type { ChangeData, HunkData } from "react-diff-view";
import type { DiffHunk, FileDiff } from "../shapes";
import { visibleText } from "../text/invisible";

/** Longer diffs start closed, and open as plain lines. */
export const DIFF_LINES_MAX = 2_000;

/** The highlighter builds the file up to its last line: a hunk that claims line 10⁹ must not make it do so. */
export const COLOURED_LINE_MAX = 20_000;

export function lineCount(diff: FileDiff): number {
  return diff.hunks.reduce((sum, hunk) => sum + hunk.lines.length, 0);
}

export function hunkData(hunk: DiffHunk): HunkData {
  let oldLine = hunk.old_start;
  let newLine = hunk.new_start;
  const changes: ChangeData[] = [];
  for (const line of hunk.lines) {
    const content = visibleText(line.slice(1));
    if (line.startsWith("+")) {
      changes.push({ type: "insert", isInsert: true, lineNumber: newLine, content });
      newLine += 1;
    } else if (line.startsWith("-")) {
      changes.push({ type: "delete", isDelete: true, lineNumber: oldLine, content });
      oldLine += 1;
    } else if (!line.startsWith("\\")) {
      changes.push({
        type: "normal",
        isNormal: true,
        oldLineNumber: oldLine,
        newLineNumber: newLine,
        content,
      });
      oldLine += 1;
      newLine += 1;
    }
  }
  return {
    content: hunkHeading(hunk),
    oldStart: hunk.old_start,
    oldLines: hunk.old_lines,
    newStart: hunk.new_start,
    newLines: hunk.new_lines,
    changes,
  };
}

export function hunkHeading(hunk: DiffHunk): string {
  return `@@ -${hunk.old_start},${hunk.old_lines} +${hunk.new_start},${hunk.new_lines} @@`;
}

/** Line numbers that a highlighter can build a file from. */
export function canBeColoured(diff: FileDiff): boolean {
  return diff.hunks.every(
    (hunk) =>
      isLineNumber(hunk.old_start) &&
      isLineNumber(hunk.new_start) &&
      Math.max(hunk.old_start, hunk.new_start) + hunk.lines.length <= COLOURED_LINE_MAX,
  );
}

function isLineNumber(value: number): boolean {
  return Number.isInteger(value) && value >= 0;
}
