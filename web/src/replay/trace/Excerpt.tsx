import { VisibleText } from "../text/VisibleText";
import { Glyph } from "./EntryMark";
import { entriesOf, type Row } from "./rows";
import type { Excerpts } from "./useMatches";

/** Why a row matches whose own words do not say so. */
export function Excerpt({ text, find }: { text: string; find: string }) {
  return (
    <p className="sr-excerpt" title="In the full text of this entry">
      <Glyph name="search" />
      <span>
        <VisibleText text={text} find={find} />
      </span>
    </p>
  );
}

/** The first excerpt among the row's entries; null where one of them shows the words itself, or none has them. */
export function excerptOf(row: Row, excerpts: Excerpts | undefined): string | null {
  if (!excerpts?.size) return null;
  let first: string | null = null;
  for (const entry of entriesOf(row)) {
    const excerpt = excerpts.get(entry.seq);
    if (excerpt === null) return null;
    first ??= excerpt ?? null;
  }
  return first;
}
