import { lazy, Suspense } from "react";
import type { Entry, EntryType } from "../shapes";
import { AnsiText } from "../text/AnsiText";
import { ProsePreview } from "../text/ProsePreview";
import { VisibleText } from "../text/VisibleText";
import { Clamped } from "./Clamped";
import { hasFailed, isDamaged } from "./query";
import type { Row, ToolRow } from "./rows";
import { changeOf, isTerminal, withoutEmptyLines, wordsOf } from "./words";

/** It renders as the inspector does, with more code than the trace, which does not wait for it. */
const WholeEntry = lazy(async () => ({ default: (await import("./WholeEntry")).WholeEntry }));

interface Props {
  row: Row;
  /** The session that the row's entries are of. */
  sessionId: string;
  whole: boolean;
  rewrites: number;
  find: string;
  project: string | null;
  selected: boolean;
  select: (row: Row) => void;
  toggleWhole: (row: Row) => void;
}

const PREVIEW_CHARACTERS_MAX = 480;

/** As the parser says it: of an entry that is nothing but a picture, or of a prompt with pictures. */
function hasPicture(entry: Entry): boolean {
  return /^\(image\)$/m.test(entry.preview) || (entry.type === "user" && /^\d+ images?$/.test(entry.label));
}

/** What the row says below its head: the beginning of the entry, or all of it. */
export function RowText({ row, find, ...props }: Props) {
  if (row.kind === "fold" || row.kind === "agent") return null;
  if (props.whole) {
    return (
      <Suspense fallback={<p className="sr-whole sr-whole-waiting">Loading the entry…</p>}>
        <WholeEntry
          sessionId={props.sessionId}
          row={row}
          rewrites={props.rewrites}
          find={find}
          project={props.project}
          reachable={props.selected}
          inspect={() => props.select(row)}
          less={() => props.toggleWhole(row)}
        />
      </Suspense>
    );
  }
  const entries = row.kind === "tool" ? [row.call, ...(row.result ? [row.result] : [])] : [row.entry];
  const cut = entries.some((entry) => entry.preview.length >= PREVIEW_CHARACTERS_MAX);
  const pictured = entries.some(hasPicture);
  return (
    <Clamped
      cut={cut || pictured}
      words={pictured ? "Show image" : "Show more"}
      reachable={props.selected}
      more={() => props.toggleWhole(row)}
    >
      {row.kind === "entry" ? <Preview entry={row.entry} find={find} /> : <ToolBody row={row} find={find} />}
    </Clamped>
  );
}

/** What a row says of an entry that has no text at all. */
const BLANK_WORDS: Partial<Record<EntryType, string>> = {
  assistant: "no text in this part of the message",
  thinking: "the transcript holds no text of this thought",
};

function Preview({ entry, find }: { entry: Entry; find: string }) {
  const { aside, body: text } = wordsOf(entry);
  if (text.trim() === "") {
    const isBlank = entry.label === "" && aside === "";
    if (isBlank) return <p className="sr-preview sr-preview-none">{BLANK_WORDS[entry.type] ?? "no text"}</p>;
    return isTerminal(entry) ? <p className="sr-preview sr-preview-none">no output</p> : null;
  }
  if (entry.type === "assistant" || entry.type === "summary") return <ProsePreview text={text} find={find} />;
  const machine =
    isDamaged(entry) || entry.type === "tool" || entry.type === "system" || entry.type === "snapshot";
  return (
    <div className={machine ? "sr-preview sr-preview-mono" : "sr-preview"}>
      <PreviewText text={text} terminal={isTerminal(entry)} find={find} />
    </div>
  );
}

function PreviewText({ text, terminal, find }: { text: string; terminal: boolean; find: string }) {
  const dense = withoutEmptyLines(text);
  if (terminal) return <AnsiText text={dense} find={find} ground="page" />;
  return <VisibleText text={dense} find={find} />;
}

function ToolBody({ row, find }: { row: ToolRow; find: string }) {
  const { call, result } = row;
  const isChange = (result?.has_diff ?? false) && !hasFailed(row);
  const change = isChange ? changeOf(result?.preview ?? "") : null;
  // The result says what was changed; the call would say it again.
  const asked = isChange ? "" : wordsOf(call).body;
  const answered = change?.line ?? (saysNothing(row) ? "" : (result?.preview ?? ""));
  const tone = change ? (CHANGE_CLASS[answered[0] ?? ""] ?? "") : "";
  return (
    <>
      {asked.trim() !== "" && (
        <div className="sr-preview sr-preview-mono sr-preview-call">
          <PreviewText text={asked} terminal={false} find={find} />
        </div>
      )}
      {answered.trim() !== "" && (
        <div className={`sr-preview sr-preview-mono sr-preview-result ${tone}`}>
          <PreviewText text={answered} terminal={isTerminal(call)} find={find} />
        </div>
      )}
    </>
  );
}

/** Tools that answer each call with the same sentence. */
const SAME_ANSWER_TOOLS = new Set(["TodoWrite"]);

function saysNothing(row: ToolRow): boolean {
  return SAME_ANSWER_TOOLS.has(row.call.tool ?? "") && !hasFailed(row);
}

const CHANGE_CLASS: Record<string, string> = { "+": "sr-plus", "-": "sr-minus" };
