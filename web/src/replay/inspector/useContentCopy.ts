import { useQueryClient } from "@tanstack/react-query";
import { copyText } from "../../copy";
import type { ContentPart, EntryWhole, FileDiff } from "../shapes";
import { plainOutput } from "../text/ansi";
import { headOf, type Row } from "../trace/rows";
import { hunkHeading } from "./hunks";
import { wholeQuery } from "./useEntryWhole";

/** Copies all of a row's content as text: of a call, what it was asked and what came back. */
export function useContentCopy(sessionId: string, rewrites: number): (row: Row) => Promise<boolean> {
  const queries = useQueryClient();
  return async (row) => {
    const seqs = row.kind === "tool" ? [row.call.seq, row.result?.seq ?? null] : [headOf(row).seq];
    try {
      const wholes = await Promise.all(
        seqs
          .filter((seq) => seq !== null)
          .map((seq) => queries.fetchQuery(wholeQuery(sessionId, seq, rewrites))),
      );
      return await copyText(contentText(wholes));
    } catch {
      // What the row shows is better than nothing.
      return await copyText(headOf(row).preview);
    }
  };
}

/** All texts of the entries, one below the other; of a change the diff of the last that has one. */
export function contentText(wholes: readonly EntryWhole[]): string {
  const changed = wholes.findLast((whole) => whole.diff.length > 0);
  return wholes
    .flatMap((whole) => [
      ...whole.content.map(partText),
      ...(whole === changed ? whole.diff.map(diffText) : []),
    ])
    .filter((text) => text !== "")
    .join("\n\n");
}

function diffText(diff: FileDiff): string {
  const hunks = diff.hunks.flatMap((hunk) => [hunkHeading(hunk), ...hunk.lines]);
  return [`--- ${diff.path}`, `+++ ${diff.path}`, ...hunks].join("\n");
}

function partText(part: ContentPart): string {
  if (part.kind === "json") return JSON.stringify(part.value, null, 2);
  if (part.kind === "image") return `[image: ${part.media_type ?? "unknown"}]`;
  return part.kind === "terminal" ? plainOutput(part.text ?? "") : (part.text ?? "");
}
